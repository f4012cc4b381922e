//! Taking up a session that was left, or whose psdeck is dead.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use time::OffsetDateTime;
use time::macros::format_description;
use tokio::sync::OwnedMutexGuard;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::memo::Claim;
use super::recorded::{ELSEWHERE, UNNOTICED};
use super::{Entry, Pool, unknown};
use crate::session::report::cancelled;
use crate::session::task::First;
use crate::session::{Availability, ExitCode, Holder, Report, Session, SessionId, SessionState};
use crate::transport::Ask;

/// So long what a server told of a session is not asked for again.
const FRESH: Duration = Duration::from_secs(10);

impl Entry {
    /// Waits until nobody else connects it.
    pub(super) async fn turn(
        &self,
        cancel: &CancellationToken,
    ) -> Result<OwnedMutexGuard<()>, Report> {
        tokio::select! {
            turn = Arc::clone(&self.connecting).lock_owned() => Ok(turn),
            () = cancel.cancelled() => Err(cancelled(&self.info.borrow().computer_name)),
        }
    }

    /// Whether somebody is about to connect it.
    pub(super) fn is_being_connected(&self) -> bool {
        let on_its_way = [SessionState::Disconnected, SessionState::Connecting];
        on_its_way.contains(&self.info.borrow().state) && self.connecting.try_lock().is_err()
    }
}

impl Pool {
    /// Takes a disconnected session up again: over the connection that left it, else over a new one. What runs in it
    /// goes on; [`Session::receive`] and [`Interactive::resume`](crate::session::Interactive::resume) have what it puts
    /// out. One that is `Opened` here is given as it is. On failure it stays `Disconnected`, with the reason.
    ///
    /// A session whose psdeck ended without leaving it is left for it first. Where the server does not allow that, it is
    /// waited for until the server notices by itself, at most [`Limits::takeover`](crate::session::Limits::takeover);
    /// the list says so meanwhile.
    pub async fn connect(
        &self,
        id: SessionId,
        ask: Arc<dyn Ask>,
        cancel: CancellationToken,
    ) -> Result<Session, Report> {
        let entry = self.inner.entry(id).ok_or_else(|| unknown(id))?;
        // Whoever comes second finds what the first made of it, and lets go of nothing that is the first's.
        let turn = entry.turn(&cancel).await?;
        let entry = self.inner.entry(id).ok_or_else(|| unknown(id))?;
        let is_changed = self.claim(id, &entry).await?;
        entry.info.send_if_modified(|info| {
            // That is over: it is ours to connect.
            let was_elsewhere = info.holder == Holder::Elsewhere;
            if was_elsewhere {
                info.holder = Holder::Unknown;
                info.availability = Availability::None;
                info.reason = None;
            }
            was_elsewhere
        });
        let mut passage = None;
        let cancel = cancel.child_token();
        let connected = {
            let taking = self.take_up(id, &entry, is_changed, &ask, &cancel, &mut passage);
            let mut taking = std::pin::pin!(taking);
            tokio::select! {
                biased;
                connected = &mut taking => connected,
                () = self.inner.ended() => {
                    cancel.cancel();
                    taking.await
                }
            }
        };
        if let Some(passage) = passage {
            // Nobody waits for it any more, but it goes on.
            let inner = Arc::clone(&self.inner);
            tokio::spawn(async move {
                if !matches!(passage.await, Ok(Ok(()))) {
                    entry.memo.let_go().await;
                }
                inner.settle(id).await;
                drop(turn);
            });
            return connected;
        }
        match &connected {
            Ok(_) => drop(
                entry
                    .info
                    .send_if_modified(|info| std::mem::take(&mut info.holder) != Holder::Unknown),
            ),
            Err(_) => entry.memo.let_go().await,
        }
        self.inner.settle(id).await;
        connected
    }

