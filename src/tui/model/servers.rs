//! The servers that are asked which sessions they hold.

use crate::session::{ExitCode, Report};

/// The servers that were asked last.
#[derive(Debug, Default)]
pub(crate) struct Servers {
    /// Counts how often all were asked: answers to an earlier round are late.
    pub(crate) round: u64,
    /// Whether the user did not ask for it: nothing is asked or told.
    pub(crate) quiet: bool,
    pub(crate) all: Vec<Server>,
}

/// One of them.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) name: String,
    pub(crate) answer: Asking,
}

/// How far asking a server is.
#[derive(Debug)]
pub(crate) enum Asking {
    /// It is being asked.
    Now,
    /// It holds so many sessions of ours.
    Holds(usize),
    /// It did not say.
    Failed(Box<Report>),
    /// The user did not want to wait.
    GivenUp,
}

impl Servers {
    /// Begins a round.
    pub(crate) fn ask(&mut self, round: u64, names: Vec<String>) {
        let server = |name| Server {
            name,
            answer: Asking::Now,
        };
        self.round = round;
        self.all = names.into_iter().map(server).collect();
    }

    /// Takes a server's answer, if it is still waited for. Whether it was.
    pub(crate) fn answered(
        &mut self,
        round: u64,
        place: usize,
        answer: Result<usize, Box<Report>>,
    ) -> bool {
        if !self.asks(round, place) {
            return false;
        }
        let answer = match answer {
            Ok(count) => Asking::Holds(count),
            Err(report) if report.code == ExitCode::Cancelled => Asking::GivenUp,
            Err(report) => Asking::Failed(report),
        };
        if let Some(server) = self.all.get_mut(place) {
            server.answer = answer;
        }
        true
    }

    /// Whether this server is being asked in this round.
    pub(crate) fn asks(&self, round: u64, place: usize) -> bool {
        let server = self.all.get(place);
        round == self.round && server.is_some_and(|server| matches!(server.answer, Asking::Now))
    }

    /// How many are being asked.
    pub(crate) fn asked(&self) -> usize {
        let asked = |server: &&Server| matches!(server.answer, Asking::Now);
        self.all.iter().filter(asked).count()
    }

    /// Gives up those that have not answered.
    pub(crate) fn give_up(&mut self) {
        for server in &mut self.all {
            if matches!(server.answer, Asking::Now) {
                server.answer = Asking::GivenUp;
            }
        }
    }
}
