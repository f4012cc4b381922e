//! An entered session in a tab.

use std::collections::VecDeque;
use std::time::SystemTime;

use crate::remote_text;
use crate::session::{Interruption, Report, SessionId};
use crate::tui::theme::Role;
use crate::tui::widgets::editor::Editor;
use crate::tui::widgets::wrap;
use crate::tui::words::{age, countdown};

use super::ask::HostPrompt;
use super::complete::Completion;
use super::history::History;
use super::records::Bar;
use super::scrollback::{Ink, Scrollback};

/// A number for a pane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct PaneId(pub(crate) u64);

/// What stands before the lines of a command that goes on.
pub(crate) const MORE: &str = ">> ";

/// An entered session.
#[derive(Debug)]
pub(crate) struct Pane {
    pub(crate) id: PaneId,
    pub(crate) session: SessionId,
    /// The computer, which dialogs name.
    pub(crate) computer: String,
    pub(crate) scrollback: Scrollback,
    pub(crate) state: PaneState,
    /// The last line of the prompt, plain.
    pub(crate) prompt: String,
    pub(crate) editor: Editor,
    pub(crate) history: History,
    /// The search of the history, while it is on.
    pub(crate) search: Option<Search>,
    pub(crate) completion: Option<Completion>,
    /// The number of the completion asked for last.
    pub(crate) completing: Option<u64>,
    pub(crate) bars: Vec<Bar>,
    /// Prompts of the remote host, the one being answered first.
    pub(crate) asks: VecDeque<HostPrompt>,
    /// Lines that wait for the prompt.
    pub(crate) waiting: VecDeque<String>,
    /// Whether something came while another tab was shown.
    pub(crate) unread: bool,
    /// Whether a stop was asked for and has not ended the command yet.
    pub(crate) stopping: bool,
    /// Whether its session is being disconnected.
    pub(crate) leaving: bool,
    /// Whether its session cannot be reached.
    pub(crate) away: Option<Away>,
    /// Lines that were entered meanwhile. Nobody sends them; they go back into the line.
    pub(crate) held: VecDeque<String>,
}

/// Why a session cannot be reached.
#[derive(Debug)]
pub(crate) enum Away {
    /// The network is lost, and tried again.
    Lost(Interruption),
    /// It goes on at its server without us.
    Left {
        why: Option<String>,
        expires: Option<SystemTime>,
    },
}

/// How a pane is.
#[derive(Debug)]
pub(crate) enum PaneState {
    /// Waits for the first prompt.
    Entering,
    /// Takes a line.
    Ready,
    /// Runs one.
    Running,
    /// Lost.
    Broken(Box<Report>),
}

/// A backwards search of the history.
#[derive(Debug, Default)]
pub(crate) struct Search {
    pub(crate) text: String,
    pub(crate) skip: usize,
    /// What was in the line before.
    pub(crate) before: String,
}

impl Pane {
    pub(crate) fn new(id: PaneId, session: SessionId, computer: String) -> Self {
        Self {
            id,
            session,
            computer,
            scrollback: Scrollback::default(),
            state: PaneState::Entering,
            prompt: String::new(),
            editor: Editor::default(),
            history: History::default(),
            search: None,
            completion: None,
            completing: None,
            bars: Vec::new(),
            asks: VecDeque::new(),
            waiting: VecDeque::new(),
            unread: false,
            stopping: false,
            leaving: false,
            away: None,
            held: VecDeque::new(),
        }
    }

    /// A pane of a session that was taken up: what runs there goes on.
    pub(crate) fn taken_up(id: PaneId, session: SessionId, computer: String) -> Self {
        Self {
            state: PaneState::Running,
            ..Self::new(id, session, computer)
        }
    }

    /// The session can be reached again: what was typed meanwhile stands in the line, to be sent by nobody but the user.
    pub(crate) fn back(&mut self, kept: Vec<String>) {
        self.away = None;
        let typed = self.editor.take();
        let lines: Vec<_> = kept
            .into_iter()
            .chain(self.held.drain(..))
            .chain((!typed.is_empty()).then_some(typed))
            .collect();
        self.editor.set(&lines.join("\n"));
        self.scrollback.follow();
    }

