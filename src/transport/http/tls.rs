//! TLS: which certificates are taken, and what an error says of one that is not.

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::certificate::Certificate;
use super::tls_error;
use crate::transport::{Failure, FailureKind, Stage};

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
    /// Reads the authorities. `host` is a name or an address without brackets.
    pub(super) fn new(host: &str, checks: &Checks<'_>) -> Result<Self, Failure> {
        let provider = Arc::new(ring::default_provider());
        let bare = host.split_once('%').map_or(host, |(address, _)| address);
        let name = ServerName::try_from(bare.to_owned()).map_err(|_| {
            let message = format!("'{host}' is no name that a certificate can have");
            Failure::new(FailureKind::Usage, message).at(Stage::Handshake)
        })?;
        let judge = Arc::new(Judge {
            chain: match (checks.skip_ca, checks.ca) {
                (true, _) => None,
                (false, Some(file)) => Some(named_authorities(file, &provider)?),
                (false, None) => Some(platform(&provider)?),
            },
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
                // Asked again with a name that it has: a platform may look at names before all else.
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

fn named_authorities(
    file: &Path,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>, Failure> {
    let failed = |reason: String| {
        let message = format!("the authorities in {} cannot be used", file.display());
        Failure::new(FailureKind::Usage, message)
            .at(Stage::Handshake)
            .detail(reason)
            .hint("--ca takes a file of certificates in PEM: -----BEGIN CERTIFICATE----- and so on")
    };
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
    let judge =
        WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider)).build();
    Ok(judge.map_err(|error| failed(error.to_string()))?)
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
