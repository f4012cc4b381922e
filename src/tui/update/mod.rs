//! What happens: messages in, a changed model and effects out. No IO, no clock, nothing waits.

mod away;
mod bulk;
mod changes;
mod command;
mod dialogs;
mod leaving;
mod line;
mod opening;
mod pane;
mod prompts;
mod resume;
mod sessions;
mod tabs;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crossterm::event::{KeyEvent, KeyEventKind};

use crate::clixml::records::ProgressRecord;
use crate::session::{
    CommandCompletion, InteractiveEvent, Line, Prompt, PromptReply, Report, SessionId, SessionInfo,
    Size, StreamKind,
};
use crate::transport::{Answer, Question, Stage};

use super::input::{Action, Chord, Context, paste};
use super::model::bulk::Verb;
use super::model::geometry::Geometry;
use super::model::layer::{Asker, NewSession, OpeningId, QuestionId};
use super::model::pane::PaneId;
use super::model::{Model, Redraw, Toast};

pub(super) use resume::start;

/// Something that happened.
#[derive(Debug)]
pub(crate) enum Message {
    Key(KeyEvent),
    Paste(String),
    Resize(u16, u16),
    /// The terminal was taken again: everything is to be drawn.
    Resumed,
    Sessions(Arc<[SessionInfo]>),
    /// What a pane's session showed and asked, in order.
    Pane(PaneId, Vec<InteractiveEvent>),
    Completed(PaneId, u64, Result<CommandCompletion, Box<Report>>),
    /// What the line that runs in the command line put out and asked, in order.
    Command(Vec<CommandEvent>),
    Stage(OpeningId, Stage),
    /// A session of the list was opened or connected.
    Opened(OpeningId, Box<SessionInfo>),
    OpeningFailed(OpeningId, Box<Report>),
    Question(Asker, QuestionId, Question),
    /// Nobody waits for the answer any more.
    QuestionVoid(QuestionId),
    /// The session was left at its server, or not.
    Disconnected(SessionId, Result<(), Box<Report>>),
    /// A session was taken off the list, or not.
    Removed(OpeningId, Result<(), Box<Report>>),
    /// A round of questions to servers has begun, to these.
    Asking(u64, Vec<String>),
    /// A server of a round, by its place, said what it holds, or not.
    Listed(u64, usize, Result<Vec<SessionId>, Box<Report>>),
    /// A second has passed for what is being opened.
    Second(OpeningId),
    /// Something to be told.
    Note(String),
    /// Time has passed: ages or countdowns on the screen have changed.
    Tick,
    ToastOver(u64),
}

/// What a line of session cmdlets puts out and asks.
#[derive(Debug)]
pub(crate) enum CommandEvent {
    Text(String),
    Line(Line),
    Stream(StreamKind, String),
    /// An error, as it is shown.
    Error(String),
    Progress(i64, Box<ProgressRecord>),
    Prompt(u64, Prompt),
    PromptVoid(u64),
    /// A session is to be shown in a pane.
    Enter(SessionId, String),
    /// The line has ended; `exit`: with it the command line.
    Ended {
        exit: bool,
    },
}

/// Something to be done outside.
#[derive(Debug)]
pub(crate) enum Effect {
    Open(OpeningId, NewSession, Size),
    Connect(OpeningId, SessionId),
    CancelOpening(OpeningId),
    AnswerQuestion(QuestionId, Answer),
    Enter(PaneId, SessionId, Size),
    /// Enters a session that was taken up again.
    Resume(PaneId, SessionId, Size),
    Submit(PaneId, String),
    Interrupt(PaneId),
    ForceClose(PaneId),
    ResizePane(PaneId, Size),
    /// Text and the cursor in UTF-16 units.
    Complete(PaneId, u64, String, usize),
    AnswerPrompt(PaneId, u64, PromptReply),
    /// Leaves the session; what it runs is stopped.
    Leave(PaneId),
    /// Runs a line of session cmdlets.
    RunCommand(String, Size),
    StopCommand,
    /// Waits no longer for that line.
    GiveUpCommand,
    AnswerCommand(u64, PromptReply),
    /// Looks away; what it runs goes on.
    LookAway(PaneId),
    Disconnect(SessionId),
    /// Ends a session at its server, which may have to be connected for it.
    Remove(OpeningId, SessionId),
    /// Takes a session off the list and leaves it to its server.
    Forget(OpeningId, SessionId),
    /// Asks every server what it holds; `quiet`: without questions to the user.
    Refresh {
        round: u64,
        quiet: bool,
    },
    CancelRefresh,
    /// Sends the message after a time.
    Later(Duration, Box<Message>),
    Suspend,
    Quit,
}

