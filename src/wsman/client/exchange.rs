//! One request and its answer, however often it has to be sent.

use std::time::{Duration, Instant};

use bytes::Bytes;
use uuid::Uuid;

use super::retry::{Recovery, Schedule};
use super::{ExchangeId, Lane, Sent, Why};
use crate::psrp::{Priority, Target};
use crate::wsman::Action;

/// Silence after which anything but a Receive counts as lost, at most; servers that keep answers break it every 60 s.
const PATIENCE: Duration = Duration::from_secs(75);
/// What a Receive may take beyond the operation's time, at most.
const DELAY: Duration = Duration::from_secs(30);

/// A server that knows a request that is sent again says so at once.
const DOUBT: Duration = Duration::from_secs(3);

/// What any exchange may take beyond its patience: connections are made and requests written meanwhile, at 8 kbit/s or
/// faster.
const BACKSTOP: Duration = Duration::from_mins(2);

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Ask {
    Create {
        name: String,
    },
    Connect,
    Command(Uuid),
    ConnectCommand(Uuid),
    Send(Target, Priority),
    Receive(Target),
    Stop(Uuid),
    Terminate(Uuid),
    Disconnect,
    Reconnect(Target),
    Delete,
    /// Is there a shell, as the lost Create of that exchange would have made?
    FindShell(ExchangeId),
    /// Is there a command, as the lost Command of that exchange would have made?
    FindCommand(ExchangeId),
    /// How is the shell kept?
    Look,
    /// Who holds it?
    Holder,
}

/// Where an exchange stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// To be sent now.
    Due,
    /// On its way, or being answered.
    Flying,
    /// To be sent at that time.
    Waiting(Instant),
    /// To be sent once the shell was taken up.
    Held,
    /// Another exchange finds out whether the server has done it.
    Probing,
}

#[derive(Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent facts, not a state"
)]
pub(super) struct Exchange {
    pub(super) ask: Ask,
    /// What is to be carried; the first `cut` bytes of it ride in this envelope.
    pub(super) data: Bytes,
    /// None before the first transmission.
    pub(super) cut: Option<usize>,
    pub(super) message: Uuid,
    pub(super) operation: Uuid,
    /// The limit of envelopes that it names.
    pub(super) limit: usize,
    pub(super) stage: Stage,
    /// Its transmission, while that lasts.
    pub(super) flight: Option<ExchangeId>,
    /// The server may have run it.
    pub(super) maybe: bool,
    /// The server is asked for the answer that it keeps.
    pub(super) again: bool,
    /// Needs a connection that was made after the loss.
    pub(super) fresh: bool,
    /// It was sent before under another identity, so that what it makes may be there.
    pub(super) repeated: bool,
    /// When it was sent first, and last.
    pub(super) flown: Option<(Instant, Instant)>,
    /// When the transmission left, or brought something.
    pub(super) sign: Option<Instant>,
    /// The server has said that it knows the request that was sent again.
    pub(super) acknowledged: bool,
    /// The server did not say so, though it has kept the answer for long if it has: it is asked about the command.
    pub(super) doubted: bool,
    /// Nothing was tried any more for it: a new request for the same would come unawares.
    pub(super) expired: bool,
    /// The shell was taken up again for it.
    pub(super) rejoined: bool,
    pub(super) recovery: Option<Recovery>,
    /// Trouble so far that was not the network's.
    pub(super) attempts: u32,
    /// How many bytes of credit were taken for its unread answers.
    pub(super) estimate: usize,
    /// How many answers were read; only a Receive may have several.
    pub(super) answers: usize,
    /// Envelopes of this transmission that were no answer.
    pub(super) words: u64,
    /// Envelopes that wait to be read.
    pub(super) unread: usize,
    /// The answer has ended.
    pub(super) finished: bool,
    /// Its end, if that came while envelopes waited.
    pub(super) loss: Option<(Sent, Why)>,
}

impl Exchange {
    pub(super) fn new(ask: Ask, data: Bytes, limit: usize) -> Self {
        Self {
            ask,
            data,
            cut: None,
            message: Uuid::new_v4(),
            operation: Uuid::new_v4(),
            limit,
            stage: Stage::Due,
            flight: None,
            maybe: false,
            again: false,
            fresh: false,
            repeated: false,
            flown: None,
            sign: None,
            acknowledged: false,
            doubted: false,
            expired: false,
            rejoined: false,
            recovery: None,
            attempts: 0,
            estimate: 0,
            answers: 0,
            words: 0,
            unread: 0,
            finished: false,
            loss: None,
        }
    }

    /// Makes it a new request for the same, as the server has not done the old one.
    pub(super) fn renew(&mut self, limit: usize) {
        self.message = Uuid::new_v4();
        self.operation = Uuid::new_v4();
        self.limit = limit;
        self.cut = None;
        self.repeated |= self.maybe;
        self.maybe = false;
        self.again = false;
        self.flown = None;
    }

