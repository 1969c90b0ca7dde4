use tireless_core::{ErrorKind, Operation};

use super::*;

impl Address {
    fn with_user(mut self, user: impl Into<String>) -> Self {
        self.user = Some(user.into());
        self
    }

    fn with_password(mut self, password: impl Into<String>) -> Self {
        self.password = Some(Secret::new(password));
        self
    }

    fn with_database(mut self, database: u32) -> Self {
        self.database = database;
        self
    }
}

fn refused(url: &str) -> String {
    let error = Address::parse(url).expect_err(url);
    assert_eq!(error.kind(), ErrorKind::InvalidInput, "{url}");
    assert_eq!(error.operation(), Operation::Connect, "{url}");
    error.to_string()
}

#[test]
fn a_host_alone_is_enough() {
    assert_eq!(Address::parse("redis://example.org").unwrap(), Address::tcp("example.org", 6379));
}

#[test]
fn all_parts_are_read_and_decoded() {
    let address = Address::parse("redis://ad%40a:p%2Fw%3A%25@example.org:7000/3").unwrap();
    let expected =
        Address::tcp("example.org", 7000).with_user("ad@a").with_password("p/w:%").with_database(3);
    assert_eq!(address, expected);
}

#[test]
fn a_password_needs_no_user() {
    let address = Address::parse("redis://:geheim@h").unwrap();
    assert_eq!(address, Address::tcp("h", 6379).with_password("geheim"));
}

#[test]
fn an_ipv6_host_loses_its_brackets_and_gets_them_back() {
    let address = Address::parse("redis://[::1]:7001").unwrap();
    assert_eq!(address, Address::tcp("::1", 7001));
    assert_eq!(address.to_string(), "redis://[::1]:7001/0");
}

#[test]
fn tls_takes_its_files() {
    let address = Address::parse("rediss://h?ca=/a%20b/ca.pem&cert=/c+d.pem&key=/k.pem").unwrap();
    let tls = address.tls().unwrap();
    assert_eq!(tls.ca.as_deref(), Some(Path::new("/a b/ca.pem")));
    assert_eq!(tls.client, Some((PathBuf::from("/c+d.pem"), PathBuf::from("/k.pem"))));
    assert_eq!(Address::parse("rediss://h").unwrap().tls(), Some(&Tls::default()));
    assert_eq!(Address::parse("redis://h").unwrap().tls(), None);
}

#[test]
fn a_socket_takes_everything_from_the_query() {
    let address = Address::parse("redis+unix:///run/r.sock?db=1&user=u&pass=p%26w").unwrap();
    let expected =
        Address::unix("/run/r.sock").with_user("u").with_password("p&w").with_database(1);
    assert_eq!(address, expected);
    assert_eq!(address.to_string(), "redis+unix:///run/r.sock?db=1&user=u");
}

#[test]
fn the_client_setting_is_left_to_the_caller() {
    assert_eq!(Address::parse("redis://h?client=fred").unwrap(), Address::tcp("h", 6379));
}

#[test]
fn a_password_file_is_read_without_its_line_break() {
    let path = std::env::temp_dir().join(format!("tireless-password-{}", std::process::id()));
    for text in ["geheim", "geheim\n", "geheim\r\n"] {
        std::fs::write(&path, text).unwrap();
        let url = format!("redis://h?password-file={}", path.display());
        assert_eq!(Address::parse(&url).unwrap(), Address::tcp("h", 6379).with_password("geheim"));
    }
    let twice = refused(&format!("redis://:a@h?password-file={}", path.display()));
    assert!(twice.contains("two passwords"), "{twice}");
    std::fs::remove_file(&path).unwrap();
    let gone = refused(&format!("redis://h?password-file={}", path.display()));
    assert!(gone.contains("cannot read"), "{gone}");
}

#[test]
fn what_is_wrong_is_refused_with_what_is_accepted() {
    for (url, part) in [
        ("", "redis://["),
        ("example.org:6379", "redis://["),
        ("http://h", "rediss://"),
        ("redis://", "host"),
        ("redis:///1", "host"),
        ("redis://h:0", "port"),
        ("redis://h:70000", "port"),
        ("redis://h/x", "database"),
        ("redis://h/-1", "database"),
        ("redis://h/4294967296", "database"),
        ("redis://h/1?db=2", "two databases"),
        ("redis://h?tls=1", "unknown setting 'tls'"),
        ("redis://h?db=1&db=1", "twice"),
        ("redis://h?ca=/x", "rediss://"),
        ("rediss://h?cert=/x", "both"),
        ("redis://h?user=u", "user:password@host"),
        ("redis://u@h", "without a password"),
        ("redis+unix://run/r.sock", "slash"),
        ("redis+unix:///", "socket"),
        ("redis://h#1", "%23"),
    ] {
        let message = refused(url);
        assert!(message.contains(part), "{url}: {message}");
    }
}

