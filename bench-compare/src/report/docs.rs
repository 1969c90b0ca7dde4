//! Brings the document and its chart up to date.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::{Report, chart, markdown};

const BEGIN: &str = "<!-- figures: written by bench-compare --write -->\n";
const END: &str = "<!-- end of figures -->";

/// Writes into a folder of documents what stands between the markers, and the chart.
pub(crate) fn write(report: &Report, docs: &Path) -> Result<()> {
    let page = docs.join("performance.md");
    let text = fs::read_to_string(&page).with_context(|| {
        format!("cannot read {}; --write takes the folder docs of the repository", page.display())
    })?;
    let text = replaced(&text, &markdown::block(report)).with_context(|| {
        format!("{} has lost its markers `{}` and `{END}`", page.display(), BEGIN.trim())
    })?;
    let folder = docs.join("performance");
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let image = folder.join("compare.svg");
    fs::write(&image, chart::svg(report))
        .with_context(|| format!("cannot write {}", image.display()))?;
    fs::write(&page, text).with_context(|| format!("cannot write {}", page.display()))
}

fn replaced(text: &str, block: &str) -> Option<String> {
    let (head, rest) = text.split_once(BEGIN)?;
    let (_, tail) = rest.split_once(END)?;
    Some(format!("{head}{BEGIN}\n{block}\n{END}{tail}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_between_the_markers_changes() {
        let text = format!("head\n{BEGIN}old\n{END}\ntail\n");
        let new = replaced(&text, "new\n").unwrap_or_default();
        assert_eq!(new, format!("head\n{BEGIN}\nnew\n\n{END}\ntail\n"));
        assert_eq!(replaced(&new, "new\n"), Some(new));
        assert_eq!(replaced("no markers", "new"), None);
    }
}
