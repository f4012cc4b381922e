//! Several sessions that one key was for.

use std::collections::{BTreeMap, BTreeSet};

use crate::session::{ExitCode, Report, SessionId};

/// Work on several sessions at once.
#[derive(Debug)]
pub(crate) struct Bulk {
    pub(crate) verb: Verb,
    /// Whether psdeck ends when all is done.
    pub(crate) then_quit: bool,
    /// Those that got a pane, if each that is connected gets one.
    pub(crate) entered: Option<BTreeSet<SessionId>>,
    /// Those that are not done, with their names.
    left: BTreeMap<SessionId, String>,
    count: usize,
    failed: BTreeMap<SessionId, (String, Box<Report>)>,
}

/// What is done to them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    Connect,
    Disconnect,
    Remove,
    /// Taken off the list, and left to their servers.
    Forget,
}

impl Verb {
    /// As in "3 sessions are …".
    pub(crate) fn done(self) -> &'static str {
        match self {
            Self::Connect => "connected",
            Self::Disconnect => "disconnected",
            Self::Remove => "removed",
            Self::Forget => "taken off the list and left to the server",
        }
    }

    /// As in "… 3 sessions?"
    pub(crate) fn imperative(self) -> &'static str {
        match self {
            Self::Connect => "Connect",
            Self::Disconnect => "Disconnect",
            Self::Remove => "Remove",
            Self::Forget => "Forget",
        }
    }
}

impl Bulk {
    pub(crate) fn new(verb: Verb, sessions: BTreeMap<SessionId, String>) -> Self {
        Self {
            verb,
            then_quit: false,
            entered: None,
            count: sessions.len(),
            left: sessions,
            failed: BTreeMap::new(),
        }
    }

    /// Takes how it went with one. Whether that one was waited for.
    pub(crate) fn done(&mut self, session: SessionId, failure: Option<Box<Report>>) -> bool {
        let Some(name) = self.left.remove(&session) else {
            return false;
        };
        let failed = failure.map(|report| (session, (name, report)));
        self.failed.extend(failed);
        true
    }

    /// The name of one that is not done yet.
    pub(crate) fn name(&self, session: SessionId) -> Option<&str> {
        self.left.get(&session).map(String::as_str)
    }

    /// Whether one is not done yet.
    pub(crate) fn waits_for(&self, session: SessionId) -> bool {
        self.left.contains_key(&session)
    }

    /// How many are not done.
    pub(crate) fn left(&self) -> usize {
        self.left.len()
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// How many went well.
    pub(crate) fn succeeded(&self) -> usize {
        self.count - self.left.len() - self.failed.len()
    }

    /// What went wrong, in one report, and with which; what was cancelled did not.
    pub(crate) fn failures(self) -> Option<(Box<Report>, Vec<SessionId>)> {
        let mut failed = self.failed;
        failed.retain(|_, (_, report)| report.code != ExitCode::Cancelled);
        let sessions = failed.keys().copied().collect();
        let (_, (_, first)) = failed.first_key_value()?;
        if self.count == 1 {
            let only = failed.into_values().next();
            return only.map(|(_, report)| (report, sessions));
        }
        let what = format!(
            "{} of {} sessions could not be {}",
            failed.len(),
            self.count,
            self.verb.done()
        );
        let mut all = Report::new(first.code, what);
        for (name, report) in failed.into_values() {
            let computer = report.computer.unwrap_or_default();
            let why = report.reasons.into_iter().next().unwrap_or(report.what);
            all.reasons.push(format!("{name} on {computer}: {why}"));
            for hint in report.hints {
                if !all.hints.contains(&hint) {
                    all.hints.push(hint);
                }
            }
        }
        Some((Box::new(all), sessions))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_of_several_become_one_report_that_names_them() {
        let sessions = (1..=4).map(|id| (SessionId(id), format!("s{id}")));
        let mut bulk = Bulk::new(Verb::Connect, sessions.collect());
        let refused = |why: &str| {
            let mut report = Report::new(ExitCode::Refused, "cannot connect the session");
            report.reasons.push(why.to_owned());
            report.hints.push("wait".to_owned());
            Some(Box::new(report))
        };
        assert!(bulk.done(SessionId(1), None));
        assert!(bulk.done(SessionId(2), refused("it is busy")));
        assert!(bulk.done(SessionId(3), refused("it is gone")));
        assert!(!bulk.done(SessionId(3), None), "once");
        let cancelled = Report::new(ExitCode::Cancelled, "cancelled");
        assert!(bulk.done(SessionId(4), Some(Box::new(cancelled))));
        assert_eq!((bulk.left(), bulk.succeeded()), (0, 1));
        let (report, sessions) = bulk.failures().unwrap();
        assert_eq!(sessions, [SessionId(2), SessionId(3)]);
        assert_eq!(report.what, "2 of 4 sessions could not be connected");
        assert_eq!(report.reasons.len(), 2);
        assert_eq!(report.hints, ["wait"]);
    }
}
