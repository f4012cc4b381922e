use std::time::Duration;

use crate::session::{
    ExitCode, InteractiveEvent, Prompt, Report, SessionId, SessionState, TransportKind,
};
use crate::transport::Question;
use crate::tui::model::layer::{Asker, Confirm, Layer, QuestionId};
use crate::tui::samples;

use super::tests::{entered, model, press, ready, show, shown, write};
use super::*;

fn disconnects(effects: &[Effect]) -> Vec<u32> {
    let disconnects = effects.iter().filter_map(|effect| match effect {
        Effect::Disconnect(session) => Some(session.0),
        _ => None,
    });
    disconnects.collect()
}

fn confirm(model: &Model) -> &Confirm {
    match model.layers.last() {
        Some(Layer::Confirm(confirm)) => confirm,
        other => panic!("{other:?}"),
    }
}

fn change(model: &mut Model, id: u32, change: impl Fn(&mut SessionInfo)) {
    let mut all = model.sessions.all().to_vec();
    for info in &mut all {
        if info.id.0 == id {
            change(info);
        }
    }
    update(model, Message::Sessions(all.into()), samples::now());
}

/// The end of what a pane shows of a session that was left.
fn left() -> InteractiveEvent {
    InteractiveEvent::Disconnected {
        why: None,
        expires: None,
    }
}

/// The session is left, as the list and the pool tell.
fn leave(model: &mut Model, id: u32) {
    change(model, id, |info| info.state = SessionState::Disconnected);
    let left = Message::Disconnected(SessionId(id), Ok(()));
    update(model, left, samples::now());
}

#[test]
fn d_in_a_pane_leaves_its_session_and_shows_there_all_that_came_before() {
    let mut model = entered();
    assert_eq!(disconnects(&press(&mut model, "Ctrl+] d")), [1]);
    leave(&mut model, 1);
    press(&mut model, "Ctrl+] x");
    assert_eq!(model.panes.len(), 1, "more is to come");
    let late = vec![write("on its way", true), left()];
    let effects = show(&mut model, 0, late);
    assert!(effects.is_empty(), "{effects:?}");
    assert_eq!(shown(&model), ["on its way"]);
    assert!(matches!(
        press(&mut model, "Enter")[..],
        [Effect::Connect(_, SessionId(1)), ..]
    ));
}

#[test]
fn d_in_the_list_says_how_to_come_back() {
    let mut model = entered();
    press(&mut model, "Ctrl+] s d");
    leave(&mut model, 1);
    show(&mut model, 0, vec![left()]);
    assert_eq!(model.panes.len(), 1);
    assert_eq!(
        model.toasts.last().unwrap().text,
        "ITTask is disconnected and goes on at its server. R takes it up again."
    );
}

#[test]
fn a_question_waits_while_its_session_is_left() {
    let mut model = entered();
    let prompt = Prompt::Line;
    let asks = vec![InteractiveEvent::Prompt { id: 7, prompt }, left()];
    show(&mut model, 0, asks);
    change(&mut model, 1, |info| {
        info.state = SessionState::Disconnected;
    });
    let effects = press(&mut model, "b Ctrl+c");
    assert!(effects.is_empty(), "{effects:?}");
    let back = InteractiveEvent::Reconnected { lines: Vec::new() };
    show(&mut model, 0, vec![back]);
    let effects = press(&mut model, "b Enter");
    assert!(matches!(&effects[..],
        [Effect::AnswerPrompt(_, 7, PromptReply::Line(line))] if line == "b"));
}

#[test]
fn a_left_session_that_is_gone_says_so() {
    let mut model = entered();
    show(&mut model, 0, vec![left()]);
    let others: Vec<_> = model.sessions.all()[1..].to_vec();
    update(&mut model, Message::Sessions(others.into()), samples::now());
    press(&mut model, "Enter");
    assert!(model.layers.is_empty());
    assert!(model.toasts[0].text.starts_with("The session is gone"));
}

#[test]
fn what_runs_and_what_asks_is_said_before() {
    let mut model = entered();
    change(&mut model, 1, |info| {
        info.running = Some("Copy-Item -Recurse".to_owned());
        info.keeping.idle_timeout = Some(Duration::from_hours(2));
    });
    press(&mut model, "Ctrl+] d");
    let text = &confirm(&model).text;
    assert!(
        text.contains("`Copy-Item -Recurse`") && text.contains("2 h after you left"),
        "{text}"
    );
    assert!(press(&mut model, "n").is_empty());
    let prompt = Prompt::Line;
    show(
        &mut model,
        0,
        vec![InteractiveEvent::Prompt { id: 1, prompt }],
    );
    press(&mut model, "Ctrl+] d");
    assert!(confirm(&model).text.contains("may not come again"));
    assert_eq!(disconnects(&press(&mut model, "y")), [1]);
}

