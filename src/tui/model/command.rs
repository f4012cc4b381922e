//! The command line: session cmdlets, and what they put out.

use crate::tui::theme::Role;
use crate::tui::widgets::editor::Editor;

use super::complete::Completion;
use super::history::History;
use super::pane::MORE;
use super::records::Bar;
use super::scrollback::{Ink, Scrollback};

/// What stands before the line.
pub(crate) const PROMPT: &str = ":";

/// The command line with what its lines put out.
#[derive(Debug, Default)]
pub(crate) struct CommandLine {
    pub(crate) editor: Editor,
    pub(crate) history: History,
    pub(crate) output: Scrollback,
    pub(crate) completion: Option<Completion>,
    pub(crate) bars: Vec<Bar>,
    pub(crate) running: bool,
    /// Whether it was asked to stop.
    pub(crate) stopping: bool,
    /// Whether there is something to see above it.
    pub(crate) wrote: bool,
}

impl CommandLine {
    /// Leaves a line in the output as it was typed.
    pub(crate) fn echo(&mut self, line: &str) {
        self.wrote = true;
        self.output.fresh_line();
        let mut before = PROMPT;
        for part in line.split('\n') {
            self.output.push(before, Some(Ink::Role(Role::Prompt)));
            self.output.write_remote(part, None);
            self.output.end_line();
            before = MORE;
        }
        self.output.follow();
    }

    /// Rows of the line itself and its bars, in that width.
    pub(crate) fn tail_rows(&self, width: u16) -> usize {
        self.editor.layout(PROMPT, MORE, width).rows.len() + self.bars.len()
    }
}
