//! A shell that another client has (`robust-connections` 2).

use bytes::Bytes;

use super::exchange::Exchange;
use super::refusal::failure;
use super::{Ask, Client, Event, Failure, Phase};
use crate::psrp::Target;
use crate::wsman::{Fault, FaultCode, Shell};

impl Client {
    /// Whether a refusal says that another client has the shell. Windows may say no more than `InternalError` to whoever
    /// wants a shell that is connected; then the shell's state tells.
    pub(super) fn is_held_elsewhere(&self, exchange: &Exchange, fault: &Fault) -> bool {
        let takes = matches!(exchange.ask, Ask::Connect | Ask::Reconnect(Target::Pool));
        let is_ours = !takes && self.phase == Phase::Opening;
        match fault.code {
            _ if is_ours || matches!(self.phase, Phase::Closing | Phase::Ended) => false,
            Some(FaultCode::InUse | FaultCode::CannotConnectMismatch) => true,
            Some(FaultCode::Other(_)) | None => {
                takes && fault.subcode.as_deref() == Some("InternalError")
            }
            Some(_) => false,
        }
    }

    /// Asks who has the shell; that is told with the refusal.
    pub(super) fn ask_holder(&mut self, exchange: &Exchange, fault: Box<Fault>) {
        // Nothing more comes of these; a Receive is asked for again.
        if let Ask::Command(_) | Ask::ConnectCommand(_) | Ask::Send(Target::Pipeline(_), _) =
            exchange.ask
        {
            if exchange.may_have_run() {
                self.stand(exchange.ask.target()); // so that it is ended
            }
            self.broken(exchange.ask.target(), failure(exchange, fault.clone()));
        }
        if self.held.is_none() {
            self.held = Some((exchange.ask.action(), fault));
            self.ask(Ask::Holder, Bytes::new());
        }
    }

    /// The server has said who has the shell, or does not say it.
    pub(super) fn held_by(&mut self, shell: Option<&Shell>) {
        let Some((action, fault)) = self.held.take() else {
            return;
        };
        let is_left = shell.and_then(|shell| shell.state.as_deref()) == Some("Disconnected");
        let is_known = !matches!(fault.code, Some(FaultCode::Other(_)) | None);
        let failure = if is_left || (shell.is_none() && !is_known) {
            Failure::Refused { action, fault }
        } else {
            Failure::Held {
                fault,
                client: shell.and_then(|shell| shell.client.clone()),
                heard: shell.and_then(|shell| shell.inactivity),
            }
        };
        match self.phase {
            Phase::Opening => self.end(Event::Lost(failure)),
            _ => self.turned_back(failure),
        }
    }

    /// The shell cannot be had now; our end of it is kept.
    pub(super) fn turned_back(&mut self, failure: Failure) {
        self.stay_away();
        self.events.push_back(Event::Disconnected(Some(failure)));
        self.tell_kept();
    }
}
