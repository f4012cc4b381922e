use crate::session::{ExitCode, Report, SessionId, SessionState, TransportKind};
use crate::tui::model::layer::Layer;
use crate::tui::model::servers::Asking;
use crate::tui::samples;

use super::tests::{model, press};
use super::*;

/// Nothing but what was left behind.
fn left_behind() -> Model {
    let mut model = model();
    let left: Vec<_> = samples::sessions()
        .iter()
        .filter(|info| info.state == SessionState::Disconnected)
        .cloned()
        .collect();
    model.set_sessions(left.into());
    model
}

fn round(effects: &[Effect]) -> u64 {
    let round = effects.iter().find_map(|effect| match effect {
        Effect::Refresh { round, .. } => Some(*round),
        _ => None,
    });
    round.expect("the servers are asked")
}

fn asking(model: &mut Model, round: u64, names: &[&str]) {
    let names = names.iter().map(|name| (*name).to_owned()).collect();
    update(model, Message::Asking(round, names), samples::now());
}

fn connects(effects: &[Effect]) -> Vec<(OpeningId, u32)> {
    let connects = effects.iter().filter_map(|effect| match effect {
        Effect::Connect(opening, session) => Some((*opening, session.0)),
        _ => None,
    });
    connects.collect()
}

fn failed() -> Report {
    let mut report = Report::new(ExitCode::Refused, "cannot connect the session");
    report.computer = Some("Server03".to_owned());
    report.reasons.push("kim on ADMIN07 has it".to_owned());
    report
}

#[test]
fn what_is_remembered_is_offered_at_once_and_the_servers_are_asked_quietly() {
    let mut model = left_behind();
    let effects = start(&mut model, Vec::new());
    assert!(matches!(model.layers[..], [Layer::Resume(_)]));
    assert!(matches!(effects[..], [Effect::Refresh { quiet: true, .. }]));
}

#[test]
fn where_something_is_open_or_nothing_is_left_nothing_is_offered() {
    let mut model = model();
    start(&mut model, Vec::new());
    assert!(model.layers.is_empty(), "something is open");
    model.set_sessions(Arc::default());
    let round = round(&start(&mut model, Vec::new()));
    asking(&mut model, round, &["Server01"]);
    let none = Message::Listed(round, 0, Ok(Vec::new()));
    update(&mut model, none, samples::now());
    assert!(model.layers.is_empty());
}

#[test]
fn what_a_server_holds_is_offered_while_nobody_has_begun_anything() {
    for touched in [false, true] {
        let mut model = left_behind();
        let round = round(&start(&mut model, Vec::new()));
        model.layers.clear();
        asking(&mut model, round, &["Server02"]);
        if touched {
            press(&mut model, "Down");
        }
        let held = Message::Listed(round, 0, Ok(vec![SessionId(2)]));
        update(&mut model, held, samples::now());
        assert_eq!(model.layers.is_empty(), touched);
    }
}

#[test]
fn esc_stops_asking_and_late_answers_change_nothing() {
    let mut model = left_behind();
    let round = round(&start(&mut model, Vec::new()));
    asking(&mut model, round, &["Server02", "Server03"]);
    let held = Message::Listed(round, 0, Ok(vec![SessionId(2)]));
    update(&mut model, held, samples::now());
    let effects = press(&mut model, "Esc");
    assert!(matches!(effects[..], [Effect::CancelRefresh]));
    assert!(model.layers.is_empty());
    update(
        &mut model,
        Message::Listed(round, 1, Err(Box::new(failed()))),
        samples::now(),
    );
    let answers: Vec<_> = model
        .servers
        .all
        .iter()
        .map(|server| &server.answer)
        .collect();
    assert!(matches!(answers[..], [Asking::Holds(1), Asking::GivenUp]));
    assert!(model.toasts.is_empty());
}

#[test]
fn r_asks_again_and_answers_of_the_round_before_are_late() {
    let mut model = left_behind();
    let first = round(&start(&mut model, Vec::new()));
    asking(&mut model, first, &["Server02"]);
    let effects = press(&mut model, "r");
    assert!(matches!(
        effects[..],
        [Effect::Refresh { quiet: false, .. }]
    ));
    let second = round(&effects);
    asking(&mut model, second, &["Server02"]);
    update(
        &mut model,
        Message::Listed(first, 0, Err(Box::new(failed()))),
        samples::now(),
    );
    assert_eq!(model.servers.asked(), 1);
    update(
        &mut model,
        Message::Listed(second, 0, Err(Box::new(failed()))),
        samples::now(),
    );
    assert_eq!(model.servers.asked(), 0);
    assert!(model.toasts.is_empty(), "the picker shows it");
    press(&mut model, "Esc");
    let third = round(&press(&mut model, "F5"));
    asking(&mut model, third, &["Server02"]);
    update(
        &mut model,
        Message::Listed(third, 0, Err(Box::new(failed()))),
        samples::now(),
    );
    assert_eq!(model.toasts.len(), 1, "the list does not");
}

#[test]
fn a_server_asks_for_its_password_only_while_it_is_waited_for() {
    let mut model = left_behind();
    let first = round(&start(&mut model, Vec::new()));
    asking(&mut model, first, &["Server02"]);
    let question = || Question::Password {
        user: "alice".to_owned(),
        host: "Server02".to_owned(),
        again: false,
        command: None,
    };
    let ask = |model: &mut Model, number| {
        let message = Message::Question(Asker::Server(first, 0), QuestionId(number), question());
        update(model, message, samples::now())
    };
    assert!(ask(&mut model, 1).is_empty());
    press(&mut model, "Esc");
    press(&mut model, "Esc");
    assert!(model.layers.is_empty());
    let refused = ask(&mut model, 2);
    assert!(matches!(
        refused[..],
        [Effect::AnswerQuestion(QuestionId(2), Answer::Refuse)]
    ));
}