    /// What is to be known of the session as long as it cannot be reached.
    pub(crate) fn notices(&self, now: SystemTime) -> Vec<String> {
        match &self.away {
            Some(Away::Left { why, expires }) => self.left_notices(why.as_deref(), *expires, now),
            Some(Away::Lost(lost)) => {
                let left = lost.until.duration_since(now).unwrap_or_default();
                vec![
                    format!(
                        "No network: {}. Tried again for {} more.",
                        remote_text::plain(&lost.why),
                        countdown(left.as_secs())
                    ),
                    "What you enter now is kept here and not sent.".to_owned(),
                ]
            }
            None => Vec::new(),
        }
    }

    fn left_notices(
        &self,
        why: Option<&str>,
        expires: Option<SystemTime>,
        now: SystemTime,
    ) -> Vec<String> {
        let mut text = "Disconnected".to_owned();
        if let Some(why) = why {
            text.push_str(": ");
            text.push_str(remote_text::plain(why).trim_end_matches('.'));
        }
        text.push_str(match self.state {
            PaneState::Running => ". What runs here goes on at its server",
            _ => ". The session stays at its server",
        });
        match expires.map(|at| at.duration_since(now)) {
            Some(Ok(left)) => {
                text.push_str(&format!(", which keeps it for {}.", age(left.as_secs())));
            }
            Some(Err(_)) => text.push_str(", which may have dropped it by now: its time is over."),
            None => text.push('.'),
        }
        let mut notices = vec![text];
        if !self.asks.is_empty() {
            notices.push("It waits for an answer of yours, and asks again then.".to_owned());
        }
        if !self.held.is_empty() || !self.editor.is_empty() {
            notices.push("What was typed is kept and not sent.".to_owned());
        }
        notices.push("Enter connects it again.".to_owned());
        notices
    }

    /// Takes a prompt. All lines of it but the last are shown at once.
    pub(crate) fn ready(&mut self, prompt: &str) {
        self.scrollback.fresh_line();
        let mut lines = prompt.trim_end_matches(['\r', '\n']).rsplit('\n');
        let last = lines.next().unwrap_or_default();
        for line in lines.rev() {
            self.scrollback
                .write_remote(line, Some(Ink::Role(Role::Prompt)));
            self.scrollback.end_line();
        }
        self.prompt = remote_text::plain(last);
        self.state = PaneState::Ready;
        self.stopping = false;
        self.bars.clear();
        self.asks.clear();
    }

    /// Leaves a line in the scrollback as it stood behind the prompt.
    pub(crate) fn echo(&mut self, line: &str) {
        let mut prompt = self.prompt.clone();
        for part in line.split('\n') {
            self.scrollback.push(&prompt, Some(Ink::Role(Role::Prompt)));
            self.scrollback.write_remote(part, None);
            self.scrollback.end_line();
            MORE.clone_into(&mut prompt);
        }
        self.scrollback.follow();
    }

    /// Whether its session goes on at its server without us.
    pub(crate) fn is_left(&self) -> bool {
        matches!(self.away, Some(Away::Left { .. }))
    }

    /// The prompt of the remote host that is to be answered now.
    pub(crate) fn asked(&self) -> Option<&HostPrompt> {
        self.asks.front().filter(|_| !self.is_left())
    }

    /// Whether it takes a line now.
    pub(crate) fn is_ready(&self) -> bool {
        matches!(self.state, PaneState::Ready)
    }

    /// The rows of the prompt with its line, and of what stands with it: what is not scrollback.
    pub(crate) fn tail_rows(&self, width: u16, now: SystemTime) -> usize {
        match self.state {
            PaneState::Ready => {
                self.editor.layout(&self.prompt, MORE, width).rows.len() + self.below(width, now)
            }
            PaneState::Running => {
                usize::from(!self.editor.is_empty())
                    + self.waiting.len().min(3)
                    + self.bars.len()
                    + self.below(width, now)
            }
            PaneState::Entering => 1 + self.below(width, now),
            PaneState::Broken(_) => 0,
        }
    }

    /// The rows of what stands below the prompt.
    fn below(&self, width: u16, now: SystemTime) -> usize {
        let notices = self.notices(now);
        let rows = notices.iter().map(|text| wrap::words(text, width).len());
        self.held.len().min(3) + rows.sum::<usize>()
    }
}
