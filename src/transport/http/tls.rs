//! TLS: which certificates are taken, and what an error says of one that is not.

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_cert_signed_by_trust_anchor};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::certificate::Certificate;
use super::tls_error;
use crate::transport::{Endpoint, Failure, FailureKind, Options, Scheme, Stage};

/// What of a certificate is not checked, and who vouches for the others.
#[derive(Clone, Debug, Default)]
pub(super) struct Checks<'a> {
    /// A file of authorities in place of the platform's.
    pub(super) ca: Option<&'a Path>,
    /// Whoever vouches for it will do. Names, dates and purpose still count.
    pub(super) skip_ca: bool,
    /// Whatever names it has will do. The rest still counts.
    pub(super) skip_cn: bool,
}

/// TLS towards one server.
pub(super) struct Tls {
    connector: TlsConnector,
    name: ServerName<'static>,
    judge: Arc<Judge>,
    host: String,
}

impl Tls {
    /// As the user wants it; none for HTTP.
    pub(super) fn of(endpoint: &Endpoint, options: &Options) -> Result<Option<Self>, Failure> {
        if endpoint.scheme == Scheme::Http {
            return Ok(None);
        }
        let checks = Checks {
            ca: options.ca.as_deref(),
            skip_ca: options.skip_ca_check.unwrap_or(false),
            skip_cn: options.skip_cn_check.unwrap_or(false),
        };
        Self::new(&endpoint.host, &checks).map(Some)
    }

    /// Reads the authorities. `host` is a name or an address without brackets.
    pub(super) fn new(host: &str, checks: &Checks<'_>) -> Result<Self, Failure> {
        let provider = Arc::new(ring::default_provider());
        let bare = host.split_once('%').map_or(host, |(address, _)| address);
        let name = ServerName::try_from(bare.to_owned()).map_err(|_| {
            let message = format!("'{host}' is no name that a certificate can have");
            Failure::new(FailureKind::Usage, message).at(Stage::Handshake)
        })?;
        let roots = match (checks.skip_ca, checks.ca) {
            (false, Some(file)) => Some(named_authorities(file)?),
            _ => None,
        };
        let judge = Arc::new(Judge {
            chain: match &roots {
                _ if checks.skip_ca => None,
                Some(roots) => Some(by_authorities(roots, &provider)?),
                None => Some(platform(&provider)?),
            },
            roots,
            skip_cn: checks.skip_cn,
            provider: Arc::clone(&provider),
            seen: Mutex::default(),
        });
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| {
                Failure::new(FailureKind::Usage, format!("TLS cannot be used: {error}"))
            })?
            .dangerous()
            .with_custom_certificate_verifier(Arc::clone(&judge) as _)
            .with_no_client_auth();
        Ok(Self {
            connector: TlsConnector::from(Arc::new(config)),
            name,
            judge,
            host: host.to_owned(),
        })
    }

    /// Agrees on keys with the server and makes sure of it. Gives its certificate, in DER, for channel bindings.
    pub(super) async fn handshake(
        &self,
        stream: TcpStream,
        port: u16,
    ) -> Result<(TlsStream<TcpStream>, CertificateDer<'static>), Failure> {
        let stream = self
            .connector
            .connect(self.name.clone(), stream)
            .await
            .map_err(|error| {
                let seen = self.judge.seen();
                let certificate = seen.as_deref().and_then(Certificate::read);
                tls_error::failure(&error, certificate.as_ref(), &self.host, port)
            })?;
        let chain = stream.get_ref().1.peer_certificates().unwrap_or_default();
        let Some(leaf) = chain.first() else {
            let error = io::Error::other(Error::NoCertificatesPresented);
            return Err(tls_error::failure(&error, None, &self.host, port));
        };
        let leaf = leaf.clone().into_owned();
        Ok((stream, leaf))
    }
}

/// Judges a server's certificate.
#[derive(Debug)]
struct Judge {
    /// Who checks chains of authorities; none: nobody does.
    chain: Option<Arc<dyn ServerCertVerifier>>,
    /// The authorities of a file; none: the platform's, or nobody's.
    roots: Option<Arc<RootCertStore>>,
    skip_cn: bool,
    provider: Arc<CryptoProvider>,
    /// The certificate that was judged last, for the error about it.
    seen: Mutex<Option<Vec<u8>>>,
}