#[test]
fn a_session_that_could_not_be_left_keeps_its_pane() {
    let mut model = entered();
    press(&mut model, "Ctrl+] d");
    let report = Report::new(ExitCode::Refused, "cannot disconnect the session");
    let failed = Message::Disconnected(SessionId(1), Err(Box::new(report)));
    update(&mut model, failed, samples::now());
    assert!(matches!(model.layers[..], [Layer::Report(_)]));
    assert_eq!(model.panes.len(), 1);
    press(&mut model, "Enter");
    show(
        &mut model,
        0,
        vec![InteractiveEvent::Left { exit_code: None }],
    );
    assert_eq!(model.toasts.len(), 1, "it is left later, by itself");
}

#[test]
fn marked_sessions_are_named_and_those_that_do_not_fit_are_left_alone() {
    let mut model = model();
    press(&mut model, "a d");
    let shown = confirm(&model);
    assert_eq!(shown.title, "Disconnect 2 sessions?");
    assert!(
        shown
            .text
            .contains("ITTask on Server01, deploy on LinuxServer02")
    );
    assert!(shown.text.contains("Left alone: Backups is Disconnected, "));
    assert!(shown.text.contains("deploy goes on with `Get-ChildItem"));
    assert_eq!(disconnects(&press(&mut model, "y")), [1, 3]);
    for id in [1, 3] {
        let left = Message::Disconnected(SessionId(id), Ok(()));
        update(&mut model, left, samples::now());
    }
    assert!(
        model.toasts[0]
            .text
            .starts_with("2 sessions are disconnected")
    );
    assert_eq!(model.sessions.marks(), 0);
}

#[test]
fn marked_sessions_are_removed_after_a_yes_and_their_panes_go() {
    let mut model = entered();
    press(&mut model, "Ctrl+] s Space Space r");
    assert_eq!(confirm(&model).title, "Remove 2 sessions?");
    let effects = press(&mut model, "y");
    assert!(matches!(
        effects[..],
        [
            Effect::Leave(_),
            Effect::Remove(_, SessionId(1)),
            Effect::Remove(_, SessionId(2))
        ]
    ));
    assert!(model.panes.is_empty());
}

#[test]
fn what_is_removed_may_ask_and_be_given_up() {
    let mut model = model();
    press(&mut model, "Down r");
    let effects = press(&mut model, "y");
    let [Effect::Remove(opening, SessionId(2))] = effects[..] else {
        panic!("{effects:?}");
    };
    let question = Question::Passphrase { file: "key".into() };
    let asked = Message::Question(Asker::Opening(opening), QuestionId(7), question);
    update(&mut model, asked, samples::now());
    assert!(matches!(model.layers[..], [Layer::Question(_)]));
    press(&mut model, "Esc");
    // Once is enough.
    press(&mut model, "r");
    assert!(press(&mut model, "y").is_empty());
    let effects = press(&mut model, "Esc");
    assert!(matches!(effects[..], [Effect::CancelOpening(id)] if id == opening));
    let cancelled = Report::new(ExitCode::Cancelled, "cancelled");
    let end = Message::Removed(opening, Err(Box::new(cancelled)));
    assert!(update(&mut model, end, samples::now()).is_empty());
    assert!(model.layers.is_empty() && model.under_way.is_empty());
}

#[test]
fn what_cannot_be_removed_can_be_taken_off_the_list() {
    for state in [SessionState::Disconnected, SessionState::Opened] {
        let mut model = model();
        press(&mut model, "Down r");
        let effects = press(&mut model, "y");
        let [Effect::Remove(opening, id)] = effects[..] else {
            panic!("{effects:?}");
        };
        change(&mut model, id.0, |info| info.state = state);
        let report = Report::new(ExitCode::Unreachable, "cannot remove the session")
            .hint("psdeck remove --forget 2 takes it off the list");
        let failed = Message::Removed(opening, Err(Box::new(report)));
        update(&mut model, failed, samples::now());
        if state == SessionState::Opened {
            assert!(matches!(model.layers[..], [Layer::Report(_)]));
            continue;
        }
        let [Layer::Unremoved(report, _)] = &model.layers[..] else {
            panic!("{:?}", model.layers);
        };
        assert!(report.hints.is_empty(), "a key does it: {report:?}");
        assert!(press(&mut model, "f").is_empty());
        assert_eq!(confirm(&model).title, "Forget 1 session?");
        let effects = press(&mut model, "y");
        let [Effect::Forget(opening, other)] = effects[..] else {
            panic!("{effects:?}");
        };
        assert_eq!(other, id);
        assert!(model.layers.is_empty());
        update(
            &mut model,
            Message::Removed(opening, Ok(())),
            samples::now(),
        );
        let said = "Backups is taken off the list and left to the server";
        assert_eq!(model.toasts[0].text, said);
    }
}

