//! A pane: what its session shows and asks, and the keys that are no line editing.

use crate::language::{Completeness, Incomplete, completeness};
use crate::remote_text;
use crate::session::{InteractiveEvent, Line, PromptReply, Report, SessionState, TransportKind};
use crate::tui::input::{Action, Chord, Context, Edit, paste};
use crate::tui::model::ask::HostPrompt;
use crate::tui::model::layer::{self, Layer, NewSession};
use crate::tui::model::pane::{Away, Pane, PaneId, PaneState};
use crate::tui::model::records;
use crate::tui::model::scrollback::Ink;
use crate::tui::model::{Model, Redraw};
use crate::tui::theme::Role;

use super::{Effect, away, line, prompts, tabs, toast};

/// Takes what a session showed and asked.
pub(super) fn events(model: &mut Model, id: PaneId, events: Vec<InteractiveEvent>) -> Vec<Effect> {
    let mut effects = Vec::new();
    for event in events {
        match event {
            InteractiveEvent::Left { exit_code } => {
                effects.extend(left(model, id, exit_code));
                return effects;
            }
            InteractiveEvent::Broken(report) => effects.extend(broken(model, id, report)),
            other => {
                if let Some(pane) = find(model, id) {
                    effects.extend(show(pane, other));
                } else if let InteractiveEvent::Prompt { id: prompt, .. } = other {
                    // Its tab is gone: what asks must not wait for ever.
                    effects.push(Effect::AnswerPrompt(id, prompt, PromptReply::Refuse));
                }
            }
        }
    }
    let tab = model.tab_of(id);
    if tab == Some(model.tab) {
        model.draw(Redraw::Soon);
    } else if let Some(pane) = find(model, id)
        && !pane.unread
    {
        pane.unread = true;
        model.draw(Redraw::Soon);
    }
    effects
}

pub(super) fn key(model: &mut Model, chord: Chord) -> Vec<Effect> {
    let action = model.keys.action(Context::Pane, chord);
    if let Some(action) = action
        && scroll(model, action)
    {
        return Vec::new();
    }
    let Some(pane) = model.pane() else {
        return Vec::new();
    };
    if pane.asked().is_some() {
        return prompts::key(model, chord);
    }
    match pane.state {
        PaneState::Broken(_) => broken_key(model, action),
        _ if pane.is_left() => away::key(model, action, chord),
        PaneState::Entering => entering_key(model, action),
        PaneState::Ready | PaneState::Running => line::key(model, action, chord),
    }
}

/// A paste goes into the prompt's field or into the line; several lines are asked about first.
pub(super) fn paste(model: &mut Model, text: &str) {
    let Some(pane) = model.pane_mut() else { return };
    if pane.asked().is_some() {
        prompts::paste(pane, text);
        return;
    }
    if matches!(pane.state, PaneState::Broken(_) | PaneState::Entering) {
        return;
    }
    pane.completion = None;
    pane.search = None;
    if paste::lines(text).len() > 1 {
        let id = pane.id;
        let text = text.to_owned();
        model.layers.push(Layer::Paste { pane: id, text });
    } else {
        pane.editor.insert(text.trim_end_matches('\n'));
        pane.scrollback.follow();
    }
}

/// Runs pasted lines one after another, those that belong together as one. The first goes behind what was typed.
pub(super) fn run_lines(model: &mut Model, id: PaneId, lines: Vec<String>) -> Vec<Effect> {
    let Some(pane) = find(model, id) else {
        return Vec::new();
    };
    let mut command = pane.editor.take();
    let mut waits_for: Option<Incomplete> = None;
    for line in lines {
        command.push_str(&line);
        if waits_for.is_none_or(|waits_for| waits_for.may_end_in(&line)) {
            waits_for = match completeness(&command) {
                Completeness::Incomplete(open) => Some(open),
                _ => None,
            };
        }
        if waits_for.is_some() {
            command.push('\n');
        } else {
            let whole = std::mem::take(&mut command);
            if !whole.trim().is_empty() {
                let lines = if pane.away.is_some() {
                    &mut pane.held
                } else {
                    &mut pane.waiting
                };
                lines.push_back(whole);
            }
        }
    }
    // What is not complete stays in the line, to be finished.
    pane.editor.set(command.trim_end_matches('\n'));
    next(pane).into_iter().collect()
}

