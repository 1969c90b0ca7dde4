//! What is asked for on the command line.

use tireless::Client;

use crate::broken;

/// How it is called.
pub const HELP: &str = "\
Usage: cargo xtask faults [NAME..] [OPTIONS]

  NAME..          Which faults; all without one
  --scale N       1 is the full bar and the default; 0.1 a tenth of it
  --small         Each at the small scale that a change must pass
  --client NAME   redis-rs or fred; both, one after the other, without it
  --broken NAME   A broken broker stands in for the true one: the fault must catch it
  --prove         Each fault with each broken broker that it must catch, at its small scale
  --no-record     Appends nothing to docs/faults/NAME.json
  --list          Tells what there is
  --table         Makes docs/faults.md from the records
";

/// What to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Task {
    /// Run faults.
    Run(Asked),
    /// Tell what there is.
    List,
    /// Make the page.
    Table,
    /// Tell how it is called.
    Help,
}

/// Which faults, and how.
#[derive(Clone, Debug, PartialEq)]
pub struct Asked {
    /// Their names; all if empty.
    pub names: Vec<String>,
    /// The scale; each fault's small one if none.
    pub scale: Option<f64>,
    /// The clients.
    pub clients: Vec<Client>,
    /// The broken broker.
    pub broken: Option<&'static str>,
    /// Whether each is to catch its broken brokers.
    pub prove: bool,
    /// Whether records are appended.
    pub record: bool,
}

/// Reads the words of a command line.
///
/// # Errors
/// What is wrong with them.
pub fn parse(words: &[String]) -> Result<Task, String> {
    let mut asked = Asked {
        names: Vec::new(),
        scale: Some(1.0),
        clients: vec![Client::RedisRs, Client::Fred],
        broken: None,
        prove: false,
        record: true,
    };
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or(format!("{word} needs a value"));
        match word.as_str() {
            "--list" => return Ok(Task::List),
            "--table" => return Ok(Task::Table),
            "--help" | "-h" => return Ok(Task::Help),
            "--small" => asked.scale = None,
            "--prove" => (asked.prove, asked.scale) = (true, None),
            "--no-record" => asked.record = false,
            "--scale" => asked.scale = Some(scale(value()?)?),
            "--client" => {
                let client = value()?.parse().map_err(|error| format!("{error}"))?;
                asked.clients = vec![client];
            }
            "--broken" => {
                let name = broken::named(value()?).map_err(|error| error.to_string())?;
                asked.broken = Some(name);
            }
            option if option.starts_with('-') => return Err(format!("unknown: {option}")),
            name => asked.names.push(name.to_owned()),
        }
    }
    Ok(Task::Run(asked))
}

fn scale(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(scale) if scale > 0.0 && scale <= 10.0 => Ok(scale),
        _ => Err(format!("{text} is no scale; give a number above 0, 1 for the full bar")),
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
        let Ok(Task::Run(asked)) = read("worker-kill --scale 0.1 --client fred --no-record") else {
            panic!("a run");
        };
        assert_eq!((asked.scale, asked.record), (Some(0.1), false));
        assert_eq!(
            (&asked.names[..], &asked.clients[..]),
            (&["worker-kill".to_owned()][..], &[Client::Fred][..])
        );
        assert_eq!(read("--list"), Ok(Task::List));
        let Ok(Task::Run(asked)) = read("--prove") else { panic!("a run") };
        assert!(asked.prove && asked.scale.is_none() && asked.clients.len() == 2);
        for wrong in ["--scale", "--scale 0", "--client none", "--broken Whole", "--fast"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