#[test]
fn what_cannot_be_removed_takes_no_key_that_was_typed_elsewhere() {
    for elsewhere in ["Ctrl+] 2", "/", ":", "n"] {
        let mut model = entered();
        press(&mut model, "Ctrl+] s");
        change(&mut model, 2, |info| {
            info.state = SessionState::Disconnected;
        });
        press(&mut model, "Down r");
        let effects = press(&mut model, "y");
        let [Effect::Remove(opening, SessionId(2))] = effects[..] else {
            panic!("{effects:?}");
        };
        press(&mut model, elsewhere);
        let layers = model.layers.len();
        let mut report = Report::new(ExitCode::Unreachable, "cannot remove the session");
        report.reasons.push("no answer".to_owned());
        let failed = Message::Removed(opening, Err(Box::new(report)));
        update(&mut model, failed, samples::now());
        assert_eq!(model.layers.len(), layers, "{elsewhere}");
        let said = "cannot remove the session: no answer. In the list, r tries again.";
        assert_eq!(model.toasts[0].text, said);
        let effects = press(&mut model, "f y");
        let forgets = |effect: &Effect| matches!(effect, Effect::Forget(..));
        assert!(!effects.iter().any(forgets), "{elsewhere}");
    }
}

#[test]
fn a_session_that_is_over_as_far_as_is_known_is_asked_for_at_its_server_after_a_yes() {
    let mut model = model();
    let past = samples::now() - Duration::from_mins(1);
    change(&mut model, 2, |info| info.expires = Some(past));
    assert!(press(&mut model, "Down r").is_empty());
    assert!(confirm(&model).text.contains("has it still"));
    let effects = press(&mut model, "y");
    let [Effect::Remove(opening, SessionId(2))] = effects[..] else {
        panic!("{effects:?}");
    };
    update(
        &mut model,
        Message::Removed(opening, Ok(())),
        samples::now(),
    );
    assert_eq!(model.toasts[0].text, "Backups is removed");
    change(&mut model, 4, |info| info.state = SessionState::Broken);
    press(&mut model, "Down Down r");
    assert!(confirm(&model).text.contains("If Server03 has it still"));
    let effects = press(&mut model, "y");
    assert!(matches!(effects[..], [Effect::Remove(_, SessionId(4))]));
}

#[test]
fn marks_for_which_nothing_can_be_done_say_so() {
    let mut model = model();
    press(&mut model, "Down Space d");
    assert!(model.layers.is_empty());
    assert_eq!(model.toasts.len(), 1);
    press(&mut model, "Esc");
    assert_eq!(model.sessions.marks(), 0);
}

#[test]
fn quitting_asks_and_disconnects_what_can_go_on() {
    let mut model = model();
    assert!(press(&mut model, "q").is_empty());
    let [Layer::Quit(quit)] = &model.layers[..] else {
        panic!("{:?}", model.layers);
    };
    assert_eq!(quit.kept.len(), 1);
    assert_eq!(quit.lost, ["deploy on LinuxServer02"]);
    assert_eq!(quit.busy, ["deploy on LinuxServer02"]);
    assert_eq!(disconnects(&press(&mut model, "Enter")), [1]);
    assert!(press(&mut model, "Enter").is_empty(), "once");
    let left = Message::Disconnected(SessionId(1), Ok(()));
    let effects = update(&mut model, left, samples::now());
    assert!(matches!(effects[..], [Effect::Quit]), "{effects:?}");
}

#[test]
fn a_session_that_cannot_be_left_keeps_psdeck() {
    let mut model = model();
    press(&mut model, "q d");
    let report = Report::new(ExitCode::Unreachable, "cannot disconnect the session");
    let failed = Message::Disconnected(SessionId(1), Err(Box::new(report)));
    let effects = update(&mut model, failed, samples::now());
    assert!(effects.is_empty(), "{effects:?}");
    assert!(matches!(model.layers[..], [Layer::Report(_)]));
}

#[test]
fn quitting_can_close_or_stay() {
    for keys in ["q s", "q Esc", "q n"] {
        let mut model = model();
        assert!(press(&mut model, keys).is_empty());
        assert!(model.layers.is_empty());
    }
    let mut model = model();
    assert!(matches!(press(&mut model, "q c")[..], [Effect::Quit]));
    press(&mut model, "q d s");
    let left = Message::Disconnected(SessionId(1), Ok(()));
    let effects = update(&mut model, left, samples::now());
    assert!(
        !effects.iter().any(|effect| matches!(effect, Effect::Quit)),
        "who stays stays"
    );
}

#[test]
fn with_nothing_open_quitting_is_one_key() {
    let mut model = model();
    let demo = samples::session(
        1,
        "a",
        TransportKind::Demo,
        "Server01",
        SessionState::Opened,
    );
    let left = samples::session(
        2,
        "b",
        TransportKind::WSMan,
        "Server02",
        SessionState::Disconnected,
    );
    model.set_sessions(vec![demo, left].into());
    assert!(matches!(press(&mut model, "q")[..], [Effect::Quit]));
    press(&mut model, "Enter");
    show(&mut model, 0, vec![ready()]);
    press(&mut model, "x Enter");
    press(&mut model, "Ctrl+] q");
    assert!(
        matches!(model.layers[..], [Layer::Quit(_)]),
        "something runs"
    );
    assert!(matches!(press(&mut model, "Enter")[..], [Effect::Quit]));
}
