//! Keys of the line behind the prompt: editing, history, completion, stop.

use crate::language::{Completeness, completeness};
use crate::session::{CommandCompletion, Report};
use crate::tui::input::{Action, Chord, Context, Edit};
use crate::tui::model::complete::{Completion, units_before};
use crate::tui::model::pane::{Pane, PaneId, PaneState, Search};
use crate::tui::model::{Model, Redraw};

use super::{Effect, pane, tabs, toast};

pub(super) fn key(model: &mut Model, action: Option<Action>, chord: Chord) -> Vec<Effect> {
    let line_edit = match model.keys.action(Context::Line, chord) {
        Some(Action::Edit(edit)) => Some(edit),
        _ => None,
    };
    let number = model.number();
    let Some(pane) = model.pane_mut() else {
        return Vec::new();
    };
    if pane.search.is_some() && search_key(pane, action, line_edit, chord) {
        return Vec::new();
    }
    let effect = match action {
        Some(Action::Submit) => enter(pane),
        Some(Action::NewLine) => {
            pane.completion = None;
            pane.editor.insert("\n");
            None
        }
        Some(Action::Complete) => complete(pane, number, true),
        Some(Action::CompleteBack) => complete(pane, number, false),
        Some(Action::Interrupt) => return interrupt(model),
        Some(Action::HistoryBack) => {
            history(pane, true);
            None
        }
        Some(Action::HistoryForward) => {
            history(pane, false);
            None
        }
        Some(Action::HistorySearch) => {
            pane.completion = None;
            pane.search = Some(Search {
                before: pane.editor.text(),
                ..Search::default()
            });
            None
        }
        Some(Action::ClearPane) => {
            pane.scrollback.clear();
            None
        }
        Some(Action::EndOfInput) if pane.editor.is_empty() && pane.is_ready() => {
            pane::submit(pane, "exit".to_owned())
        }
        Some(Action::EndOfInput) => {
            pane::edit(pane, Edit::Delete);
            None
        }
        Some(Action::Cancel) => {
            match pane.completion.take() {
                Some(completion) => completion.undo(&mut pane.editor),
                None => pane.editor.set(""),
            }
            None
        }
        _ => {
            if let Some(edit) = line_edit {
                pane::edit(pane, edit);
            } else if let Some(c) = chord.typed() {
                pane.completion = None;
                pane.editor.insert(c.encode_utf8(&mut [0; 4]));
                pane.scrollback.follow();
            }
            None
        }
    };
    effect.into_iter().collect()
}

/// The server's proposals for the line; too late ones are dropped.
pub(super) fn completed(
    model: &mut Model,
    id: PaneId,
    number: u64,
    answer: Result<CommandCompletion, Box<Report>>,
) -> Vec<Effect> {
    let Some(pane) = model.panes.iter_mut().find(|pane| pane.id == id) else {
        return Vec::new();
    };
    if pane.completing != Some(number) {
        return Vec::new();
    }
    pane.completing = None;
    let effects = match answer {
        Ok(answer) if answer.matches.is_empty() => {
            toast(model, "Nothing completes this.".to_owned(), false)
        }
        Ok(answer) => {
            pane.completion = Completion::take(&mut pane.editor, answer);
            Vec::new()
        }
        Err(report) => {
            let reason = report.reasons.first().cloned().unwrap_or_default();
            let text = format!("{}: {reason}", report.what);
            toast(model, text.trim_end_matches([':', ' ']).to_owned(), true)
        }
    };
    model.draw(Redraw::Soon);
    effects
}

/// Enter: runs the line if it is whole, else goes on in a new one. An empty last line runs it as it is.
fn enter(pane: &mut Pane) -> Option<Effect> {
    let chosen = pane
        .completion
        .take()
        .is_some_and(|completion| completion.chosen.is_some());
    if chosen {
        return None;
    }
    let text = pane.editor.text();
    let given_up =
        pane.editor.lines().len() > 1 && pane.editor.lines().last().is_some_and(String::is_empty);
    if !given_up && matches!(completeness(&text), Completeness::Incomplete(_)) {
        pane.editor.apply(Edit::End);
        pane.editor.insert("\n");
        pane.scrollback.follow();
        return None;
    }
    let text = pane.editor.take();
    pane::submit(pane, text.trim_end_matches('\n').to_owned())
}

fn complete(pane: &mut Pane, number: u64, forward: bool) -> Option<Effect> {
    if let Some(completion) = &mut pane.completion {
        completion.step(&mut pane.editor, forward);
        return None;
    }
    if !pane.is_ready() {
        return None;
    }
    pane.completing = Some(number);
    let text = pane.editor.text();
    let cursor = units_before(&text, pane.editor.caret());
    Some(Effect::Complete(pane.id, number, text, cursor))
}

/// Ctrl+C: drops the line at the prompt, stops what runs; while that is stopping, offers to close by force.
fn interrupt(model: &mut Model) -> Vec<Effect> {
    let Some(pane) = model.pane_mut() else {
        return Vec::new();
    };
    pane.completion = None;
    match pane.state {
        PaneState::Running if pane.stopping => {
            tabs::ask_force(model);
            Vec::new()
        }
        PaneState::Running => {
            pane.stopping = true;
            pane.waiting.clear();
            pane.held.clear();
            vec![Effect::Interrupt(pane.id)]
        }
        _ => {
            let text = pane.editor.take();
            pane.held.clear();
            pane.echo(&format!("{text}^C"));
            Vec::new()
        }
    }
}

/// Up and Down move in a text of several lines, and past its ends in the history.
fn history(pane: &mut Pane, back: bool) {
    if let Some(completion) = &mut pane.completion {
        completion.step(&mut pane.editor, !back);
        return;
    }
    pane.scrollback.follow();
    let at_end = if back {
        pane.editor.on_first_line()
    } else {
        pane.editor.on_last_line()
    };
    if !at_end {
        pane.editor.line_move(!back);
        return;
    }
    let typed = pane.editor.text();
    let line = if back {
        pane.history.back(&typed)
    } else {
        pane.history.forward()
    };
    if let Some(line) = line.map(str::to_owned) {
        pane.editor.set(&line);
    }
}

/// A key of the search. Whether it is done with; else it goes on to the line.
fn search_key(pane: &mut Pane, action: Option<Action>, edit: Option<Edit>, chord: Chord) -> bool {
    let Some(search) = &mut pane.search else {
        return false;
    };
    match (action, edit) {
        (Some(Action::HistorySearch), _) => {
            search.skip += 1;
            if pane.history.find(&search.text, search.skip).is_none() {
                search.skip -= 1;
            }
        }
        (Some(Action::Cancel | Action::Interrupt), _) => {
            let before = std::mem::take(&mut search.before);
            pane.search = None;
            pane.editor.set(&before);
            return true;
        }
        (_, Some(Edit::Backspace)) => {
            search.text.pop();
            search.skip = 0;
        }
        _ => {
            let Some(c) = chord.typed() else {
                pane.search = None;
                return false;
            };
            search.text.push(c);
            search.skip = 0;
        }
    }
    if !search.text.is_empty()
        && let Some(line) = pane.history.find(&search.text, search.skip)
    {
        let line = line.to_owned();
        pane.editor.set(&line);
    }
    true
}
