//! What went wrong with a session over WSMan, for people.

use std::time::Duration;

use super::access::Access;
use super::lane::Loss;
use super::task::Phase;
use crate::transport::tcp::seconds;
use crate::transport::{Failure, FailureKind, Stage};
use crate::wsman::client::{self, Trouble, Why};
use crate::wsman::{Action, Fault, FaultCode, Guilty};

/// An answer that was none, where nothing helps.
pub(super) fn of_loss(access: &Access, Loss { why, .. }: &Loss) -> Failure {
    let endpoint = &access.endpoint;
    let host = &endpoint.host;
    let about = |message: String, kind| Failure::new(kind, message).detail(why.text.clone());
    let code = |code: &str| why.text.starts_with(&format!("HTTP {code}"));
    match why.kind {
        Trouble::Context => access.refused(None),
        Trouble::Final if code("401") => access.refused(None),
        Trouble::Busy => about(format!("{host} is too busy"), FailureKind::Unreachable)
            .hint("try again in a moment; see that the WinRM service runs there"),
        Trouble::Network => about(format!("{host} does not answer"), FailureKind::Unreachable),
        Trouble::Silence => about(format!("{host} does not answer"), FailureKind::TimedOut),
        Trouble::Garbage => about(
            format!("what answers at {endpoint} is no WSMan service"),
            FailureKind::Protocol,
        )
        .hint("see that host, port and application are those of WSMan"),
        Trouble::Final if code("404") || code("405") => about(
            format!("{host} serves no WSMan at {}", endpoint.path),
            FailureKind::Refused,
        )
        .hint("see that host, port and application are those of WSMan; --application-name names another"),
        Trouble::Final if code("403") => about(format!("{host} forbids it"), FailureKind::Refused)
            .hint("see the listener's address filters (IPv4Filter, IPv6Filter), and what proxies in between allow"),
        Trouble::Final if code("3") => {
            about(format!("{host} sends us elsewhere"), FailureKind::Refused)
                .hint("name that address as the target, if you trust it")
        }
        Trouble::TooLarge => about(
            format!("{host} takes no message as long as this"),
            FailureKind::Refused,
        )
        .hint("raise MaxEnvelopeSizekb in winrm/config on the server"),
        Trouble::Final if code("4") || code("501") || code("505") => {
            about(format!("{host} does not serve us"), FailureKind::Refused)
        }
        Trouble::Final => about(
            format!("an answer of {host} cannot be trusted"),
            FailureKind::Protocol,
        )
        .hint("see what stands between: a proxy, or somebody who listens; with --use-ssl the server's certificate proves who it is"),
    }
}

/// What the state machine says; `reason` is what stands behind the last trouble with a connection.
pub(super) fn of_client(
    failure: &client::Failure,
    access: &Access,
    reason: Option<&Failure>,
    phase: Phase,
) -> Failure {
    let host = &access.endpoint.host;
    let told = match failure {
        client::Failure::Refused { action, fault } => refused(*action, fault, access),
        client::Failure::Held {
            fault,
            client,
            heard,
        } => held(fault, client.as_deref(), *heard, host),
        client::Failure::NoAnswer { why, .. }
            if !matches!(why.kind, Trouble::Silence | Trouble::Garbage)
                && reason.is_some_and(|reason| is_behind(reason, why)) =>
        {
            reason.cloned().unwrap_or_else(|| plain(failure, host))
        }
        client::Failure::NoAnswer { why, .. } if why.kind == Trouble::Context => {
            access.refused(None)
        }
        _ => plain(failure, host),
    };
    match phase {
        Phase::New | Phase::Creating if told.stage.is_none() => told.at(Stage::Start),
        Phase::Open | Phase::Taken if told.stage.is_none() => told.at(Stage::Open),
        _ => told,
    }
}

/// What the server says of its list.
pub(super) fn of_list(failure: &client::Failure, access: &Access) -> Failure {
    match failure {
        client::Failure::Refused { action, fault } => refused(*action, fault, access),
        other => plain(other, &access.endpoint.host),
    }
}

/// Whether a failure is the full form of a reason.
fn is_behind(failure: &Failure, why: &Why) -> bool {
    failure.message == why.text || failure.details.contains(&why.text) || why.kind == Trouble::Final
}

