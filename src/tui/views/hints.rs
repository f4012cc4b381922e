//! Which keys the status line names.

use crate::session::SessionState;
use crate::transport::Question;
use crate::tui::input::Context;
use crate::tui::model::Model;
use crate::tui::model::ask::Filling;
use crate::tui::model::layer::{Layer, OpeningOf, Quit};
use crate::tui::model::pane::{Pane, PaneState};

/// Keys and words for the status line.
pub(super) fn here(model: &Model) -> Vec<(String, &'static str)> {
    let pair = |key: &str, word| (key.to_owned(), word);
    if let Some(layer) = model.layers.last() {
        return match layer {
            Layer::Command => command_hints(model),
            Layer::Asks(_) => vec![pair("Enter", "answer"), pair("Esc", "no answer")],
            Layer::Resume(_) => model.keys.hints(Context::Resume),
            Layer::Quit(quit) => quit_hints(quit),
            Layer::Help(_) => vec![pair("Esc", "close"), pair("PageDown", "more")],
            Layer::New(_) => vec![
                pair("Enter", "open"),
                pair("Tab", "next field"),
                pair("Esc", "cancel"),
            ],
            Layer::Opening(opening) => match (&opening.failure, &opening.of) {
                (None, _) => vec![pair("Esc", "cancel")],
                (Some(_), OpeningOf::New(_)) => vec![pair("Enter", "change"), pair("Esc", "close")],
                (Some(_), OpeningOf::Connect(_)) => vec![pair("Enter", "close")],
            },
            Layer::Report(_) => vec![pair("Enter", "close")],
            Layer::Unremoved(..) => vec![pair("f", "off the list"), pair("Enter", "close")],
            Layer::Question(asked) => match asked.question {
                Question::UnknownHostKey { .. } => vec![
                    pair("y", "trust"),
                    pair("o", "this time"),
                    pair("n", "refuse"),
                ],
                Question::TrustHost { .. } => vec![pair("y", "trust"), pair("n", "refuse")],
                _ => vec![pair("Enter", "answer"), pair("Esc", "refuse")],
            },
            Layer::Confirm(_) => vec![pair("y", "yes"), pair("n", "no")],
            Layer::Paste { .. } => {
                vec![pair("Enter", "run"), pair("e", "edit"), pair("Esc", "drop")]
            }
        };
    }
    if model.prefix {
        return vec![pair("Esc", "back")];
    }
    match model.pane() {
        None if model.sessions.filtering => model.keys.hints(Context::Filter),
        None => list_hints(model),
        Some(pane) => pane_hints(model, pane),
    }
}

/// The keys that do something with the session under the cursor, and those that always do.
fn list_hints(model: &Model) -> Vec<(String, &'static str)> {
    let sessions = &model.sessions;
    let meant = sessions.meant();
    let any = |state| meant.iter().any(|info| info.state == state);
    let all = sessions.all();
    let left = all
        .iter()
        .any(|info| info.state == SessionState::Disconnected);
    let mut hints = model.keys.hints(Context::Sessions);
    hints.retain(|(_, word)| match *word {
        "open" | "remove" => !meant.is_empty(),
        "connect" => any(SessionState::Disconnected),
        "disconnect" => any(SessionState::Opened),
        "resume" => left,
        "filter" | "mark" => !all.is_empty(),
        "show all" => !sessions.filter.is_empty(),
        _ => true,
    });
    if !model.under_way.is_empty() {
        hints.insert(0, ("Esc".to_owned(), "give up"));
    } else if sessions.marks() > 0 {
        hints.insert(0, ("Esc".to_owned(), "unmark"));
    }
    if let Some(at) = hints.iter().position(|(_, word)| *word == "show all") {
        let first = hints.remove(at);
        hints.insert(0, first);
    }
    hints
}

fn pane_hints(model: &Model, pane: &Pane) -> Vec<(String, &'static str)> {
    let pair = |key: &str, word| (key.to_owned(), word);
    let prefix = (model.keys.prefix().to_string(), "menu");
    if let Some(ask) = pane.asked() {
        let mut hints = vec![prefix, pair("Enter", "answer"), pair("Esc", "no answer")];
        match &ask.answer {
            Filling::Form(form, _) if form.fields.len() > 1 => {
                hints.push(pair("Tab", "next field"));
            }
            Filling::Choices(choices) if choices.several => hints.push(pair("Space", "mark")),
            Filling::Key => hints = vec![hints.swap_remove(0), pair("any key", "answers")],
            _ => {}
        }
        hints.push(pair("Ctrl+c", "stop"));
        return hints;
    }
    match pane.state {
        PaneState::Broken(_) => {
            let close = (format!("{} x", model.keys.prefix()), "close");
            vec![prefix, pair("Enter", "new session"), close]
        }
        PaneState::Entering => vec![prefix, pair("Ctrl+c", "give up")],
        _ if pane.is_left() => {
            vec![prefix, pair("Enter", "connect"), pair("PageUp", "scroll")]
        }
        _ if pane.scrollback.scrolled() => vec![
            prefix,
            pair("PageUp", "further"),
            pair("PageDown", "back"),
            pair("Ctrl+End", "to the prompt"),
        ],
        _ if pane.search.is_some() => vec![
            prefix,
            pair("Ctrl+r", "further back"),
            pair("Enter", "run"),
            pair("Esc", "give up"),
        ],
        _ if pane.completion.is_some() => vec![
            prefix,
            pair("Tab", "next"),
            pair("Shift+Tab", "previous"),
            pair("Enter", "run"),
            pair("Esc", "put away"),
        ],
        PaneState::Running => vec![prefix, pair("Ctrl+c", "stop"), pair("PageUp", "scroll")],
        PaneState::Ready => {
            let mut hints = model.keys.hints(Context::Pane);
            // Nothing runs.
            hints.retain(|(_, word)| *word != "stop");
            hints
        }
    }
}

fn command_hints(model: &Model) -> Vec<(String, &'static str)> {
    let mut hints = model.keys.hints(Context::Command);
    let line = &model.command;
    hints.retain(|(_, word)| match *word {
        "run" | "complete" => !line.running,
        "stop" => line.running,
        "scroll" => line.wrote,
        _ => true,
    });
    hints
}

/// The keys of the question what becomes of open sessions.
fn quit_hints(quit: &Quit) -> Vec<(String, &'static str)> {
    let close = if quit.leaving { "quit" } else { "close" };
    let mut hints = vec![("c", close), ("s", "stay")];
    if !quit.kept.is_empty() && !quit.leaving {
        hints.insert(0, ("d", "disconnect"));
    }
    hints
        .into_iter()
        .map(|(key, word)| (key.to_owned(), word))
        .collect()
}
