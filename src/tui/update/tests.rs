use crossterm::event::KeyEvent;

use crate::session::{
    ExitCode, InteractiveEvent, Line, Prompt, PromptReply, Report, SessionState, TransportKind,
};
use crate::tui::input::KeyMap;
use crate::tui::model::layer::Layer;
use crate::tui::model::pane::PaneState;
use crate::tui::samples;
use crate::tui::theme::Theme;

use super::*;

pub(super) fn model() -> Model {
    let mut model = Model::new(
        (80, 24),
        Theme::terminal(true),
        KeyMap::new("Ctrl+]".parse().unwrap()),
        samples::now(),
    );
    model.set_sessions(samples::sessions());
    model
}

pub(super) fn press(model: &mut Model, keys: &str) -> Vec<Effect> {
    let mut effects = Vec::new();
    for key in keys.split(' ') {
        let chord: Chord = key.parse().unwrap();
        let event = KeyEvent::new(chord.code, chord.modifiers);
        effects.extend(update(model, Message::Key(event), samples::now()));
    }
    effects
}

pub(super) fn show(model: &mut Model, pane: usize, events: Vec<InteractiveEvent>) -> Vec<Effect> {
    let pane = model.panes[pane].id;
    update(model, Message::Pane(pane, events), samples::now())
}

pub(super) fn ready() -> InteractiveEvent {
    InteractiveEvent::Ready("PS> ".to_owned())
}

pub(super) fn write(text: &str, newline: bool) -> InteractiveEvent {
    InteractiveEvent::Write(Line {
        text: text.to_owned(),
        newline,
        foreground: None,
        background: None,
    })
}

pub(super) fn entered() -> Model {
    let mut model = model();
    let effects = press(&mut model, "Enter");
    assert!(matches!(effects[..], [Effect::Enter(..)]), "{effects:?}");
    show(&mut model, 0, vec![ready()]);
    model
}

pub(super) fn submitted(effects: &[Effect]) -> Vec<&str> {
    effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Submit(_, line) => Some(line.as_str()),
            _ => None,
        })
        .collect()
}

pub(super) fn shown(model: &Model) -> Vec<String> {
    let pane = model.pane().unwrap();
    pane.scrollback
        .rows(80, 100)
        .iter()
        .map(|row| row.text.to_owned())
        .collect()
}

#[test]
fn a_line_runs_and_stays_behind_its_prompt() {
    let mut model = entered();
    let effects = press(&mut model, "1 + 1 Enter");
    assert_eq!(submitted(&effects), ["1+1"]);
    show(&mut model, 0, vec![write("2", true), ready()]);
    assert_eq!(shown(&model), ["PS> 1+1", "2"]);
    assert!(model.pane().unwrap().is_ready());
}

#[test]
fn an_unfinished_line_goes_on_until_it_is_whole() {
    let mut model = entered();
    assert!(submitted(&press(&mut model, "{ Enter")).is_empty());
    assert_eq!(submitted(&press(&mut model, "1 } Enter")), ["{\n1}"]);
    assert_eq!(shown(&model), ["PS> {", ">> 1}"]);
}

#[test]
fn lines_typed_ahead_wait_for_the_prompt() {
    let mut model = entered();
    press(&mut model, "a Enter");
    assert!(submitted(&press(&mut model, "b Enter c Enter")).is_empty());
    assert_eq!(submitted(&show(&mut model, 0, vec![ready()])), ["b"]);
    assert_eq!(submitted(&show(&mut model, 0, vec![ready()])), ["c"]);
}

#[test]
fn an_empty_line_costs_no_round_trip() {
    let mut model = entered();
    assert!(press(&mut model, "Enter").is_empty());
    assert_eq!(shown(&model), ["PS> "]);
}

#[test]
fn ctrl_c_drops_the_line_then_stops_then_offers_force() {
    let mut model = entered();
    assert!(press(&mut model, "x Ctrl+c").is_empty());
    assert_eq!(shown(&model), ["PS> x^C"]);
    press(&mut model, "a Enter");
    assert!(matches!(
        press(&mut model, "Ctrl+c")[..],
        [Effect::Interrupt(_)]
    ));
    press(&mut model, "Ctrl+c");
    assert!(matches!(model.layers[..], [Layer::Confirm(_)]));
    assert!(matches!(
        press(&mut model, "y")[..],
        [Effect::ForceClose(_)]
    ));
}

