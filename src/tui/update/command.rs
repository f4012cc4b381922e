//! The command line: its keys, and what its lines put out and ask.

use crate::cmdlets::completions;
use crate::language::{Completeness, completeness};
use crate::session::{CommandCompletion, CompletionMatch, Size};
use crate::tui::input::{Action, Chord, Context, Edit};
use crate::tui::model::ask::HostPrompt;
use crate::tui::model::command::CommandLine;
use crate::tui::model::complete::{Completion, units_before};
use crate::tui::model::layer::{Asker, Layer};
use crate::tui::model::records;
use crate::tui::model::scrollback::Ink;
use crate::tui::model::{Model, Redraw};
use crate::tui::theme::Role;

use super::{CommandEvent, Effect, pane, tabs};

/// Opens the command line.
pub(super) fn open(model: &mut Model) -> Vec<Effect> {
    model.layers.push(Layer::Command);
    Vec::new()
}

pub(super) fn key(model: &mut Model, chord: Chord) -> Vec<Effect> {
    let action = model.keys.action(Context::Command, chord);
    let edit = match model.keys.action(Context::Line, chord) {
        Some(Action::Edit(edit)) => Some(edit),
        _ => None,
    };
    let (columns, rows) = model.geometry.command();
    let line = &mut model.command;
    let tail = line.tail_rows(columns);
    let height = usize::from(rows);
    let page = height.saturating_sub(tail + 1).max(1);
    let mut open = true;
    let mut effects = Vec::new();
    match action {
        Some(Action::Submit) => effects.extend(submit(line, columns, rows)),
        Some(Action::Cancel) if line.completion.is_some() => {
            if let Some(completion) = line.completion.take() {
                completion.undo(&mut line.editor);
            }
        }
        Some(Action::Cancel | Action::Interrupt) if line.running => {
            // What does not stop is waited for no longer.
            effects.push(if std::mem::replace(&mut line.stopping, true) {
                Effect::GiveUpCommand
            } else {
                Effect::StopCommand
            });
        }
        Some(Action::Interrupt) if !line.editor.is_empty() => {
            let text = line.editor.take();
            line.echo(&format!("{text}^C"));
        }
        Some(Action::Cancel | Action::Interrupt) => open = false,
        Some(Action::Complete) => complete(line, true),
        Some(Action::CompleteBack) => complete(line, false),
        Some(Action::HistoryBack) => history(line, true),
        Some(Action::HistoryForward) => history(line, false),
        Some(Action::PageUp) => line.output.scroll_back(page, columns, height, tail),
        Some(Action::PageDown) => line.output.scroll_forward(page, columns, height, tail),
        _ => {
            if let Some(edit) = edit {
                line.completion = None;
                line.editor.apply(edit);
            } else if let Some(c) = chord.typed() {
                line.completion = None;
                line.editor.insert(c.encode_utf8(&mut [0; 4]));
            }
        }
    }
    if open {
        model.layers.push(Layer::Command);
    }
    effects
}

/// What a line put out and asked, in order.
pub(super) fn events(model: &mut Model, events: Vec<CommandEvent>) -> Vec<Effect> {
    let mut effects = Vec::new();
    for event in events {
        effects.extend(take(model, event));
    }
    model.draw(Redraw::Soon);
    effects
}

