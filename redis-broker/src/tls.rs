//! The TLS of both client libraries: rustls over ring, the certificates an address names.

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};

use crate::address::Tls;
use crate::connect_error::ConnectError;

/// Reads the files that `tls` names. Without authorities of its own the built-in ones (Mozilla's)
/// are trusted. The cryptography is always ring, whatever a program has installed as its default.
///
/// # Errors
///
/// `Unusable` with the path, when a file cannot be read or holds no certificate or key.
pub fn client_config(tls: &Tls) -> Result<ClientConfig, ConnectError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| ConnectError::Unusable(format!("TLS cannot be used: {error}")))?
        .with_root_certificates(roots(tls.ca.as_deref())?);
    let Some((cert, key)) = &tls.client else {
        return Ok(builder.with_no_client_auth());
    };
    let secret = PrivateKeyDer::from_pem_file(key).map_err(|error| unusable(key, &error))?;
    builder
        .with_client_auth_cert(certificates(cert)?, secret)
        .map_err(|error| unusable(cert, &error))
}

fn roots(ca: Option<&Path>) -> Result<RootCertStore, ConnectError> {
    let mut roots = RootCertStore::empty();
    match ca {
        None => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
        Some(path) => {
            for certificate in certificates(path)? {
                roots.add(certificate).map_err(|error| unusable(path, &error))?;
            }
        }
    }
    Ok(roots)
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, ConnectError> {
    let found = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| unusable(path, &error))?;
    if found.is_empty() {
        return Err(unusable(path, &"it holds no certificate"));
    }
    Ok(found)
}

fn unusable(path: &Path, reason: &dyn std::fmt::Display) -> ConnectError {
    ConnectError::Unusable(format!(
        "cannot use {} for TLS: {reason}; a PEM file is needed",
        path.display()
    ))
}
