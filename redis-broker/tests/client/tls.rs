//! TLS, with certificates made on the spot.

use std::path::{Path, PathBuf};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use tempfile::TempDir;
use tireless_core::ErrorKind;
use tireless_redis_broker::link::Link;
use tireless_testkit::server::{TestServer, TlsFiles};

use super::tools::{ask, connect, refused, server, text};

/// An authority, and the certificates of a server and of a client that it signed.
struct Certificates {
    folder: TempDir,
}

impl Certificates {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let mut authority = CertificateParams::new(Vec::new()).unwrap();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        // With the name of those it signs, it would look as if they had signed themselves.
        authority.distinguished_name.push(DnType::CommonName, "authority");
        let authority =
            CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
        std::fs::write(folder.path().join("ca.pem"), authority.pem()).unwrap();
        for (name, host) in [("server", "127.0.0.1"), ("client", "client")] {
            let key = KeyPair::generate().unwrap();
            let params = CertificateParams::new(vec![host.to_owned()]).unwrap();
            let certificate = params.signed_by(&key, &authority).unwrap();
            std::fs::write(folder.path().join(format!("{name}.pem")), certificate.pem()).unwrap();
            std::fs::write(folder.path().join(format!("{name}.key")), key.serialize_pem()).unwrap();
        }
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn server(&self, args: &[&str]) -> TestServer {
        let files = TlsFiles {
            certificate: self.path("server.pem"),
            key: self.path("server.key"),
            authority: self.path("ca.pem"),
        };
        TestServer::builder().tls(files).with_args(args.iter().copied()).start().unwrap()
    }
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

pub(crate) async fn an_authority_of_our_own<L: Link>() {
    let certificates = Certificates::new();
    let server = certificates.server(&[]);
    let ca = shown(&certificates.path("ca.pem"));
    let client = connect::<L>(&format!("{}/1?ca={ca}", server.url())).await;
    assert_eq!(ask(&client, &["PING"]).await, text("PONG"));
    // The server must be the one of the certificate, and signed by somebody we trust.
    refused::<L>(&server.url(), ErrorKind::Unavailable, &["TLS", "?ca=PATH"]).await;
    let other = format!("rediss://localhost:{}?ca={ca}", server.port());
    refused::<L>(&other, ErrorKind::Unavailable, &["TLS", "another host"]).await;
    // One side speaks TLS, the other does not.
    let plain = server.url().replace("rediss", "redis");
    refused::<L>(&plain, ErrorKind::Unavailable, &["rediss://"]).await;
    let without = self::server();
    let url = without.url().replace("redis:", "rediss:");
    refused::<L>(&url, ErrorKind::Unavailable, &["TLS", "redis://"]).await;
}

pub(crate) async fn a_client_certificate<L: Link>() {
    let certificates = Certificates::new();
    let server = certificates.server(&["--tls-auth-clients", "yes"]);
    let [ca, cert, key] =
        ["ca.pem", "client.pem", "client.key"].map(|name| shown(&certificates.path(name)));
    let url = format!("{}?ca={ca}", server.url());
    let client = connect::<L>(&format!("{url}&cert={cert}&key={key}")).await;
    assert_eq!(ask(&client, &["PING"]).await, text("PONG"));
    refused::<L>(&url, ErrorKind::Unavailable, &["redis at 127.0.0.1"]).await;
}

pub(crate) async fn files_that_are_none<L: Link>() {
    let certificates = Certificates::new();
    let server = certificates.server(&[]);
    let [ca, cert, key] =
        ["ca.pem", "client.pem", "client.key"].map(|name| shown(&certificates.path(name)));
    for (query, file) in [
        (String::from("ca=/no/such.pem"), "/no/such.pem"),
        (format!("ca={key}"), &*key),
        (format!("ca={ca}&cert={cert}&key={ca}"), &*ca),
        (format!("ca={ca}&cert={key}&key={key}"), &*key),
    ] {
        let url = format!("{}?{query}", server.url());
        refused::<L>(&url, ErrorKind::InvalidInput, &[file, "PEM"]).await;
    }
}
