//! Runs the command against one private server, in a namespace of its own for each test.

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use serde_json::Value;
use tireless::TaskId;
use tireless_testkit::server::TestServer;

/// Longest wait for anything that happens soon.
pub(crate) const SOON: Duration = Duration::from_secs(30);

/// The one server of this test run. Its guard ends it with this process.
pub(crate) fn server() -> &'static TestServer {
    static SERVER: OnceLock<TestServer> = OnceLock::new();
    SERVER.get_or_init(|| TestServer::start().unwrap())
}

/// The command with nothing in its environment that could change what it does.
pub(crate) fn tireless() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tireless"));
    for name in ["TIRELESS_BROKER", "TIRELESS_PASSWORD", "TIRELESS_PASSWORD_FILE", "RUST_LOG"] {
        command.env_remove(name);
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Feeds the command and waits for its end.
pub(crate) fn finish(command: &mut Command, input: &[u8]) -> Output {
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    // A command may end without reading all of it.
    let feeding = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let output = child.wait_with_output().unwrap();
    feeding.join().unwrap();
    output
}

/// What a command answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl From<Output> for Answer {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Answer {
    /// Its standard output, which has to be there.
    pub(crate) fn ok(self) -> String {
        assert_eq!(self.code, 0, "{self:?}");
        self.out.trim_end().to_owned()
    }

    /// Its error, after a failure with this code.
    pub(crate) fn failed(self, code: i32) -> String {
        assert_eq!(self.code, code, "{self:?}");
        self.err
    }
}

/// A namespace on the server, and a folder for what commands write.
#[derive(Debug)]
pub(crate) struct Place {
    namespace: String,
    folder: PathBuf,
}

impl Place {
    pub(crate) fn new() -> Self {
        let namespace = format!("t{}", TaskId::new());
        let folder = std::env::temp_dir().join(format!("tireless-cli-{namespace}"));
        std::fs::create_dir(&folder).unwrap();
        Self { namespace, folder }
    }

    /// Its name, of which there is no second one.
    pub(crate) fn namespace(&self) -> &str {
        &self.namespace
    }

    /// A key of one of its queues, by the tag that all keys of the queue share.
    pub(crate) fn key(&self, queue: &str, part: &str) -> String {
        format!("tireless:{{{}/{queue}/0}}:{part}", self.namespace)
    }

    /// A file in the folder.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The text of a file, empty as long as there is none.
    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.file(name)).unwrap_or_default()
    }

    /// The command, run in the folder.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = tireless();
        command.args(["--broker", &server().url(), "--namespace", &self.namespace]).args(args);
        command.current_dir(&self.folder);
        command
    }

    pub(crate) fn run(&self, args: &[&str]) -> Answer {
        self.command(args).output().unwrap().into()
    }

    pub(crate) fn feed(&self, args: &[&str], input: &[u8]) -> Answer {
        finish(&mut self.command(args), input).into()
    }

    pub(crate) fn json(&self, args: &[&str]) -> Value {
        let text = self.run(&[&["--json"], args].concat()).ok();
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
    }

    /// One of the counts of a queue.
    pub(crate) fn count(&self, queue: &str, what: &str) -> u64 {
        self.json(&["status", queue])["queues"][0][what].as_u64().unwrap()
    }

    /// The ids of a queue's tasks in a state.
    pub(crate) fn ids(&self, queue: &str, state: &str) -> Vec<String> {
        let listed = self.json(&["ls", queue, state]);
        let tasks = listed["tasks"].as_array().unwrap();
        tasks.iter().map(|task| task["id"].as_str().unwrap().to_owned()).collect()
    }

    /// Starts the command and leaves it running; it ends with the handle.
    pub(crate) fn start(&self, args: &[&str]) -> Running {
        let log = std::fs::File::create(self.file("log")).unwrap();
        let mut command = self.command(args);
        Running(command.stdout(Stdio::null()).stderr(log).spawn().unwrap())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// A command that runs beside the test.
#[derive(Debug)]
pub(crate) struct Running(pub(crate) Child);

impl Running {
    /// Sends a signal.
    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_child(&self.0);
        rustix::process::kill_process(pid, signal).unwrap();
    }

    /// Sends SIGTERM, and answers the exit code.
    pub(crate) fn terminate(mut self) -> Option<i32> {
        self.signal(rustix::process::Signal::TERM);
        self.0.wait().unwrap().code()
    }

    /// Sends SIGKILL.
    pub(crate) fn kill(mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Waits until something is so.
pub(crate) fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < SOON, "not so in {SOON:?}: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Whether a process still does something.
pub(crate) fn lives(pid: &str) -> bool {
    let Ok(stat) = std::fs::read_to_string(format!("/proc/{}/stat", pid.trim())) else {
        return false;
    };
    !stat.contains(") Z ")
}

/// One command to the server, in its own protocol.
pub(crate) fn redis(words: &[&str]) -> String {
    let mut stream = std::net::TcpStream::connect(("127.0.0.1", server().port())).unwrap();
    let mut request = format!("*{}\r\n", words.len());
    for word in words {
        request.push_str(&format!("${}\r\n{word}\r\n", word.len()));
    }
    stream.write_all(request.as_bytes()).unwrap();
    let mut reader = BufReader::new(stream);
    let mut line = || {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    };
    let head = line();
    let Some(count) = head.strip_prefix('*') else {
        assert!(head.starts_with([':', '+']), "{head}");
        return head;
    };
    let mut values = Vec::new();
    for _ in 0..count.parse::<usize>().unwrap() {
        line();
        values.push(line());
    }
    values.join("\n")
}