    /// The transmission has failed; what of it is still to come counts for nothing.
    pub(super) fn land(&mut self, stage: Stage) {
        self.stage = stage;
        self.flight = None;
        self.finished = false;
        self.unread = 0;
        self.answers = 0;
        self.words = 0;
        self.acknowledged = false;
        self.doubted = false;
        self.loss = None;
    }

    /// Whether a shell that nobody has told of may come of it, or be found by it.
    pub(super) fn makes_shell(&self) -> bool {
        match self.ask {
            Ask::Create { .. } | Ask::Connect => !self.is_unknown(),
            Ask::FindShell(_) => true,
            _ => false,
        }
    }

    /// Whether the server may have run it, whatever it has said since.
    pub(super) fn may_have_run(&self) -> bool {
        self.maybe || self.again || self.repeated
    }

    /// Whether the server cannot know of it.
    pub(super) fn is_unknown(&self) -> bool {
        !self.maybe && !self.repeated && !matches!(self.stage, Stage::Flying | Stage::Probing)
    }

    /// Whether it was sent before as it is, as a new request.
    pub(super) fn was_repeated(&self) -> bool {
        !self.again && self.flown.is_some_and(|(first, last)| first != last)
    }

    /// Whether it was asked for again so late that the server, which does not say that it knows it, may have forgotten
    /// an answer and run it anew.
    pub(super) fn is_forgotten(&self, schedule: Schedule) -> bool {
        let late = |(first, last)| schedule.is_forgotten(first, last);
        self.again && !self.acknowledged && self.flown.is_some_and(late)
    }

    /// From when on it counts as forgotten by the server.
    pub(super) fn doubt(&self, schedule: Schedule) -> Option<Instant> {
        let in_doubt = matches!(self.ask, Ask::Receive(_))
            && self.is_flying()
            && !self.doubted
            && self.answers + self.unread == 0
            && self.is_forgotten(schedule);
        self.sign.filter(|_| in_doubt).map(|at| at + DOUBT)
    }

    /// When whoever carries it has forgotten it.
    pub(super) fn backstop(&self, operation: Duration) -> Option<Instant> {
        let upload = u64::try_from(self.cut.unwrap_or(0)).unwrap_or(u64::MAX);
        let longest = self.patience(operation) + BACKSTOP + Duration::from_millis(upload * 4 / 3);
        self.sign
            .filter(|_| self.is_flying())
            .map(|at| at + longest)
    }

    pub(super) fn is_flying(&self) -> bool {
        self.stage == Stage::Flying
    }

    /// What does not fit into its envelope.
    pub(super) fn rest(&self) -> Bytes {
        self.data
            .slice(self.cut.unwrap_or(0).min(self.data.len())..)
    }

    pub(super) fn patience(&self, operation: Duration) -> Duration {
        match self.ask {
            // Nobody has seen a server break its silence while it makes a shell.
            Ask::Receive(_) | Ask::Create { .. } | Ask::Connect => {
                operation + DELAY.min(operation / 2)
            }
            // No server takes longer for one than the operation's time.
            _ => PATIENCE.min(operation * 5 / 4),
        }
    }
}

impl Ask {
    pub(super) fn action(&self) -> Action {
        match self {
            Self::Create { .. } => Action::Create,
            Self::Connect | Self::ConnectCommand(_) => Action::Connect,
            Self::Command(_) => Action::Command,
            Self::Send(..) => Action::Send,
            Self::Receive(_) => Action::Receive,
            Self::Stop(_) | Self::Terminate(_) => Action::Signal,
            Self::Disconnect => Action::Disconnect,
            Self::Reconnect(_) => Action::Reconnect,
            Self::Delete => Action::Delete,
            Self::FindShell(_) | Self::Look | Self::Holder => Action::Get,
            Self::FindCommand(_) => Action::Enumerate,
        }
    }

    pub(super) fn lane(&self) -> Lane {
        match self {
            Self::Receive(_) => Lane::Parked,
            Self::Stop(_)
            | Self::Terminate(_)
            | Self::Disconnect
            | Self::Delete
            | Self::Send(_, Priority::PromptResponse) => Lane::Urgent,
            _ => Lane::Ordinary,
        }
    }

    /// What fails when it fails.
    pub(super) fn target(&self) -> Target {
        match self {
            Self::Command(id) | Self::ConnectCommand(id) | Self::Stop(id) | Self::Terminate(id) => {
                Target::Pipeline(*id)
            }
            Self::Send(target, _) | Self::Receive(target) | Self::Reconnect(target) => *target,
            _ => Target::Pool,
        }
    }

    /// Whether a second run would do something twice.
    pub(super) fn runs_once(&self) -> bool {
        matches!(
            self,
            Self::Create { .. } | Self::Command(_) | Self::Send(..)
        )
    }
}
