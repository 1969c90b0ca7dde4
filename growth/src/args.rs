//! What is asked for on the command line.

use tireless::Client;

/// How it is called.
pub const HELP: &str = "\
Usage: cargo xtask growth [CURVE..] [OPTIONS]

  CURVE..         Which curves; all without one: waiting, queues, workers, bodies, round-trip, batch
  --scale NAME    small (the default: minutes) or full (up to 10,000,000 tasks; 4 GB of memory)
  --client NAME   redis-rs (the default) or fred
  --no-record     Writes nothing to docs/performance
  --page          Only makes pictures and page anew, from the records

It starts a private server with a redis-server or valkey-server from the path, or the one that
TIRELESS_TEST_SERVER names. Nothing else should use the machine meanwhile.
";

/// How far to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// Next to nothing, for tests; not to be asked for.
    Smoke,
    /// Minutes.
    Small,
    /// All the way.
    Full,
}

impl Scale {
    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Smoke => "smoke",
            Self::Small => "small",
            Self::Full => "full",
        }
    }

    /// The one of three that is meant.
    pub fn pick<T>(self, smoke: T, small: T, full: T) -> T {
        match self {
            Self::Smoke => smoke,
            Self::Small => small,
            Self::Full => full,
        }
    }
}

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Task {
    /// Measure curves.
    Run(Asked),
    /// Make pictures and page from the records.
    Page,
    /// Tell how it is called.
    Help,
}

/// Which curves, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Their names; all if empty.
    pub names: Vec<String>,
    /// How far.
    pub scale: Scale,
    /// The client library.
    pub client: Client,
    /// Whether records are written.
    pub record: bool,
}

/// Reads the words of a command line.
///
/// # Errors
/// What is wrong with them.
pub fn parse(words: &[String]) -> Result<Task, String> {
    let (scale, client) = (Scale::Small, Client::RedisRs);
    let mut asked = Asked { names: Vec::new(), scale, client, record: true };
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or(format!("{word} needs a value"));
        match word.as_str() {
            "--help" | "-h" => return Ok(Task::Help),
            "--page" => return Ok(Task::Page),
            "--no-record" => asked.record = false,
            "--scale" => asked.scale = scale_named(value()?)?,
            "--client" => {
                asked.client = value()?.parse().map_err(|error| format!("{error}"))?;
            }
            option if option.starts_with('-') => return Err(format!("unknown: {option}")),
            name => asked.names.push(name.to_owned()),
        }
    }
    Ok(Task::Run(asked))
}

fn scale_named(name: &str) -> Result<Scale, String> {
    match name {
        "small" => Ok(Scale::Small),
        "full" => Ok(Scale::Full),
        _ => Err(format!("{name} is no scale; there are small and full")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Task, String> {
        parse(&text.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn words_are_read() {
        let Ok(Task::Run(asked)) = read("batch --scale full --client fred --no-record") else {
            panic!("a run");
        };
        assert_eq!(asked.names, ["batch"]);
        assert_eq!((asked.scale, asked.client), (Scale::Full, Client::Fred));
        assert!(!asked.record);
        assert_eq!(read("--page"), Ok(Task::Page));
        for wrong in ["--scale", "--scale smoke", "--client none", "--fast"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
