//! Keys of the dialog on top.

use crossterm::event::KeyCode;

use crate::transport::{Answer, Question, Secret};
use crate::tui::input::{Action, Chord, Context, paste};
use crate::tui::model::Model;
use crate::tui::model::ask::Filling;
use crate::tui::model::form::Form;
use crate::tui::model::layer::{
    self, Asked, Confirmed, Layer, NewSession, Opening, OpeningOf, TARGET,
};
use crate::tui::model::pane::PaneId;

use super::{Effect, bulk, command, leaving, line, opening, pane, prompts, resume};

pub(super) fn key(model: &mut Model, chord: Chord) -> Vec<Effect> {
    let action = model.keys.action(Context::Dialog, chord);
    let Some(layer) = model.layers.pop() else {
        return Vec::new();
    };
    match layer {
        Layer::Command => command::key(model, chord),
        Layer::Asks(ask) => prompts::command_key(model, ask, chord),
        Layer::Resume(list) => resume::key(model, list, chord),
        Layer::Quit(quit) => leaving::quit_key(model, quit, action, chord),
        Layer::Help(top) => {
            help(model, top, action, chord);
            Vec::new()
        }
        Layer::Report(report) => {
            if !ends(action) {
                model.layers.push(Layer::Report(report));
            }
            Vec::new()
        }
        Layer::Unremoved(report, sessions) => match chord.code {
            KeyCode::Char('f' | 'F') => bulk::ask_to_forget(model, &sessions),
            _ if ends(action) => Vec::new(),
            _ => {
                model.layers.push(Layer::Unremoved(report, sessions));
                Vec::new()
            }
        },
        Layer::New(form) => new(model, form, action, chord),
        Layer::Opening(opening) => opening_key(model, opening, action, chord),
        Layer::Question(asked) => question(model, asked, action, chord),
        Layer::Confirm(confirm) => match chord.code {
            KeyCode::Char('y' | 'Y') => confirmed(model, confirm.action),
            KeyCode::Char('n' | 'N') => Vec::new(),
            _ if action == Some(Action::Cancel) => Vec::new(),
            _ => {
                model.layers.push(Layer::Confirm(confirm));
                Vec::new()
            }
        },
        Layer::Paste { pane, text } => paste_key(model, pane, text, action, chord),
    }
}

/// A paste goes into the field with the focus.
pub(super) fn paste(model: &mut Model, text: &str) {
    if matches!(model.layers.last(), Some(Layer::Opening(opening)) if is_for_pane(model, opening)) {
        return pane::paste(model, text);
    }
    match model.layers.last_mut() {
        Some(Layer::New(form)) => {
            form.insert(text);
            layer::suit(form, &model.config);
        }
        Some(Layer::Question(asked)) => asked.form.insert(text),
        Some(Layer::Command) => {
            let line = &mut model.command;
            line.completion = None;
            line.editor.insert(text.trim_end_matches('\n'));
        }
        Some(Layer::Asks(ask)) => {
            if let Filling::Form(form, _) = &mut ask.answer {
                form.insert(text);
            }
        }
        _ => {}
    }
}

/// Edits a form. Whether Enter filled it in.
pub(super) fn form_key(model: &Model, form: &mut Form, chord: Chord) -> bool {
    let dialog = model.keys.action(Context::Dialog, chord);
    match dialog {
        Some(Action::Accept) => return form.enter(),
        Some(Action::NextField) => form.step(true),
        Some(Action::PreviousField) => form.step(false),
        _ => {
            if let Some(Action::Edit(edit)) = model.keys.action(Context::Line, chord) {
                form.apply(edit);
            } else if let Some(c) = chord.typed() {
                form.insert(c.encode_utf8(&mut [0; 4]));
            }
        }
    }
    false
}

fn ends(action: Option<Action>) -> bool {
    matches!(action, Some(Action::Accept | Action::Cancel))
}

fn help(model: &mut Model, top: usize, action: Option<Action>, chord: Chord) {
    let page = usize::from(model.geometry.rows.saturating_sub(4)).max(1);
    let top = match (action, chord.code) {
        (Some(Action::NextField), _) | (_, KeyCode::Char('j')) => top + 1,
        (Some(Action::PreviousField), _) | (_, KeyCode::Char('k')) => top.saturating_sub(1),
        (Some(Action::PageDown), _) | (_, KeyCode::Char(' ')) => top + page,
        (Some(Action::PageUp), _) => top.saturating_sub(page),
        (Some(Action::Accept | Action::Cancel), _)
        | (_, KeyCode::Char('q' | '?') | KeyCode::F(1)) => return,
        _ => top,
    };
    let most = crate::tui::views::help::rows(model).saturating_sub(page);
    model.layers.push(Layer::Help(top.min(most)));
}

