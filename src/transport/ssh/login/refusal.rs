//! Why nobody was let in: what the server offers, what was tried, and what to do next.

use super::{Login, Settings};
use crate::transport::{Failure, FailureKind, Stage};

impl Login<'_> {
    pub(super) fn failure(&mut self, ended: Option<String>) -> Failure {
        if let Some(failed) = self.failed.take() {
            return *failed;
        }
        let Settings { user, host, .. } = self.settings;
        let cut_off = ended.is_some() && self.offered.is_empty() && self.tried.is_empty();
        let mut failure = match ended {
            Some(reason) => Failure::new(
                FailureKind::Refused,
                format!("{host} ended the login of {user}"),
            )
            .detail(reason),
            None => Failure::new(
                FailureKind::Refused,
                format!("{host} did not let {user} in"),
            ),
        };
        failure.stage = Some(Stage::Authenticate);
        if cut_off {
            return failure.hint("the server's log says why: too many logins at once (MaxStartups), or an address that it does not let in");
        }
        let offered = if self.offered.is_empty() {
            "nothing".into()
        } else {
            self.offered.join(", ")
        };
        failure
            .details
            .push(format!("the server offers: {offered}"));
        if self.tried.is_empty() {
            failure
                .details
                .push("tried: nothing, for there was no key and nobody to ask".into());
        }
        failure
            .details
            .extend(self.tried.iter().map(|one| format!("tried {one}")));
        failure.hints = self.hints();
        failure
    }

    fn hints(&self) -> Vec<String> {
        let mut hints = Vec::new();
        let keys_refused = self
            .tried
            .iter()
            .filter(|one| {
                one.ends_with(": refused") && one.contains('/') || one.starts_with("agent")
            })
            .count();
        if self.offered.contains(&"publickey") || self.offered.is_empty() {
            hints.push(if keys_refused > 0 {
                format!("check the account's name, or add a public key to ~{}/.ssh/authorized_keys there", self.settings.user)
            } else {
                "name a key with --identity, or load one into the agent (ssh-add)".to_owned()
            });
        }
        if keys_refused > 4 {
            hints.push(
                "a server counts every key: --identity with -o IdentitiesOnly=yes offers one"
                    .into(),
            );
        }
        if hints.is_empty() && !self.unanswered {
            hints.push("check the account's name and its password".into());
        }
        if self.unanswered && self.offered.iter().any(|method| *method != "publickey") {
            hints.push("in a terminal you would be asked for the password".into());
        }
        hints
    }
}