#[test]
fn several_pasted_lines_are_asked_about_and_run_by_command() {
    let mut model = entered();
    let text = "1\r\nforeach ($x in 1..3) {\r\n  $x\r\n}\r\n\u{1b}2\r\n".to_owned();
    let effects = update(&mut model, Message::Paste(text), samples::now());
    assert!(effects.is_empty());
    assert!(matches!(model.layers[..], [Layer::Paste { .. }]));
    assert_eq!(submitted(&press(&mut model, "Enter")), ["1"]);
    let next = show(&mut model, 0, vec![ready()]);
    assert_eq!(submitted(&next), ["foreach ($x in 1..3) {\n  $x\n}"]);
    assert_eq!(submitted(&show(&mut model, 0, vec![ready()])), ["2"]);
}

#[test]
fn a_pasted_line_does_not_run_by_itself() {
    let mut model = entered();
    let effects = update(
        &mut model,
        Message::Paste("Stop-Computer\n".to_owned()),
        samples::now(),
    );
    assert!(effects.is_empty());
    assert_eq!(model.pane().unwrap().editor.text(), "Stop-Computer");
    let two = Message::Paste("a\nb".to_owned());
    update(&mut model, two, samples::now());
    assert!(press(&mut model, "Esc").is_empty());
    assert!(model.layers.is_empty());
}

#[test]
fn history_completion_and_search_fill_the_line() {
    let mut model = entered();
    press(&mut model, "o n e Enter");
    show(&mut model, 0, vec![ready()]);
    press(&mut model, "Up");
    assert_eq!(model.pane().unwrap().editor.text(), "one");
    press(&mut model, "Esc Ctrl+r n");
    assert_eq!(model.pane().unwrap().editor.text(), "one");
    press(&mut model, "Esc");
    assert_eq!(model.pane().unwrap().editor.text(), "");
    let effects = press(&mut model, "G Tab");
    let Some(Effect::Complete(pane, number, text, 1)) = effects.last() else {
        panic!("{effects:?}");
    };
    assert_eq!(text, "G");
    let answer = CommandCompletion {
        replacement_index: 0,
        replacement_length: 1,
        matches: vec![crate::session::CompletionMatch {
            text: "Get-Process".to_owned(),
            label: String::new(),
            kind: String::new(),
            tool_tip: String::new(),
        }],
    };
    let (pane, number) = (*pane, *number);
    let late = Message::Completed(pane, number + 100, Ok(answer.clone()));
    update(&mut model, late, samples::now());
    assert_eq!(model.pane().unwrap().editor.text(), "G");
    update(
        &mut model,
        Message::Completed(pane, number, Ok(answer)),
        samples::now(),
    );
    assert_eq!(model.pane().unwrap().editor.text(), "Get-Process");
}

#[test]
fn read_host_is_answered_and_leaves_its_answer() {
    let mut model = entered();
    press(&mut model, "r Enter");
    let prompt = Prompt::Line;
    show(
        &mut model,
        0,
        vec![
            write("Name: ", false),
            InteractiveEvent::Prompt { id: 9, prompt },
        ],
    );
    let effects = press(&mut model, "b o b Enter");
    assert!(matches!(&effects[..],
        [Effect::AnswerPrompt(_, 9, PromptReply::Line(line))] if line == "bob"));
    assert_eq!(shown(&model), ["PS> r", "Name: bob"]);
}

#[test]
fn what_asks_behind_a_tab_that_is_gone_is_refused() {
    let mut model = entered();
    press(&mut model, "r Enter");
    let pane = model.panes[0].id;
    press(&mut model, "Ctrl+] x");
    assert!(model.panes.is_empty());
    let prompt = Prompt::Line;
    let asks = vec![InteractiveEvent::Prompt { id: 3, prompt }];
    let effects = update(&mut model, Message::Pane(pane, asks), samples::now());
    assert!(matches!(&effects[..],
        [Effect::AnswerPrompt(of, 3, PromptReply::Refuse)] if *of == pane));
}

