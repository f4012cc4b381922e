//! Whether to trust the server: its key against what is on file, and the user's word for a new one.

use std::borrow::Cow;
use std::fmt::Write as _;

use russh::keys::{Algorithm, EcdsaCurve, HashAlg, PublicKey, PublicKeyBase64 as _};

use super::known_hosts::{KnownHosts, Place, Verdict, append};
use super::settings::{Settings, Strict};
use crate::transport::{Answer, Ask, Failure, FailureKind, Question, Stage};

/// The kinds of keys to ask for, those on file first. SHA-1 signatures are not among them.
pub(super) fn preferred(known: &KnownHosts) -> Cow<'static, [Algorithm]> {
    let mut all = vec![
        Algorithm::Ed25519,
        Algorithm::Ecdsa {
            curve: EcdsaCurve::NistP256,
        },
        Algorithm::Ecdsa {
            curve: EcdsaCurve::NistP384,
        },
        Algorithm::Ecdsa {
            curve: EcdsaCurve::NistP521,
        },
        Algorithm::Rsa {
            hash: Some(HashAlg::Sha512),
        },
        Algorithm::Rsa {
            hash: Some(HashAlg::Sha256),
        },
    ];
    let on_file = known.algorithms();
    all.sort_by_key(|algorithm| !on_file.contains(&kind(algorithm)));
    Cow::Owned(all)
}

/// Ends well if the key is trusted.
pub(super) async fn check(
    key: &PublicKey,
    known: &KnownHosts,
    settings: &Settings,
    ask: &dyn Ask,
) -> Result<(), Failure> {
    let name = settings.known_hosts_name();
    let algorithm = key.algorithm();
    let (kind, base64) = (kind(&algorithm), key.public_key_base64());
    let fingerprint = key.fingerprint(HashAlg::Sha256).to_string();
    let refused = |message: String| {
        Failure::new(FailureKind::Refused, message)
            .at(Stage::Handshake)
            .detail(format!("the server's key: {kind} {fingerprint}"))
    };
    let place = |place: &Place| {
        format!(
            "{}:{} ({})",
            place.file.display(),
            place.line,
            place.algorithm
        )
    };
    match known.judge(kind, &base64) {
        Verdict::Known => return Ok(()),
        Verdict::Changed(on_file) => {
            let mut remove = format!("if the change was expected: ssh-keygen -R '{name}'");
            if settings.user_known_hosts.first() != Some(&on_file.file) {
                let _ = write!(remove, " -f '{}'", on_file.file.display());
            }
            return Err(refused(format!("the host key of {name} has changed"))
                .detail(format!("the key on file: {}", place(&on_file)))
                .hint("somebody may be in between: compare the fingerprint with the server's, on the server's own screen")
                .hint(remove));
        }
        Verdict::Revoked(on_file) => {
            return Err(refused(format!("the host key of {name} is revoked"))
                .detail(format!("revoked by {}", place(&on_file)))
                .hint("the server needs a new host key; ask its administrator"));
        }
        Verdict::Unknown => {}
    }
    let unknown = || {
        refused(format!("the host key of {name} is not on file"))
            .hint("connect once with a terminal and accept the fingerprint, or put the key into known_hosts")
    };
    let keep = match settings.strict {
        Strict::Yes => {
            return Err(unknown().hint("StrictHostKeyChecking=ask asks instead of refusing"));
        }
        Strict::AcceptNew => true,
        Strict::Ask => {
            let (host, algorithm) = (name.clone(), kind.to_owned());
            match ask
                .ask(Question::UnknownHostKey {
                    host,
                    algorithm,
                    fingerprint: fingerprint.clone(),
                })
                .await
            {
                Answer::Accept => true,
                Answer::AcceptOnce => false,
                Answer::Refuse | Answer::Secret(_) | Answer::Failed(_) => return Err(unknown()),
            }
        }
    };
    if let Some(file) = settings.user_known_hosts.first().filter(|_| keep) {
        // A file that cannot be written is no reason to stay out: the user has just vouched for the key.
        if let Err(error) = append(file, &name, kind, &base64, settings.hash_names) {
            tracing::warn!(file = %file.display(), %error, "the host key could not be put on file");
        }
    }
    Ok(())
}

/// The kind of a key as `known_hosts` spells it.
fn kind(algorithm: &Algorithm) -> &str {
    match algorithm {
        Algorithm::Rsa { .. } => "ssh-rsa",
        other => other.as_str(),
    }
}