/// Runs a line, or keeps it until the prompt comes.
pub(super) fn submit(pane: &mut Pane, text: String) -> Option<Effect> {
    pane.scrollback.follow();
    pane.history.add(&text);
    if pane.away.is_some() {
        pane.held.push_back(text);
        return None;
    }
    if !text.trim().is_empty() || !pane.is_ready() {
        pane.waiting.push_back(text);
        return next(pane);
    }
    // Nothing to run: a prompt costs no round trip.
    pane.echo(&text);
    None
}

/// Starts the next line that waits.
fn next(pane: &mut Pane) -> Option<Effect> {
    if !pane.is_ready() || pane.away.is_some() {
        return None;
    }
    let text = pane.waiting.pop_front()?;
    pane.echo(&text);
    pane.state = PaneState::Running;
    Some(Effect::Submit(pane.id, text))
}

fn find(model: &mut Model, id: PaneId) -> Option<&mut Pane> {
    model.panes.iter_mut().find(|pane| pane.id == id)
}

fn show(pane: &mut Pane, event: InteractiveEvent) -> Option<Effect> {
    match event {
        InteractiveEvent::Ready(prompt) => {
            pane.ready(&prompt);
            return next(pane);
        }
        InteractiveEvent::Write(line) => {
            pane.scrollback.write_remote(&line.text, ink(&line));
            if line.newline {
                pane.scrollback.end_line();
            }
        }
        InteractiveEvent::Stream(kind, text) => {
            let (before, role) = records::stream(kind);
            pane.scrollback.fresh_line();
            pane.scrollback.push(before, Some(Ink::Role(role)));
            pane.scrollback.write_remote(&text, Some(Ink::Role(role)));
            pane.scrollback.end_line();
        }
        InteractiveEvent::Error(record) => {
            pane.scrollback
                .write_lines(&records::error(&record), Role::Error);
        }
        InteractiveEvent::Progress { source, record } => {
            records::progress(&mut pane.bars, source, &record);
        }
        InteractiveEvent::Clear => pane.scrollback.clear(),
        InteractiveEvent::Prompt { id, prompt } => {
            let prompt = HostPrompt::new(id, prompt, pane.scrollback.open_text());
            pane.scrollback.follow();
            pane.asks.push_back(prompt);
        }
        InteractiveEvent::PromptCancelled(id) => pane.asks.retain(|ask| ask.id != id),
        InteractiveEvent::Notice(text) => pane.scrollback.write_lines(&text, Role::Notice),
        InteractiveEvent::Interrupted(lost) => pane.away = Some(Away::Lost(lost)),
        InteractiveEvent::Disconnected { why, expires } => {
            pane.leaving = false;
            // Whenever it is taken up, these are not sent by surprise.
            pane.held.extend(pane.waiting.drain(..));
            pane.away = Some(Away::Left { why, expires });
        }
        InteractiveEvent::Restored { lines } | InteractiveEvent::Reconnected { lines } => {
            if !lines.is_empty() {
                // They come before these.
                let later = std::mem::take(&mut pane.held);
                pane.held = pane.waiting.drain(..).chain(later).collect();
            }
            pane.back(lines);
            return next(pane);
        }
        InteractiveEvent::StopPending => {
            pane.stopping = true;
            pane.scrollback.write_lines(
                "The command has not stopped yet. Ctrl+C again offers to close the session by force.",
                Role::Notice,
            );
        }
        InteractiveEvent::Title(_)
        | InteractiveEvent::Left { .. }
        | InteractiveEvent::Broken(_) => {}
    }
    None
}

pub(super) fn ink(line: &Line) -> Option<Ink> {
    let style = remote_text::Style {
        foreground: line
            .foreground
            .and_then(|colour| remote_text::Colour::console(colour.0)),
        background: line
            .background
            .and_then(|colour| remote_text::Colour::console(colour.0)),
        ..remote_text::Style::default()
    };
    (!style.is_plain()).then_some(Ink::Remote(style))
}