/// Changes the model as the message asks; what is to be done outside comes back.
pub(crate) fn update(model: &mut Model, message: Message, now: SystemTime) -> Vec<Effect> {
    model.now = now;
    match message {
        Message::Key(event) => {
            // Terminals that tell of releases send two events for a key.
            if event.kind == KeyEventKind::Release {
                return Vec::new();
            }
            model.draw(Redraw::Now);
            model.untouched = false;
            key(model, Chord::of(event))
        }
        Message::Paste(text) => {
            model.draw(Redraw::Now);
            model.untouched = false;
            pasted(model, &paste::clean(&text))
        }
        Message::Resize(columns, rows) => resize(model, columns, rows),
        Message::Resumed => {
            model.draw(Redraw::Now);
            Vec::new()
        }
        Message::Sessions(sessions) => {
            model.draw(Redraw::Soon);
            changes::take(model, sessions)
        }
        Message::Pane(pane, events) => pane::events(model, pane, events),
        Message::Completed(pane, number, answer) => line::completed(model, pane, number, answer),
        Message::Command(events) => command::events(model, events),
        Message::Stage(id, stage) => opening::stage(model, id, stage),
        Message::Opened(id, info) => opening::opened(model, id, &info),
        Message::OpeningFailed(id, report) => opening::failed(model, id, report),
        Message::Question(asker, id, question) => opening::question(model, asker, id, question),
        Message::QuestionVoid(id) => opening::void(model, id),
        Message::Disconnected(id, result) => {
            if result.is_err() {
                leaving::stays(model, id);
            }
            bulk::done(model, Verb::Disconnect, id, result.err())
        }
        Message::Removed(id, result) => bulk::removed(model, id, result.err()),
        Message::Asking(round, names) => resume::asking(model, round, names),
        Message::Listed(round, place, answer) => resume::listed(model, round, place, answer),
        Message::Note(text) => toast(model, text, true),
        Message::Second(id) => opening::second(model, id),
        Message::Tick => {
            model.draw(Redraw::Soon);
            Vec::new()
        }
        Message::ToastOver(number) => {
            model.toasts.retain(|toast| toast.number != number);
            model.draw(Redraw::Soon);
            Vec::new()
        }
    }
}

/// A key goes to the dialog on top, to psdeck behind the prefix key, or to what is shown.
fn key(model: &mut Model, chord: Chord) -> Vec<Effect> {
    if !model.layers.is_empty() {
        return dialogs::key(model, chord);
    }
    if model.prefix {
        model.prefix = false;
        return match model.keys.action(Context::Prefix, chord) {
            Some(action) => tabs::action(model, action),
            None => Vec::new(),
        };
    }
    if model.tab == 0 {
        return sessions::key(model, chord);
    }
    if model.keys.action(Context::Pane, chord) == Some(Action::Prefix) {
        model.prefix = true;
        return Vec::new();
    }
    pane::key(model, chord)
}

fn pasted(model: &mut Model, text: &str) -> Vec<Effect> {
    if model.prefix || text.is_empty() {
        model.prefix = false;
        return Vec::new();
    }
    if !model.layers.is_empty() {
        dialogs::paste(model, text);
        return Vec::new();
    }
    if model.tab == 0 {
        sessions::paste(model, text);
        return Vec::new();
    }
    pane::paste(model, text);
    Vec::new()
}

fn resize(model: &mut Model, columns: u16, rows: u16) -> Vec<Effect> {
    model.geometry = Geometry::new((columns, rows));
    model.draw(Redraw::Soon);
    let size = pane_size(model);
    model
        .panes
        .iter()
        .map(|pane| Effect::ResizePane(pane.id, size))
        .collect()
}

/// What the remote side is told of a pane's window; never nothing.
fn pane_size(model: &Model) -> Size {
    let (columns, rows) = model.geometry.pane();
    Size {
        columns: columns.max(1),
        rows: rows.max(1),
    }
}

/// Shows a notice for a while.
fn toast(model: &mut Model, text: String, wrong: bool) -> Vec<Effect> {
    let number = model.number();
    model.toasts.retain(|toast| toast.text != text);
    model.toasts.push(Toast {
        number,
        text,
        wrong,
    });
    if model.toasts.len() > 2 {
        model.toasts.remove(0);
    }
    model.draw(Redraw::Soon);
    let seconds = if wrong { 8 } else { 4 };
    vec![Effect::Later(
        Duration::from_secs(seconds),
        Box::new(Message::ToastOver(number)),
    )]
}

#[cfg(test)]
mod away_tests;
#[cfg(test)]
mod changes_tests;
#[cfg(test)]
mod command_tests;
#[cfg(test)]
mod leaving_tests;
#[cfg(test)]
mod resume_tests;
#[cfg(test)]
mod tests;
