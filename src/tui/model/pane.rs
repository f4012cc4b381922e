//! An entered session in a tab.

use std::collections::VecDeque;

use crate::remote_text;
use crate::session::{Report, SessionId};
use crate::tui::theme::Role;
use crate::tui::widgets::editor::Editor;

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
        }
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

    /// Whether it takes a line now.
    pub(crate) fn is_ready(&self) -> bool {
        matches!(self.state, PaneState::Ready)
    }

    /// The rows of the prompt with its line, and of what stands with it: what is not scrollback.
    pub(crate) fn tail_rows(&self, width: u16) -> usize {
        match self.state {
            PaneState::Ready => self.editor.layout(&self.prompt, MORE, width).rows.len(),
            PaneState::Running => {
                usize::from(!self.editor.is_empty()) + self.waiting.len().min(3) + self.bars.len()
            }
            PaneState::Entering => 1,
            PaneState::Broken(_) => 0,
        }
    }
}