#[test]
fn nothing_printed_contains_the_password() {
    for url in
        ["redis://u:s3cret@h:1/2", "rediss://:s3cret@h", "redis+unix:///r.sock?user=u&pass=s3cret"]
    {
        let address = Address::parse(url).unwrap();
        for text in [format!("{address:?}"), address.to_string(), address.place()] {
            assert!(!text.contains("s3cret"), "{text}");
        }
    }
    // Written without percent-encoding, a password gets into every other part of a URL.
    for url in [
        "redis://u:a/s3cret@h",
        "redis://u:1/s3cret@h",
        "redis://u:1?s3cret@h",
        "redis://u:1?s3cret=x@h",
        "redis://u:1#s3cret@h",
        "redis://u:s3cret@h:port",
        "redis://u:s3cret@h/db",
        "redis://u:s3cret@h?foo=1",
        "foo://u:s3cret@h",
        "redis+unix://u:s3cret@/r.sock",
        "redis+unix:///r.sock?pass=s3cret&pass=s3cret",
        "redis+unix:///run/r.sock?user=app&pass=Zz9&s3cret",
        "redis+unix:///run/r.sock?s3cret&user=app&pass=Zz9",
        "redis-sentinel://s/main?sentinel-pass=Zz9&s3cret",
        "redis-sentinel://s/main?sentinel-pass=Zz9&s3cret=x",
    ] {
        let error = Address::parse(url).expect_err(url);
        for text in [error.to_string(), format!("{error:?}")] {
            assert!(!text.contains("s3cret"), "{url}: {text}");
        }
    }
}

#[test]
fn sentinels_are_named_with_their_master() {
    let url = "redis-sentinel://u:pw@s1/main?db=2&node=s2:7000&node=[::1]&sentinel-user=su&\
               sentinel-pass=sp";
    let address = Address::parse(url).unwrap();
    assert_eq!(address.to_string(), "redis-sentinel://u@s1:26379/main?db=2");
    let sentinels = address.sentinels();
    let places: Vec<_> = sentinels.iter().map(Address::place).collect();
    assert_eq!(places, ["s1:26379", "s2:7000", "[::1]:26379"]);
    for sentinel in &sentinels {
        assert_eq!((sentinel.user.as_deref(), sentinel.database), (Some("su"), 0));
        assert_eq!(sentinel.password, Some(Secret::new("sp")));
    }
    let master = address.of_node("m", 1);
    assert_eq!(master, Address::tcp("m", 1).with_user("u").with_password("pw").with_database(2));
    assert!(!format!("{address:?}{address}").contains("sp\""), "{address:?}");
}

#[test]
fn a_cluster_is_named_by_some_of_its_servers() {
    let address =
        Address::parse("rediss-cluster://:pw@c1?node=c2&node=c3:7000&ca=/ca.pem").unwrap();
    let node = |host: &str, port| (host.to_owned(), port);
    let nodes = [node("c1", 6_379), node("c2", 6_379), node("c3", 7_000)];
    assert_eq!(address.cluster_nodes(), nodes);
    assert_eq!(address.to_string(), "rediss-cluster://c1:6379/0");
    assert!(address.of_node("c9", 1).tls().is_some());
    assert!(address.sentinels().is_empty());
}

#[test]
fn what_does_not_fit_a_set_up_is_refused() {
    for (url, part) in [
        ("redis-sentinel://s1", "the master's name"),
        ("redis-sentinel://s1/main/2", "the master's name"),
        ("redis-sentinel://s1/main?node=", "HOST or HOST:PORT"),
        ("redis-sentinel://s1/main?node=u:p@s2", "HOST or HOST:PORT"),
        ("redis-sentinel://s1/main?ca=/ca.pem", "rediss://"),
        ("redis-cluster://c1/2", "only database 0"),
        ("redis-cluster://c1?db=1", "only database 0"),
        ("redis-cluster://c1?sentinel-user=u", "redis-sentinel://"),
        ("redis://h?node=h2", "node belongs to"),
    ] {
        let text = refused(url);
        assert!(text.contains(part), "{url}: {text}");
    }
}

proptest::proptest! {
    /// Whatever a person or a configuration says, it is read or refused, and no password is shown.
    #[test]
    fn any_text_is_an_address_or_an_error(
        head in "redis|rediss|redis\\+unix|unix|\\PC{0,8}",
        // What stands behind a slash is a path and no password.
        user in "[^/\\\\\\pC]{0,6}",
        rest in "\\PC{0,40}|[a-z0-9.:/?&=%@\\[\\]-]{0,60}",
    ) {
        let secret = "oPeN-SeSaMe";
        for text in [format!("{head}://{user}:{secret}@{rest}"), format!("{head}{rest}"), rest] {
            match Address::parse(&text) {
                Ok(address) => {
                    let shown = format!("{address:?} {}", address.place());
                    proptest::prop_assert!(!shown.contains(secret), "{shown}");
                }
                Err(error) => proptest::prop_assert!(!error.to_string().contains(secret), "{error}"),
            }
        }
    }
}