    async fn take_up(
        &self,
        id: SessionId,
        entry: &Entry,
        is_changed: bool,
        ask: &Arc<dyn Ask>,
        cancel: &CancellationToken,
        passage: &mut Option<JoinHandle<Result<(), Report>>>,
    ) -> Result<Session, Report> {
        let state = entry.info.borrow().state;
        match (state, &entry.live) {
            (SessionState::Opened, Some(session)) => return Ok(session.clone()),
            (SessionState::Disconnected, Some(session)) if !is_changed => {
                let returning = session.clone();
                let mut returning = tokio::spawn(async move { returning.reconnect().await });
                let returned = tokio::select! {
                    biased;
                    returned = &mut returning => returned,
                    () = cancel.cancelled() => {
                        *passage = Some(returning);
                        return Err(cancelled(&entry.info.borrow().computer_name));
                    }
                };
                match returned {
                    Ok(Ok(())) => return Ok(session.clone()),
                    Ok(Err(report)) if report.code == ExitCode::TimedOut => return Err(report),
                    // Another client may have had it meanwhile: then it is connected anew.
                    _ => self.ask_about(id, ask, cancel).await?,
                }
            }
            (SessionState::Disconnected, _) => {
                if is_changed
                    || entry.listed.is_none_or(|at| at.elapsed() > FRESH)
                    || entry.info.borrow().availability == Availability::Busy
                {
                    self.ask_about(id, ask, cancel).await?;
                }
            }
            _ => return Err(Report::not_disconnected(&entry.info.borrow())),
        }
        // What another psdeck had since, may be that one's to leave.
        let abandoned = (is_changed || entry.live.is_none()) && entry.memo.is_abandoned();
        let end = Instant::now() + self.inner.limits.takeover;
        let latest = SystemTime::now() + self.inner.limits.takeover;
        let mut tries = 0;
        loop {
            // What its server tells of it now, the entry in hand does not have.
            let entry = self.inner.entry(id).ok_or_else(|| unknown(id))?;
            let is_busy = entry.info.borrow().availability == Availability::Busy;
            if is_busy && !abandoned {
                return Err(Report::in_use(&entry.info.borrow()));
            }
            let first = First::Connect { ours: is_busy };
            let connecting =
                crate::session::opening::connect(self, id, &entry, first, Arc::clone(ask), cancel);
            let refused = match connecting.await {
                Ok(session) => return Ok(session),
                Err(refused) => refused,
            };
            tries += 1;
            if !abandoned && (refused.code != ExitCode::Refused || tries > 1) {
                return Err(refused);
            }
            if refused.code == ExitCode::Cancelled {
                return Err(refused);
            }
            loop {
                // That it is in use may be stale: the server is asked once more.
                self.ask_about(id, ask, cancel).await?;
                if !abandoned || entry.info.borrow().availability != Availability::Busy {
                    break;
                }
                if Instant::now() >= end {
                    return Err(refused);
                }
                entry
                    .info
                    .send_modify(|info| info.reason = Some(held_until(latest)));
                tokio::select! {
                    () = cancel.cancelled() => {
                        return Err(cancelled(&entry.info.borrow().computer_name));
                    }
                    () = sleep(self.inner.limits.takeover_poll) => {}
                }
            }
            if Instant::now() >= end {
                return Err(refused);
            }
        }
    }

    /// Asks the session's server how it is. One that is gone leaves the list.
    pub async fn ask_about(
        &self,
        id: SessionId,
        ask: &Arc<dyn Ask>,
        cancel: &CancellationToken,
    ) -> Result<(), Report> {
        let entry = self.inner.entry(id).ok_or_else(|| unknown(id))?;
        let (ask, cancel) = (Arc::clone(ask), cancel.clone());
        let listing = self.refresh(&entry.target, &entry.options, ask, cancel);
        match Box::pin(listing).await {
            Ok(ids) if ids.contains(&id) => Ok(()),
            Ok(_) => {
                let mut report = Report::new(ExitCode::NoSession, format!("session {id} is gone"))
                    .hint("it was closed, or its idle time-out has ended it");
                report.computer = Some(entry.info.borrow().computer_name.clone());
                let why = "its server does not have it any more";
                report.reasons.push(why.to_owned());
                report.error_id = Some("PSSessionConnectFailed".to_owned());
                if let Some(session) = &entry.live {
                    session.lose(report.clone()).await;
                }
                Err(report)
            }
            // It cannot say: connecting it will.
            Err(report) if report.code == ExitCode::Usage => Ok(()),
            Err(report) => Err(report),
        }
    }

    /// Takes hold of a remembered session before it is connected. Whether another psdeck had it meanwhile: then it is
    /// to be connected anew.
    async fn claim(&self, id: SessionId, entry: &Entry) -> Result<bool, Report> {
        match entry.memo.claim().await {
            Claim::Ours => Ok(false),
            Claim::Changed => Ok(true),
            Claim::Other => {
                entry.info.send_modify(|info| {
                    info.holder = Holder::Elsewhere;
                    info.availability = Availability::Busy;
                    info.reason = Some(ELSEWHERE.to_owned());
                });
                let mut report = Report::new(ExitCode::Refused, "cannot connect the session")
                    .hint("disconnect it there");
                report.reasons.push(ELSEWHERE.to_owned());
                report.computer = Some(entry.info.borrow().computer_name.clone());
                report.error_id = Some("PSSessionConnectFailed".to_owned());
                Err(report)
            }
            Claim::Gone => {
                self.inner.remove(id).await;
                let mut report = Report::new(ExitCode::NoSession, format!("session {id} is gone"));
                let why = "another psdeck has removed it meanwhile";
                report.reasons.push(why.to_owned());
                Err(report)
            }
            Claim::Failed(why) => {
                tracing::warn!(%id, %why, "the session's record cannot be locked");
                Ok(false)
            }
        }
    }
}

/// What is shown of a session that the server still counts as a dead psdeck's.
fn held_until(latest: SystemTime) -> String {
    let latest = OffsetDateTime::from(latest);
    let latest = latest.format(format_description!("[hour]:[minute]:[second] UTC"));
    format!(
        "{UNNOTICED}, at {} at the latest",
        latest.unwrap_or_default()
    )
}
