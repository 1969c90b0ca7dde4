//! Certificates made on the spot.

use std::path::{Path, PathBuf};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use tempfile::TempDir;
use tireless_testkit::server::TlsFiles;

/// An authority, and the certificates of a server and of a client that it signed.
pub(crate) struct Certificates {
    folder: TempDir,
}

impl Certificates {
    pub(crate) fn new() -> Self {
        let folder = TempDir::new().expect("a folder");
        let mut authority = CertificateParams::new(Vec::new()).expect("no names");
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        // With the name of those it signs, it would look as if they had signed themselves.
        authority.distinguished_name.push(DnType::CommonName, "authority");
        let secret = KeyPair::generate().expect("a key");
        let authority = CertifiedIssuer::self_signed(authority, secret).expect("an authority");
        let made = Self { folder };
        made.write("ca.pem", &authority.pem());
        for (name, host) in [("server", "127.0.0.1"), ("client", "client")] {
            let secret = KeyPair::generate().expect("a key");
            let params = CertificateParams::new(vec![host.to_owned()]).expect("a legal name");
            let certificate = params.signed_by(&secret, &authority).expect("a certificate");
            made.write(&format!("{name}.pem"), &certificate.pem());
            made.write(&format!("{name}.key"), &secret.serialize_pem());
        }
        made
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).expect("a file");
    }

    /// `ca.pem`, `server.pem`, `server.key`, `client.pem` or `client.key`.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What a server needs.
    pub(crate) fn of_server(&self) -> TlsFiles {
        TlsFiles {
            certificate: self.path("server.pem"),
            key: self.path("server.key"),
            authority: self.path("ca.pem"),
        }
    }
}

/// A path, as a URL names it.
pub(crate) fn shown(path: &Path) -> String {
    path.display().to_string()
}
