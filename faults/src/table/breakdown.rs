//! Figures that are parts of a whole, such as `died at: claim.sent`: too many for one cell, so they
//! have a table of their own on the page, and none in a terminal.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::record::Record;

/// The whole and the part that a figure's name tells of.
pub(super) fn part(name: &str) -> Option<(&str, &str)> {
    name.split_once(": ")
}

/// A table a whole: a line a part, a column a client; figures add up over runs.
pub(super) fn of(records: &[&Record]) -> String {
    let clients: BTreeSet<_> = records.iter().map(|record| record.client.as_str()).collect();
    let mut wholes: BTreeMap<&str, BTreeMap<&str, BTreeMap<&str, u64>>> = BTreeMap::new();
    for record in records {
        for (name, value) in &record.counts {
            let Some((whole, part)) = part(name) else { continue };
            let by_client = wholes.entry(whole).or_default().entry(part).or_default();
            *by_client.entry(&record.client).or_default() += value;
        }
    }
    let mut page = String::new();
    for (whole, parts) in wholes {
        let _ = writeln!(page, "\n| {whole} | {} |", in_columns(clients.iter().copied()));
        let _ = writeln!(page, "| --- | {} |", in_columns(clients.iter().map(|_| "---")));
        for (part, by_client) in parts {
            let values = clients.iter().map(|client| by_client.get(client).unwrap_or(&0));
            let values: Vec<_> = values.map(u64::to_string).collect();
            let _ =
                writeln!(page, "| {part} | {} |", in_columns(values.iter().map(String::as_str)));
        }
    }
    page
}

fn in_columns<'a>(words: impl Iterator<Item = &'a str>) -> String {
    words.collect::<Vec<_>>().join(" | ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::sample;

    #[test]
    fn parts_add_up_by_client() {
        let with = |client: &str, name: &str, value| {
            let mut record = Record { client: client.to_owned(), ..sample("some") };
            record.counts.insert(name.to_owned(), value);
            record
        };
        let records = [
            with("fred", "died at: claim.sent", 20),
            with("fred", "died at: claim.sent", 1),
            with("redis-rs", "died at: tick.sent", 3),
        ];
        let expected = "\n| died at | fred | redis-rs |\n| --- | --- | --- |\n\
                        | claim.sent | 21 | 0 |\n| tick.sent | 0 | 3 |\n";
        assert_eq!(of(&records.iter().collect::<Vec<_>>()), expected);
        assert_eq!(of(&[&sample("some")]), "");
    }
}
