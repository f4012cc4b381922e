//! Why a TLS handshake failed, for people.

use std::io;

use rustls::{AlertDescription, CertificateError, Error};

use super::certificate::{Certificate, day};
use crate::transport::{Failure, FailureKind, Stage};

/// The failure of a handshake; `certificate` is the one that the server showed.
pub(super) fn failure(
    error: &io::Error,
    certificate: Option<&Certificate>,
    host: &str,
    port: u16,
) -> Failure {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref());
    let failure = match inner {
        Some(Error::InvalidCertificate(why)) => untrusted(why, certificate, host),
        Some(Error::InvalidMessage(_) | Error::InappropriateMessage { .. }) => Failure::new(
            FailureKind::Protocol,
            format!("port {port} of {host} does not speak TLS"),
        )
        .detail(error.to_string())
        .hint("WSMan's HTTP listens on 5985 and its HTTPS on 5986: see that scheme and port fit"),
        Some(Error::PeerIncompatible(_) | Error::NoCertificatesPresented) => Failure::new(
            FailureKind::Refused,
            format!("{host} offers no TLS that is safe to use"),
        )
        .detail(error.to_string())
        .hint("turn on TLS 1.2 or later on the server"),
        Some(Error::AlertReceived(alert)) => refused(*alert, host).detail(error.to_string()),
        Some(_) => Failure::new(
            FailureKind::Protocol,
            format!("{host} breaks the rules of TLS"),
        )
        .detail(error.to_string())
        .hint("see what stands between: a proxy, or something that inspects traffic"),
        None => Failure::new(
            FailureKind::Unreachable,
            format!("{host} closed the connection on port {port} during the TLS handshake"),
        )
        .detail(error.to_string())
        .hint(
            "the HTTPS listener may have lost its certificate: winrm enumerate winrm/config/listener shows \
             it on the server",
        ),
    };
    failure.at(Stage::Handshake)
}

fn refused(alert: AlertDescription, host: &str) -> Failure {
    match alert {
        AlertDescription::CertificateRequired
        | AlertDescription::BadCertificate
        | AlertDescription::UnknownCA
        | AlertDescription::AccessDenied => Failure::new(
            FailureKind::Refused,
            format!("{host} wants a certificate of ours that it knows"),
        )
        .hint("client certificates cannot be used yet: let the listener take passwords"),
        AlertDescription::HandshakeFailure | AlertDescription::ProtocolVersion => Failure::new(
            FailureKind::Refused,
            format!("{host} and we have no version or cipher of TLS in common"),
        )
        .hint("turn on TLS 1.2 or later, with a cipher that has forward secrecy, on the server")
        .hint(
            "Windows Server 2012 R2 and older need an ECDSA certificate for that; without one HTTP will do \
             (port 5985), where NTLM seals every message",
        ),
        AlertDescription::UnrecognisedName => Failure::new(
            FailureKind::Refused,
            format!("{host} has no certificate for that name"),
        )
        .hint("name the server as its certificate does"),
        _ => Failure::new(
            FailureKind::Refused,
            format!("{host} refused the TLS handshake"),
        )
        .hint("the server's Schannel events (System log) say why"),
    }
}

fn untrusted(why: &CertificateError, certificate: Option<&Certificate>, host: &str) -> Failure {
    const NOT_SKIPPED: &str = "no option skips this check";
    use CertificateError as E;
    let dates = |at: fn(&Certificate) -> time::OffsetDateTime| {
        certificate.map_or_else(String::new, |certificate| {
            format!(" ({})", day(at(certificate)))
        })
    };
    let self_signed = certificate.is_some_and(|c| c.issuer == c.subject);
    let (message, hints): (String, Vec<&str>) = match why {
        E::UnknownIssuer | E::BadSignature if self_signed => (
            format!("the certificate of {host} is signed by nobody but itself"),
            vec![
                "compare the fingerprint on the server, then trust that certificate with --ca FILE",
                "--skip-ca-check takes it unseen: anybody could then pass for the server",
            ],
        ),
        E::UnknownIssuer => (
            format!("the certificate of {host} is from an authority that is not trusted here"),
            vec![
                "--ca FILE trusts the authority's certificate; or install it on this computer",
                "--skip-ca-check takes any authority: anybody could then pass for the server",
            ],
        ),
        E::NotValidForName | E::NotValidForNameContext { .. }
            if certificate.is_some_and(|certificate| certificate.names.is_empty()) =>
        {
            (
                format!("the certificate of {host} has no names (subjectAltName)"),
                vec![
                    "put one with the server's name on the server",
                    "--skip-cn-check overlooks it together with --ca FILE: whoever has such a certificate could then pass for the server",
                ],
            )
        }
        E::NotValidForName | E::NotValidForNameContext { .. } => (
            format!("the certificate is not for {host}"),
            vec![
                "name the server as the certificate does",
                "--skip-cn-check takes another name: whoever has such a certificate could then pass for the server",
            ],
        ),
        E::Expired | E::ExpiredContext { .. } => (
            format!(
                "the certificate of {host} has expired{}",
                dates(|certificate| certificate.not_after)
            ),
            vec![
                "renew it on the server; see that this computer's clock is right",
                NOT_SKIPPED,
            ],
        ),
        E::NotValidYet | E::NotValidYetContext { .. } => (
            format!(
                "the certificate of {host} is not valid yet{}",
                dates(|certificate| certificate.not_before)
            ),
            vec![
                "see that the clocks of both computers are right",
                NOT_SKIPPED,
            ],
        ),
        E::Revoked => (
            format!("the certificate of {host} was revoked"),
            vec!["put another one on the server", NOT_SKIPPED],
        ),
        E::InvalidPurpose | E::InvalidPurposeContext { .. } => (
            format!("the certificate of {host} is not made for servers"),
            vec![
                "put one with the purpose 'server authentication' on the server",
                NOT_SKIPPED,
            ],
        ),
        E::UnsupportedSignatureAlgorithmContext { .. }
        | E::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => (
            format!("the certificate of {host} is signed in a way that is not known here"),
            vec![
                "put one that is signed with RSA, or with ECDSA and SHA-256 or SHA-384, on the server",
            ],
        ),
        _ => (
            format!("the certificate of {host} cannot be trusted: {why}"),
            vec!["put another certificate on the server"],
        ),
    };
    let mut failure = Failure::new(FailureKind::Refused, message);
    // One reason of several lines.
    let lines = certificate.map(|certificate| certificate.lines().join("\n"));
    failure.details = lines.into_iter().collect();
    failure.hints = hints.into_iter().map(str::to_owned).collect();
    failure
}