fn left(model: &mut Model, id: PaneId, exit_code: Option<i32>) -> Vec<Effect> {
    let Some((computer, leaving)) =
        find(model, id).map(|pane| (pane.computer.clone(), pane.leaving))
    else {
        return Vec::new();
    };
    tabs::take_away(model, id);
    // Whoever disconnects is told so.
    if leaving {
        return Vec::new();
    }
    let with = exit_code.map_or_else(String::new, |code| format!(" with exit code {code}"));
    let text = format!("Left {computer}{with}. The session stays open.");
    toast(model, text, false)
}

fn broken(model: &mut Model, id: PaneId, report: Box<Report>) -> Vec<Effect> {
    let hidden = model.tab_of(id) != Some(model.tab);
    let Some((session, leaving)) = find(model, id).map(|pane| (pane.session, pane.leaving)) else {
        return Vec::new();
    };
    let left_running = leaving
        || model.sessions.get(session).is_some_and(|info| {
            matches!(
                info.state,
                SessionState::Disconnecting | SessionState::Disconnected
            )
        });
    if left_running {
        tabs::take_away(model, id);
        return Vec::new();
    }
    let Some(pane) = find(model, id) else {
        return Vec::new();
    };
    pane.state = PaneState::Broken(report);
    pane.away = None;
    pane.scrollback.fresh_line();
    pane.asks.clear();
    pane.bars.clear();
    pane.waiting.clear();
    pane.completion = None;
    pane.search = None;
    let text = format!("The session on {} is broken", pane.computer);
    if hidden {
        return toast(model, text, true);
    }
    Vec::new()
}

/// Enter leads to a new session. Nothing else does anything: whoever is just typing must not lose the pane.
fn broken_key(model: &mut Model, action: Option<Action>) -> Vec<Effect> {
    if action == Some(Action::Submit) {
        let known = model.pane().and_then(|pane| {
            let origin = model.origins.get(&pane.session).cloned();
            origin.or_else(|| {
                Some(NewSession {
                    target: target_of(model, pane)?,
                    ..NewSession::default()
                })
            })
        });
        let form = layer::new_session(known.as_ref(), &model.config);
        model.layers.push(Layer::New(form));
        return Vec::new();
    }
    Vec::new()
}

/// How the session's computer is written as a target: by its profile, else as far as its list entry says.
fn target_of(model: &Model, pane: &Pane) -> Option<String> {
    let computer = &pane.computer;
    if model.config.computers.contains_key(computer) {
        return Some(computer.clone());
    }
    let info = model.sessions.get(pane.session)?;
    let at = info
        .user
        .as_ref()
        .map_or_else(String::new, |user| format!("{user}@"));
    Some(match info.transport {
        TransportKind::Ssh => format!("ssh:{at}{computer}"),
        TransportKind::Demo => format!("demo:{computer}"),
        TransportKind::Process => "local".to_owned(),
        TransportKind::WSMan => format!("wsman:{computer}"),
    })
}

fn entering_key(model: &mut Model, action: Option<Action>) -> Vec<Effect> {
    match action {
        Some(Action::Interrupt | Action::Cancel) => tabs::action(model, Action::ClosePane),
        _ => Vec::new(),
    }
}

/// Whether the action scrolls.
fn scroll(model: &mut Model, action: Action) -> bool {
    let (columns, rows) = model.geometry.pane();
    let now = model.now;
    let height = usize::from(rows);
    let screenful = height.saturating_sub(2).max(1);
    let Some(pane) = model.pane_mut() else {
        return false;
    };
    let tail = pane.tail_rows(columns, now).min(height);
    let scrollback = &mut pane.scrollback;
    match action {
        Action::PageUp => scrollback.scroll_back(screenful, columns, height, tail),
        Action::PageDown => scrollback.scroll_forward(screenful, columns, height, tail),
        Action::First => scrollback.first_line(),
        Action::Last => scrollback.follow(),
        _ => return false,
    }
    true
}

/// Edits the line and puts what was open over it away.
pub(super) fn edit(pane: &mut Pane, edit: Edit) {
    pane.completion = None;
    pane.editor.apply(edit);
    pane.scrollback.follow();
}