#[test]
fn a_secret_is_not_left_behind() {
    let mut model = entered();
    press(&mut model, "r Enter");
    let prompt = Prompt::SecureLine;
    show(
        &mut model,
        0,
        vec![InteractiveEvent::Prompt { id: 1, prompt }],
    );
    let effects = press(&mut model, "h u n t Enter");
    assert!(matches!(&effects[..],
        [Effect::AnswerPrompt(_, 1, PromptReply::Secure(secret))] if secret.expose() == "hunt"));
    assert!(!format!("{model:?}{effects:?}").contains("hunt"));
}

#[test]
fn a_hidden_pane_is_marked_and_draws_once() {
    let mut model = entered();
    press(&mut model, "Ctrl+] s");
    model.redraw = Redraw::No;
    show(&mut model, 0, vec![write("x", true)]);
    assert_eq!(model.redraw, Redraw::Soon);
    assert!(model.panes[0].unread);
    model.redraw = Redraw::No;
    show(&mut model, 0, vec![write("y", true)]);
    assert_eq!(model.redraw, Redraw::No);
    press(&mut model, "2");
    assert!(!model.panes[0].unread);
}

#[test]
fn a_disconnected_session_is_connected_first_and_says_why_not() {
    let mut model = model();
    let effects = press(&mut model, "Down Enter");
    let [Effect::Connect(id, session), Effect::Later(..)] = effects[..] else {
        panic!("{effects:?}");
    };
    assert_eq!(session.0, 2);
    let report = Report::new(ExitCode::Refused, "another client holds it");
    update(
        &mut model,
        Message::OpeningFailed(id, Box::new(report)),
        samples::now(),
    );
    assert!(matches!(&model.layers[..], [Layer::Opening(opening)] if opening.failure.is_some()));
    press(&mut model, "Esc");
    assert!(model.layers.is_empty());
}

#[test]
fn esc_cancels_what_is_being_opened_and_its_questions() {
    let mut model = model();
    let effects = press(&mut model, "n l o c a l Enter");
    let Some(Effect::Open(id, new, _)) = effects.first() else {
        panic!("{effects:?}");
    };
    assert_eq!(new.target, "local");
    let id = *id;
    let question = Question::Password {
        user: "a".to_owned(),
        host: "b".to_owned(),
        again: false,
        command: None,
    };
    update(
        &mut model,
        Message::Question(Asker::Opening(id), QuestionId(1), question),
        samples::now(),
    );
    let effects = press(&mut model, "p w Enter");
    assert!(matches!(&effects[..],
        [Effect::AnswerQuestion(QuestionId(1), Answer::Secret(secret))] if secret.expose() == "pw"));
    assert!(matches!(
        press(&mut model, "Esc")[..],
        [Effect::CancelOpening(_)]
    ));
    assert!(model.layers.is_empty());
    let info = samples::session(9, "late", TransportKind::Ssh, "b", SessionState::Opened);
    update(
        &mut model,
        Message::Opened(id, Box::new(info)),
        samples::now(),
    );
    assert!(model.panes.is_empty());
}

#[test]
fn a_server_is_trusted_by_y_and_an_account_is_typed() {
    let mut model = model();
    let effects = press(&mut model, "n w e b 1 Enter");
    let Some(Effect::Open(id, ..)) = effects.first() else {
        panic!("{effects:?}");
    };
    let id = *id;
    let ask = |model: &mut Model, number, question| {
        let message = Message::Question(Asker::Opening(id), QuestionId(number), question);
        update(model, message, samples::now());
    };
    let trust = Question::TrustHost {
        host: "web1".to_owned(),
        url: "http://web1:5985/wsman".to_owned(),
    };
    ask(&mut model, 1, trust.clone());
    assert!(
        press(&mut model, "Enter").is_empty(),
        "nothing is chosen by chance"
    );
    assert!(matches!(
        press(&mut model, "y")[..],
        [Effect::AnswerQuestion(QuestionId(1), Answer::AcceptOnce)]
    ));
    ask(&mut model, 2, trust);
    assert!(matches!(
        press(&mut model, "n")[..],
        [Effect::AnswerQuestion(QuestionId(2), Answer::Refuse)]
    ));
    let host = "web1".to_owned();
    ask(&mut model, 3, Question::UserName { host });
    let effects = press(&mut model, "b o b Enter");
    assert!(matches!(&effects[..],
        [Effect::AnswerQuestion(QuestionId(3), Answer::Secret(user))] if user.expose() == "bob"));
}

