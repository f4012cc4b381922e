//! What servers hold, in the pool's list.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::Pool;
use super::recorded::{A_COMMAND, is_same_moment};
use super::rows::Row;
use crate::session::report::{OVERLOADED, cancelled, late};
use crate::session::{Availability, Holder, Listed, Report, SessionId, SessionInfo, SessionState};
use crate::transport::{Answer, Ask, Options, Question, TargetAddress};

impl Pool {
    /// Asks a server which sessions it holds, and adds those that this pool does not know to the list, as
    /// `Disconnected`. Listed ones that the server no longer has leave it. The numbers of those that it holds.
    ///
    /// What this process is connected to it knows better than the server; what it has lost or left is shown as the
    /// server says.
    pub async fn refresh(
        &self,
        target: &TargetAddress,
        options: &Options,
        ask: Arc<dyn Ask>,
        cancel: CancellationToken,
    ) -> Result<Vec<SessionId>, Report> {
        let (connector, mut description) = self.inner.connector(target, options)?;
        let what = "cannot list the sessions";
        let computer = description.computer_name.clone();
        let before = self.inner.asked_about();
        let ask = Arc::new(Named::new(ask));
        let listing = connector.list(target.clone(), options.clone(), Arc::clone(&ask) as _);
        let listed = tokio::select! {
            () = cancel.cancelled() => return Err(cancelled(&computer)),
            listed = tokio::time::timeout(self.inner.limits.connect, listing) => match listed {
                Ok(listed) => listed.map_err(|failure| Report::of(&failure, what, &computer))?,
                Err(_) => return Err(late(what, &computer, OVERLOADED)),
            },
        };
        let living = listed.iter().map(|found| found.instance_id).collect();
        self.look_again(living).await;
        description.user = description.user.or_else(|| ask.user());
        if let Some(account) = &description.user {
            let forgotten = self
                .inner
                .forget_unlisted(target, options, account, &before, &listed);
            forgotten.await;
        }
        let mut ids = Vec::with_capacity(listed.len());
        for found in listed {
            let entry = if let Some(known) = self.inner.find(found.instance_id) {
                known
            } else {
                let row = Row {
                    description: description.clone(),
                    name: Some(found.name.clone()).filter(|name| !name.is_empty()),
                    instance_id: found.instance_id,
                    client: Uuid::new_v4(),
                    state: SessionState::Disconnected,
                    target: target.clone(),
                    options: Options {
                        // It is connected where it runs.
                        configuration_name: Some(found.configuration_name.clone())
                            .filter(|name| !name.is_empty())
                            .or_else(|| options.configuration_name.clone()),
                        ..options.clone()
                    },
                    connector: Arc::clone(&connector),
                };
                Box::pin(self.inner.found(row, &found)).await
            };
            let id = entry.info.borrow().id;
            ids.push(id);
            self.inner.listed(id, found.running.clone());
            entry.info.send_if_modified(|info| show(info, &found));
            entry.still_held();
            entry.learned().await;
        }
        self.inner.changed();
        Ok(ids)
    }
}

/// Hears which account was named when nobody knew it before.
struct Named {
    ask: Arc<dyn Ask>,
    user: Mutex<Option<String>>,
}

impl Named {
    fn new(ask: Arc<dyn Ask>) -> Self {
        let user = Mutex::default();
        Self { ask, user }
    }

    fn user(&self) -> Option<String> {
        let user = self.user.lock().unwrap_or_else(PoisonError::into_inner);
        user.clone()
    }
}

impl Ask for Named {
    fn ask(&self, question: Question) -> Pin<Box<dyn Future<Output = Answer> + Send + '_>> {
        let is_user = matches!(question, Question::UserName { .. });
        Box::pin(async move {
            let answer = self.ask.ask(question).await;
            if let (true, Answer::Secret(user)) = (is_user, &answer) {
                let user = Some(user.expose().trim().to_owned());
                *self.user.lock().unwrap_or_else(PoisonError::into_inner) = user;
            }
            answer
        })
    }
}

/// Shows what the server says of a session that we are not connected to; whether it is shown.
pub(super) fn show(info: &mut SessionInfo, found: &Listed) -> bool {
    match info.state {
        // What another psdeck holds, that one knows better.
        SessionState::Disconnected if info.holder == Holder::Elsewhere => return false,
        SessionState::Disconnected => {}
        // Lost here, and still there.
        SessionState::Broken => info.state = SessionState::Disconnected,
        _ => return false,
    }
    info.availability = found.availability;
    info.reason = (found.availability == Availability::Busy).then(|| match &found.client {
        Some(client) => format!("it is connected to another client, {client}"),
        None => "it is connected to another client".to_owned(),
    });
    info.configuration_name
        .clone_from(&found.configuration_name);
    // Servers tell the text of some commands only. Left when we left it, it runs what it ran then.
    let same = is_same_moment(info.disconnected, found.disconnected);
    let known = info.running.take().filter(|_| same);
    info.running = found.running.first().map(|(_, text)| match text.trim() {
        "" => known.unwrap_or_else(|| A_COMMAND.to_owned()),
        text => text.to_owned(),
    });
    info.user = found.owner.clone().or_else(|| info.user.take());
    info.keeping = found.keeping;
    info.disconnected = found.disconnected;
    info.expires = found.expires;
    true
}