fn plain(failure: &client::Failure, host: &str) -> Failure {
    let message = failure.to_string();
    match failure {
        client::Failure::NoAnswer { why, tried, .. } => {
            let kind = match why.kind {
                Trouble::Network | Trouble::Busy => FailureKind::Unreachable,
                Trouble::Silence => FailureKind::TimedOut,
                Trouble::Context | Trouble::TooLarge => FailureKind::Refused,
                Trouble::Garbage | Trouble::Final => FailureKind::Protocol,
            };
            let failure = Failure::new(kind, message);
            if tried.is_zero() {
                failure
            } else {
                failure.detail(format!("it was tried again for {} s", tried.as_secs()))
            }
        }
        client::Failure::NotArrived { .. } => Failure::new(FailureKind::NotSent, message)
            .hint("it has not run: run it again once the session is connected"),
        client::Failure::Unusable { .. } => Failure::new(FailureKind::Protocol, message).hint(
            format!("see that {host} is a Windows server with WinRM, and what stands between"),
        ),
        client::Failure::Undecided { .. } | client::Failure::ResultLost => {
            Failure::new(FailureKind::Unreachable, message)
                .hint("see on the server what it has done before you run it again")
        }
        client::Failure::Refused { .. } | client::Failure::Held { .. } => {
            Failure::new(FailureKind::Refused, message)
        }
    }
}

/// Another client has the session.
fn held(fault: &Fault, client: Option<&str>, heard: Option<Duration>, host: &str) -> Failure {
    let printed = |text: &str| crate::stdio::printable(text.as_bytes());
    let mut failure = Failure::new(
        FailureKind::Refused,
        format!("another client is connected to the session on {host}"),
    );
    if let Some(client) = client {
        let heard = heard.map_or_else(String::new, |ago| {
            format!(", and was heard of {} ago", seconds(ago))
        });
        failure = failure.detail(format!("its client is at {}{heard}", printed(client)));
    }
    if !fault.message.is_empty() {
        failure = failure.detail(printed(&fault.message));
    }
    if let Some(code) = fault.code {
        failure = failure.detail(format!("fault 0x{:08X}", code.code()));
    }
    failure
        .id(fault.error_id("PSSessionConnectFailed"))
        .hint("disconnect it there first; a client that is gone is noticed by the server after about a minute")
}

/// A fault, in the server's words, with what helps.
fn refused(action: Action, fault: &Fault, access: &Access) -> Failure {
    let host = &access.endpoint.host;
    let what = match action {
        Action::Create => format!("{host} does not create the session"),
        Action::Enumerate => format!("{host} does not list its sessions"),
        Action::Connect | Action::Reconnect if fault.is_gone() => {
            format!("the session does not exist any more on {host}")
        }
        Action::Connect | Action::Reconnect => format!("{host} does not connect the session"),
        Action::Disconnect => format!("{host} does not let the session be left"),
        action => format!("{host} refused {}", action.name()),
    };
    let kind = match fault.code.map(FaultCode::guilty) {
        // What was there is gone: that is a loss.
        _ if fault.code == Some(FaultCode::InvalidSelectors) => FailureKind::Unreachable,
        Some(Guilty::Network) => FailureKind::Unreachable,
        Some(Guilty::Us) => FailureKind::Protocol,
        _ => FailureKind::Refused,
    };
    let mut failure = Failure::new(kind, what);
    if !fault.message.is_empty() {
        failure = failure.detail(crate::stdio::printable(fault.message.as_bytes()));
    }
    if let Some(code) = fault.code {
        failure = failure
            .detail(format!("fault 0x{:08X}", code.code()))
            .id(fault.error_id(match action {
                Action::Create => "PSSessionOpenFailed",
                Action::Connect | Action::Reconnect => "PSSessionConnectFailed",
                Action::Disconnect => "PSSessionDisconnectFailed",
                Action::Enumerate => "RemotePSSessionQueryFailed",
                _ => "PSSessionStateBroken",
            }));
        // Nothing tells it from a missing permission but that we send in the clear what is usually sealed.
        if code == FaultCode::AccessDenied && !access.is_encrypted() {
            failure = failure.hint(
                "leave --no-encryption out: most servers refuse messages in the clear (AllowUnencrypted)",
            );
        }
        if !code.hint().is_empty() {
            failure = failure.hint(code.hint());
        }
    }
    if fault.code == Some(FaultCode::AccessDenied) && !access.is_encrypted() {
        failure = failure.hint(
            "the server may take nothing in the clear (AllowUnencrypted): leave --no-encryption out",
        );
    }
    if let Some(to) = &fault.redirect {
        failure = failure.hint(format!(
            "the session configuration is at {}: name that as the target, if you trust it",
            crate::stdio::printable(to.as_bytes())
        ));
    }
    failure
}