#[test]
fn what_was_typed_for_wsman_goes_over_the_profile() {
    let mut model = model();
    model.config = crate::config::Config::read("[computers.lin]\ntarget = 'ssh:lin'\n").unwrap();
    let effects = press(
        &mut model,
        "n w e b 1 Tab Tab Tab Space Tab n Tab J E A Tab - - c a Space x Enter",
    );
    let Some(Effect::Open(_, new, _)) = effects.first() else {
        panic!("{effects:?}");
    };
    let wanted = crate::transport::Options {
        use_ssl: Some(true),
        auth: Some(crate::transport::Authentication::Negotiate),
        configuration_name: Some("JEA".to_owned()),
        ca: Some("x".into()),
        ..crate::transport::Options::default()
    };
    assert_eq!(new.options(), Ok(wanted));
    // Of SSH, what was typed for WSMan before the target changed does not count.
    press(&mut model, "Esc");
    let effects = press(
        &mut model,
        "n w e b 1 Tab Tab Tab Space Up Up Up Home Ctrl+k l i n Enter",
    );
    let Some(Effect::Open(_, new, _)) = effects.first() else {
        panic!("{effects:?}");
    };
    assert_eq!((new.target.as_str(), new.https.as_str()), ("lin", ""));
}

#[test]
fn removing_asks_first() {
    let mut model = model();
    assert!(press(&mut model, "r").is_empty());
    assert!(press(&mut model, "n").is_empty());
    press(&mut model, "r");
    assert!(matches!(press(&mut model, "y")[..], [Effect::Remove(..)]));
}

#[test]
fn exit_takes_the_pane_away_and_says_that_the_session_stays() {
    let mut model = entered();
    show(
        &mut model,
        0,
        vec![InteractiveEvent::Left { exit_code: Some(3) }],
    );
    assert!(model.panes.is_empty());
    assert_eq!(model.tab, 0);
    assert!(model.toasts[0].text.contains("exit code 3"));
}

#[test]
fn a_broken_session_leads_to_a_new_one() {
    let mut model = entered();
    let report = Report::new(ExitCode::Unreachable, "lost");
    show(
        &mut model,
        0,
        vec![InteractiveEvent::Broken(Box::new(report))],
    );
    assert!(matches!(model.pane().unwrap().state, PaneState::Broken(_)));
    press(&mut model, "Enter");
    assert!(matches!(&model.layers[..], [Layer::New(form)] if form.text(0) == "wsman:Server01"));
    press(&mut model, "Esc");
    assert!(press(&mut model, "x Esc").is_empty(), "it is only typed");
    assert!(matches!(
        press(&mut model, "Ctrl+] x")[..],
        [Effect::Leave(_)]
    ));
}

#[test]
fn a_broken_session_of_a_profile_leads_to_a_new_one_of_that_profile() {
    let mut model = entered();
    let text = "[computers.Server01]\ntarget = \"wsman:127.0.0.1:5985\"\n";
    model.config = crate::config::Config::read(text).unwrap();
    let report = Box::new(Report::new(ExitCode::Unreachable, "lost"));
    show(&mut model, 0, vec![InteractiveEvent::Broken(report)]);
    press(&mut model, "Enter");
    assert!(matches!(&model.layers[..], [Layer::New(form)] if form.text(0) == "Server01"));
}

#[test]
fn a_resize_is_told_to_every_pane() {
    let mut model = entered();
    let effects = update(&mut model, Message::Resize(100, 30), samples::now());
    assert!(matches!(
        effects[..],
        [Effect::ResizePane(
            _,
            Size {
                columns: 100,
                rows: 28
            }
        )]
    ));
}