fn new(model: &mut Model, mut form: Form, action: Option<Action>, chord: Chord) -> Vec<Effect> {
    if action == Some(Action::Cancel) {
        return Vec::new();
    }
    // Only the target is needed: Enter on it opens, the other fields are for Tab.
    if action == Some(Action::Accept) {
        if let Some(new) = NewSession::of(&form) {
            return opening::open(model, new);
        }
        form.focus = TARGET;
    } else {
        form_key(model, &mut form, chord);
        layer::suit(&mut form, &model.config);
    }
    model.layers.push(Layer::New(form));
    Vec::new()
}

fn opening_key(
    model: &mut Model,
    opening: Opening,
    action: Option<Action>,
    chord: Chord,
) -> Vec<Effect> {
    match (action, &opening.failure, &opening.of) {
        (Some(Action::Cancel), None, _) => {
            let id = opening.id;
            model.layers.push(Layer::Opening(opening));
            opening::cancel(model, id)
        }
        (Some(Action::Cancel), Some(_), _)
        | (Some(Action::Accept), Some(_), OpeningOf::Connect(_)) => Vec::new(),
        // Back to the dialog, with what was typed.
        (Some(Action::Accept), Some(_), OpeningOf::New(new)) => {
            let form = layer::new_session(Some(new), &model.config);
            model.layers.push(Layer::New(form));
            Vec::new()
        }
        _ => {
            let typed = is_for_pane(model, &opening);
            model.layers.push(Layer::Opening(opening));
            if typed && action.is_none() {
                return line::key(model, None, chord);
            }
            Vec::new()
        }
    }
}

/// Whether it connects the session of the pane that is shown: who types there goes on.
fn is_for_pane(model: &Model, opening: &Opening) -> bool {
    let pane = model.pane().map(|pane| OpeningOf::Connect(pane.session));
    opening.failure.is_none() && pane.as_ref() == Some(&opening.of)
}

fn question(
    model: &mut Model,
    mut asked: Asked,
    action: Option<Action>,
    chord: Chord,
) -> Vec<Effect> {
    let id = asked.id;
    if action == Some(Action::Cancel) {
        return vec![Effect::AnswerQuestion(id, Answer::Refuse)];
    }
    let answer = match (&asked.question, chord.code) {
        (Question::UnknownHostKey { .. }, KeyCode::Char('y' | 'Y')) => Some(Answer::Accept),
        (Question::UnknownHostKey { .. }, KeyCode::Char('o' | 'O'))
        | (Question::TrustHost { .. }, KeyCode::Char('y' | 'Y')) => Some(Answer::AcceptOnce),
        (
            Question::UnknownHostKey { .. } | Question::TrustHost { .. },
            KeyCode::Char('n' | 'N'),
        ) => Some(Answer::Refuse),
        (Question::UnknownHostKey { .. } | Question::TrustHost { .. }, _) => None,
        _ => form_key(model, &mut asked.form, chord).then(|| {
            let shown = matches!(
                &asked.question,
                Question::UserName { .. } | Question::KeyboardInteractive { echo: true, .. }
            );
            Answer::Secret(if shown {
                Secret::new(asked.form.text(0))
            } else {
                asked.form.secret(0)
            })
        }),
    };
    if let Some(answer) = answer {
        return vec![Effect::AnswerQuestion(id, answer)];
    }
    model.layers.push(Layer::Question(asked));
    Vec::new()
}

fn confirmed(model: &mut Model, action: Confirmed) -> Vec<Effect> {
    match action {
        Confirmed::Bulk(verb, sessions) => bulk::begin(model, verb, &sessions),
        Confirmed::ForceClose(pane) => vec![Effect::ForceClose(pane)],
    }
}

fn paste_key(
    model: &mut Model,
    id: PaneId,
    text: String,
    action: Option<Action>,
    chord: Chord,
) -> Vec<Effect> {
    match (action, chord.code) {
        (Some(Action::Cancel), _) | (_, KeyCode::Char('n' | 'N')) => Vec::new(),
        (Some(Action::Accept), _) | (_, KeyCode::Char('y' | 'Y')) => {
            let lines: Vec<_> = paste::lines(&text).into_iter().map(str::to_owned).collect();
            pane::run_lines(model, id, lines)
        }
        (_, KeyCode::Char('e' | 'E')) => {
            if let Some(pane) = model.panes.iter_mut().find(|pane| pane.id == id) {
                pane.editor.insert(text.trim_end_matches('\n'));
            }
            Vec::new()
        }
        _ => {
            model.layers.push(Layer::Paste { pane: id, text });
            Vec::new()
        }
    }
}