fn take(model: &mut Model, event: CommandEvent) -> Vec<Effect> {
    let line = &mut model.command;
    line.wrote |= !matches!(
        event,
        CommandEvent::Ended { .. } | CommandEvent::PromptVoid(_)
    );
    match event {
        CommandEvent::Text(text) => {
            for part in text.split_inclusive('\n') {
                line.output
                    .write_remote(part.trim_end_matches(['\r', '\n']), None);
                if part.ends_with('\n') {
                    line.output.end_line();
                }
            }
        }
        CommandEvent::Line(text) => {
            line.output.write_remote(&text.text, pane::ink(&text));
            if text.newline {
                line.output.end_line();
            }
        }
        CommandEvent::Stream(kind, text) => {
            let (before, role) = records::stream(kind);
            line.output.fresh_line();
            line.output.push(before, Some(Ink::Role(role)));
            line.output.write_remote(&text, Some(Ink::Role(role)));
            line.output.end_line();
        }
        CommandEvent::Error(text) => line.output.write_lines(&text, Role::Error),
        CommandEvent::Progress(source, record) => {
            records::progress(&mut line.bars, source, &record);
        }
        CommandEvent::Prompt(id, prompt) => {
            let ask = HostPrompt::new(id, prompt, line.output.open_text());
            model.layers.push(Layer::Asks(Box::new(ask)));
        }
        CommandEvent::PromptVoid(id) => model
            .layers
            .retain(|layer| !matches!(layer, Layer::Asks(ask) if ask.id == id)),
        CommandEvent::Enter(session, computer) => {
            model
                .layers
                .retain(|layer| !matches!(layer, Layer::Command));
            if let Some(tab) = model.tab_of_session(session) {
                tabs::show(model, tab);
                return Vec::new();
            }
            return tabs::enter(model, session, computer);
        }
        CommandEvent::Ended { exit } => {
            line.output.fresh_line();
            line.bars.clear();
            line.running = false;
            line.stopping = false;
            model.layers.retain(|layer| match layer {
                Layer::Command => !exit,
                Layer::Question(asked) => asked.asker != Asker::Command,
                _ => true,
            });
        }
    }
    Vec::new()
}

/// Enter: runs the line if it is whole, else goes on in a new one. While one runs, it stays where it is.
fn submit(line: &mut CommandLine, columns: u16, rows: u16) -> Option<Effect> {
    let chosen = line.completion.take();
    if line.running || chosen.is_some_and(|completion| completion.chosen.is_some()) {
        return None;
    }
    let text = line.editor.text();
    if matches!(completeness(&text), Completeness::Incomplete(_))
        && line
            .editor
            .lines()
            .last()
            .is_none_or(|last| !last.is_empty())
    {
        line.editor.apply(Edit::End);
        line.editor.insert("\n");
        return None;
    }
    let text = line.editor.take().trim_end_matches('\n').to_owned();
    if text.trim().is_empty() {
        return None;
    }
    line.history.add(&text);
    line.echo(&text);
    line.running = true;
    let window = Size {
        columns: columns.max(1),
        rows: rows.max(1),
    };
    Some(Effect::RunCommand(text, window))
}

/// Tab: the cmdlets, or the parameters of the cmdlet that stands there.
fn complete(line: &mut CommandLine, forward: bool) {
    if let Some(completion) = &mut line.completion {
        completion.step(&mut line.editor, forward);
        return;
    }
    let text = line.editor.text();
    let before = text.get(..line.editor.caret()).unwrap_or(&text);
    let (start, names) = completions(before);
    let matches = names.into_iter().map(|name| CompletionMatch {
        text: name.to_owned(),
        label: String::new(),
        kind: String::new(),
        tool_tip: String::new(),
    });
    let answer = CommandCompletion {
        replacement_index: units_before(&text, start),
        replacement_length: units_before(&text, before.len()) - units_before(&text, start),
        matches: matches.collect(),
    };
    line.completion = Completion::take(&mut line.editor, answer);
}

fn history(line: &mut CommandLine, back: bool) {
    if let Some(completion) = &mut line.completion {
        completion.step(&mut line.editor, !back);
        return;
    }
    let at_end = if back {
        line.editor.on_first_line()
    } else {
        line.editor.on_last_line()
    };
    if !at_end {
        line.editor.line_move(!back);
        return;
    }
    let typed = line.editor.text();
    let found = if back {
        line.history.back(&typed)
    } else {
        line.history.forward()
    };
    if let Some(found) = found.map(str::to_owned) {
        line.editor.set(&found);
    }
}