#[test]
fn enter_connects_the_one_under_the_cursor_and_its_pane_goes_on_with_what_runs() {
    let mut model = left_behind();
    start(&mut model, Vec::new());
    let effects = press(&mut model, "Down Enter");
    let [(opening, 4)] = connects(&effects)[..] else {
        panic!("{effects:?}");
    };
    assert!(matches!(model.layers[..], [Layer::Opening(_)]));
    let info = samples::session(
        4,
        "nightly",
        TransportKind::WSMan,
        "Server03",
        SessionState::Opened,
    );
    let opened = Message::Opened(opening, Box::new(info));
    let effects = update(&mut model, opened, samples::now());
    assert!(matches!(effects[..], [Effect::Resume(_, SessionId(4), _)]));
    assert_eq!(model.tab, 1);
}

#[test]
fn marked_ones_are_connected_side_by_side_each_in_a_tab_and_failures_are_told_at_the_end() {
    let mut model = left_behind();
    start(&mut model, Vec::new());
    let effects = press(&mut model, "a Enter");
    let openings = connects(&effects);
    assert_eq!(
        openings.iter().map(|(_, id)| *id).collect::<Vec<_>>(),
        [2, 4]
    );
    assert!(model.layers.is_empty(), "the list shows how it goes");
    let info = samples::session(
        2,
        "Backups",
        TransportKind::WSMan,
        "Server02",
        SessionState::Opened,
    );
    let opened = Message::Opened(openings[0].0, Box::new(info));
    let effects = update(&mut model, opened, samples::now());
    assert!(matches!(effects[..], [Effect::Resume(..)]));
    assert_eq!((model.tab, model.panes.len()), (0, 1));
    let message = Message::OpeningFailed(openings[1].0, Box::new(failed()));
    update(&mut model, message, samples::now());
    let [Layer::Report(report)] = &model.layers[..] else {
        panic!("{:?}", model.layers);
    };
    assert_eq!(report.what, "1 of 2 sessions could not be connected");
    let [reason] = &report.reasons[..] else {
        panic!("{report:?}");
    };
    assert!(
        reason.ends_with("kim on ADMIN07 has it") && !reason.starts_with("kim"),
        "{reason}: which one"
    );
    assert!(model.bulks.is_empty() && model.under_way.is_empty());
}

#[test]
fn tabs_and_failures_are_in_the_order_of_the_list_whoever_answers_first() {
    for fail in [false, true] {
        let mut model = left_behind();
        start(&mut model, Vec::new());
        let openings = connects(&press(&mut model, "a Enter"));
        for (opening, id) in openings.iter().rev() {
            let message = if fail {
                let mut report = failed();
                report.computer = Some(format!("Server0{id}"));
                Message::OpeningFailed(*opening, Box::new(report))
            } else {
                let info = model.sessions.get(SessionId(*id)).unwrap().clone();
                Message::Opened(*opening, Box::new(info))
            };
            update(&mut model, message, samples::now());
            if !fail && *id == 4 {
                press(&mut model, "2");
            }
        }
        if fail {
            let [Layer::Report(report)] = &model.layers[..] else {
                panic!("{:?}", model.layers);
            };
            assert!(report.reasons[0].contains("Server02"), "{report:?}");
            continue;
        }
        let ids: Vec<_> = model.panes.iter().map(|pane| pane.session.0).collect();
        assert_eq!(ids, [2, 4]);
        assert_eq!(model.tab, 2, "what is shown stays");
    }
}

#[test]
fn esc_in_the_list_gives_up_what_is_being_connected() {
    let mut model = left_behind();
    start(&mut model, Vec::new());
    let openings = connects(&press(&mut model, "a Enter"));
    let effects = press(&mut model, "Esc");
    assert_eq!(effects.len(), 2);
    assert!(
        effects
            .iter()
            .all(|effect| matches!(effect, Effect::CancelOpening(_)))
    );
    for (opening, _) in openings {
        let report = Box::new(Report::new(ExitCode::Cancelled, "cancelled"));
        update(
            &mut model,
            Message::OpeningFailed(opening, report),
            samples::now(),
        );
    }
    assert!(model.layers.is_empty() && model.toasts.is_empty() && model.under_way.is_empty());
}

#[test]
fn the_picker_is_a_key_away() {
    let mut model = model();
    let effects = press(&mut model, "R");
    assert!(matches!(
        effects[..],
        [Effect::Refresh { quiet: false, .. }]
    ));
    assert!(matches!(model.layers[..], [Layer::Resume(_)]));
}

#[test]
fn what_is_being_connected_is_not_connected_twice() {
    let mut model = left_behind();
    let all = |model: &mut Model| {
        let mut effects = press(model, "a c");
        if matches!(model.layers.last(), Some(Layer::Confirm(_))) {
            effects.extend(press(model, "y"));
        }
        connects(&effects).len()
    };
    let count = model.sessions.all().len();
    assert_eq!(all(&mut model), count);
    assert_eq!(all(&mut model), 0);
    model.sessions.unmark();
    assert!(connects(&press(&mut model, "c")).is_empty());
    assert!(connects(&press(&mut model, "Enter")).is_empty());
}

#[test]
fn enter_goes_on_with_what_a_connected_session_runs() {
    let mut model = left_behind();
    let mut info = model.sessions.all()[0].clone();
    info.state = SessionState::Opened;
    info.running = Some("./backup.ps1".to_owned());
    model.set_sessions([info.clone()].into());
    let effects = press(&mut model, "Enter");
    assert!(matches!(effects[..], [Effect::Resume(_, id, _)] if id == info.id));
}