impl Judge {
    fn seen(&self) -> Option<Vec<u8>> {
        self.lock().take()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Vec<u8>>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The checks that are left when nobody needs to vouch for the certificate.
    fn judge_alone(
        &self,
        leaf: &CertificateDer<'_>,
        name: &ServerName<'_>,
        now: UnixTime,
    ) -> Result<(), CertificateError> {
        let certificate = Certificate::read(leaf).ok_or(CertificateError::BadEncoding)?;
        let now = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
        if now < certificate.not_before.unix_timestamp() {
            return Err(CertificateError::NotValidYet);
        }
        if now > certificate.not_after.unix_timestamp() {
            return Err(CertificateError::Expired);
        }
        if !certificate.for_servers {
            return Err(CertificateError::InvalidPurpose);
        }
        let parsed =
            webpki::EndEntityCert::try_from(leaf).map_err(|_| CertificateError::BadEncoding)?;
        if !self.skip_cn && parsed.verify_is_valid_for_subject_name(name).is_err() {
            return Err(CertificateError::NotValidForName);
        }
        Ok(())
    }
}

impl ServerCertVerifier for Judge {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        *self.lock() = Some(leaf.to_vec());
        let Some(chain) = &self.chain else {
            return self
                .judge_alone(leaf, name, now)
                .map(|()| ServerCertVerified::assertion())
                .map_err(Error::InvalidCertificate);
        };
        match chain.verify_server_cert(leaf, others, name, ocsp, now) {
            Err(error) if self.skip_cn && is_about_the_name(&error) => {
                if let Some(roots) = &self.roots {
                    let algorithms = self.provider.signature_verification_algorithms.all;
                    let parsed = ParsedCertificate::try_from(leaf)?;
                    return verify_server_cert_signed_by_trust_anchor(
                        &parsed, roots, others, now, algorithms,
                    )
                    .map(|()| ServerCertVerified::assertion());
                }
                // Asked again with a name that it has: a platform may look at names before all else, and does not
                // judge without one.
                match own_name(leaf) {
                    Some(own) => chain.verify_server_cert(leaf, others, &own, ocsp, now),
                    None => Err(error),
                }
            }
            judged => judged,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}

fn is_about_the_name(error: &Error) -> bool {
    matches!(
        error,
        Error::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. }
        )
    )
}

/// A name that the certificate is valid for.
fn own_name(leaf: &CertificateDer<'_>) -> Option<ServerName<'static>> {
    Certificate::read(leaf)?
        .names
        .into_iter()
        // The star of a wildcard stands for any one label.
        .map(|name| name.replacen("*.", "a.", 1))
        .find_map(|name| ServerName::try_from(name).ok())
}

fn named_authorities(file: &Path) -> Result<Arc<RootCertStore>, Failure> {
    let failed = |reason: String| unusable(&file.display().to_string(), reason);
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(file).map_err(|e| failed(e.to_string()))? {
        let certificate = certificate.map_err(|error| failed(error.to_string()))?;
        roots
            .add(certificate)
            .map_err(|error| failed(error.to_string()))?;
    }
    if roots.is_empty() {
        return Err(failed("it holds no certificate".into()));
    }
    Ok(Arc::new(roots))
}

fn by_authorities(
    roots: &Arc<RootCertStore>,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>, Failure> {
    let judge =
        WebPkiServerVerifier::builder_with_provider(Arc::clone(roots), Arc::clone(provider));
    let judge = judge.build();
    Ok(judge.map_err(|error| unusable("the file", error.to_string()))?)
}

fn unusable(file: &str, reason: String) -> Failure {
    let message = format!("the authorities in {file} cannot be used");
    Failure::new(FailureKind::Usage, message)
        .at(Stage::Handshake)
        .detail(reason)
        .hint("--ca takes a file of certificates in PEM: -----BEGIN CERTIFICATE----- and so on")
}

fn platform(provider: &Arc<CryptoProvider>) -> Result<Arc<dyn ServerCertVerifier>, Failure> {
    let verifier = rustls_platform_verifier::Verifier::new(Arc::clone(provider));
    Ok(Arc::new(verifier.map_err(|error| {
        let message = "this computer's list of certificate authorities cannot be read";
        Failure::new(FailureKind::Usage, message)
            .at(Stage::Handshake)
            .detail(error.to_string())
            .hint("install it (Debian: ca-certificates), or name a file with --ca")
    })?))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// A certificate without alternative names, and the authority that signed it.
    const PEM: &str = include_str!("../../../tests/support/nameless.pem");

    #[test]
    fn a_certificate_without_names_is_taken_where_names_do_not_count() {
        let chain: Vec<_> = CertificateDer::pem_slice_iter(PEM.as_bytes())
            .map(Result::unwrap)
            .collect();
        let provider = Arc::new(ring::default_provider());
        let name = ServerName::try_from("web1").unwrap();
        // 2030: the certificates are good from 2026 to 2051.
        let now =
            |year: u64| UnixTime::since_unix_epoch(Duration::from_secs((year - 1970) * 31_557_600));
        let mut roots = RootCertStore::empty();
        roots.add(chain[1].clone()).unwrap();
        let mut strangers = RootCertStore::empty();
        strangers.add(chain[0].clone()).unwrap();
        for (roots, skip_cn, year, wanted) in [
            (&roots, true, 2030, true),
            (&roots, false, 2030, false),
            (&roots, true, 2070, false),
            (&strangers, true, 2030, false),
        ] {
            let roots = Arc::new(roots.clone());
            let judge = Judge {
                chain: Some(by_authorities(&roots, &provider).unwrap()),
                roots: Some(roots),
                skip_cn,
                provider: Arc::clone(&provider),
                seen: Mutex::default(),
            };
            let judged = judge.verify_server_cert(&chain[0], &[], &name, &[], now(year));
            assert_eq!(judged.is_ok(), wanted, "{skip_cn} {year} {judged:?}");
        }
    }
}
