//! Keys of a prompt of the remote host.

use crossterm::event::KeyCode;

use crate::session::PromptReply;
use crate::tui::input::{Action, Chord, Context};
use crate::tui::model::Model;
use crate::tui::model::ask::{Filling, HostPrompt};
use crate::tui::model::layer::Layer;
use crate::tui::model::pane::Pane;

use super::{Effect, dialogs};

pub(super) fn key(model: &mut Model, chord: Chord) -> Vec<Effect> {
    let dialog = model.keys.action(Context::Dialog, chord);
    let Some(mut ask) = model.pane_mut().and_then(|pane| pane.asks.pop_front()) else {
        return Vec::new();
    };
    if dialog == Some(Action::Cancel) {
        return cancel(model, &ask, chord);
    }
    let done = step(model, &mut ask, chord);
    let Some(pane) = model.pane_mut() else {
        return Vec::new();
    };
    let Some(reply) = done else {
        pane.asks.push_front(ask);
        return Vec::new();
    };
    for line in ask.echo() {
        pane.scrollback.push(&line, None);
        pane.scrollback.end_line();
    }
    vec![Effect::AnswerPrompt(pane.id, ask.id, reply)]
}

/// A key of a prompt of the command line.
pub(super) fn command_key(
    model: &mut Model,
    mut ask: Box<HostPrompt>,
    chord: Chord,
) -> Vec<Effect> {
    let dialog = model.keys.action(Context::Dialog, chord);
    if dialog == Some(Action::Cancel) {
        if chord.code == KeyCode::Esc {
            return vec![Effect::AnswerCommand(ask.id, PromptReply::Refuse)];
        }
        model.command.stopping = true;
        return vec![Effect::StopCommand];
    }
    let Some(reply) = step(model, &mut ask, chord) else {
        model.layers.push(Layer::Asks(ask));
        return Vec::new();
    };
    vec![Effect::AnswerCommand(ask.id, reply)]
}

/// A key of a prompt; the reply, once there is one.
fn step(model: &Model, ask: &mut HostPrompt, chord: Chord) -> Option<PromptReply> {
    let dialog = model.keys.action(Context::Dialog, chord);
    match &mut ask.answer {
        Filling::Form(form, _) => dialogs::form_key(model, form, chord).then(|| ask.reply()),
        Filling::Key => pressed(chord).map(PromptReply::Key),
        Filling::Choices(choices) => match (dialog, chord.typed()) {
            (Some(Action::Accept), _) => Some(ask.reply()),
            (Some(Action::NextField), _) => {
                choices.step(true);
                None
            }
            (Some(Action::PreviousField), _) => {
                choices.step(false);
                None
            }
            (Some(Action::Toggle), _) | (_, Some(' ')) => {
                choices.toggle();
                None
            }
            (_, Some(key)) if choices.hot_key(key) => {
                choices.toggle();
                (!choices.several).then(|| ask.reply())
            }
            _ => None,
        },
    }
}

/// A paste goes into the field with the focus.
pub(super) fn paste(pane: &mut Pane, text: &str) {
    if let Some(HostPrompt {
        answer: Filling::Form(form, _),
        ..
    }) = pane.asks.front_mut()
    {
        form.insert(text);
    }
}

/// Esc gives no answer; Ctrl+C stops the command that asks.
fn cancel(model: &mut Model, ask: &HostPrompt, chord: Chord) -> Vec<Effect> {
    let Some(pane) = model.pane_mut() else {
        return Vec::new();
    };
    pane.scrollback.fresh_line();
    if chord.code == KeyCode::Esc {
        return vec![Effect::AnswerPrompt(pane.id, ask.id, PromptReply::Refuse)];
    }
    pane.stopping = true;
    pane.waiting.clear();
    vec![Effect::Interrupt(pane.id)]
}

/// The character that a key stands for, for `ReadKey`.
fn pressed(chord: Chord) -> Option<char> {
    match chord.code {
        KeyCode::Enter => Some('\r'),
        KeyCode::Tab => Some('\t'),
        KeyCode::Backspace => Some('\u{8}'),
        _ => chord.typed(),
    }
}
