use std::time::Duration;

use crate::session::{InteractiveEvent, Interruption};
use crate::tui::samples;

use super::tests::{entered, press, ready, show, shown, submitted, write};
use super::*;

fn cut() -> InteractiveEvent {
    InteractiveEvent::Interrupted(Interruption {
        since: samples::now(),
        until: samples::now() + Duration::from_mins(4),
        why: "no route to host".to_owned(),
    })
}

fn left() -> InteractiveEvent {
    InteractiveEvent::Disconnected {
        why: Some("the network was lost for too long".to_owned()),
        expires: Some(samples::now() + Duration::from_hours(2)),
    }
}

#[test]
fn lines_typed_without_a_network_are_kept_and_never_sent() {
    let mut model = entered();
    show(&mut model, 0, vec![cut()]);
    let effects = press(&mut model, "o n e Enter t w o Enter t h");
    assert!(effects.is_empty(), "{effects:?}");
    let back = InteractiveEvent::Restored {
        lines: vec!["zero".to_owned()],
    };
    let effects = show(&mut model, 0, vec![back, ready()]);
    assert!(effects.is_empty(), "{effects:?}");
    let pane = model.pane().unwrap();
    assert_eq!(pane.editor.text(), "zero\none\ntwo\nth");
    assert!(pane.held.is_empty() && pane.away.is_none());
    assert_eq!(
        submitted(&press(&mut model, "Enter")).len(),
        1,
        "by the user"
    );
}

#[test]
fn lines_that_waited_before_the_cut_wait_on_and_run_behind_their_command() {
    let mut model = entered();
    press(&mut model, "a Enter b Enter");
    show(&mut model, 0, vec![cut()]);
    assert!(press(&mut model, "c Enter").is_empty());
    let restored = InteractiveEvent::Restored { lines: Vec::new() };
    show(&mut model, 0, vec![restored]);
    assert_eq!(submitted(&show(&mut model, 0, vec![ready()])), ["b"]);
    assert_eq!(model.pane().unwrap().editor.text(), "c");
}

#[test]
fn lines_that_waited_behind_one_that_was_not_sent_come_back_with_it() {
    let mut model = entered();
    press(&mut model, "a Enter b Enter");
    show(&mut model, 0, vec![cut()]);
    press(&mut model, "c Enter");
    let back = InteractiveEvent::Restored {
        lines: vec!["a".to_owned()],
    };
    let effects = show(&mut model, 0, vec![back, ready()]);
    assert!(effects.is_empty(), "{effects:?}");
    assert_eq!(model.pane().unwrap().editor.text(), "a\nb\nc");
}

#[test]
fn ctrl_c_drops_what_was_kept() {
    let mut model = entered();
    show(&mut model, 0, vec![cut()]);
    press(&mut model, "a Enter Ctrl+c");
    let restored = InteractiveEvent::Restored { lines: Vec::new() };
    show(&mut model, 0, vec![restored, ready()]);
    assert!(model.pane().unwrap().editor.is_empty());
}

#[test]
fn what_is_pasted_meanwhile_or_waited_for_its_turn_is_not_sent_by_surprise() {
    let mut model = entered();
    show(&mut model, 0, vec![cut()]);
    let paste = |model: &mut Model, text: &str| {
        update(model, Message::Paste(text.to_owned()), samples::now());
        press(model, "Enter")
    };
    assert!(paste(&mut model, "one\ntwo\n").is_empty());
    assert_eq!(model.pane().unwrap().held, ["one", "two"]);
    let restored = InteractiveEvent::Restored { lines: Vec::new() };
    assert!(show(&mut model, 0, vec![restored, ready()]).is_empty());
    assert_eq!(model.pane().unwrap().editor.text(), "one\ntwo");

    // Typed ahead, and left before its turn came.
    let mut model = entered();
    let effects = press(&mut model, "r u n s Enter n e x t Enter");
    assert!(matches!(effects[..], [Effect::Submit(..)]));
    show(&mut model, 0, vec![left()]);
    let back = InteractiveEvent::Reconnected { lines: Vec::new() };
    assert!(show(&mut model, 0, vec![back, ready()]).is_empty());
    assert_eq!(model.pane().unwrap().editor.text(), "next");
}

#[test]
fn a_session_that_went_on_alone_is_connected_in_its_pane_with_what_it_showed() {
    let mut model = entered();
    show(&mut model, 0, vec![write("before", true), cut()]);
    press(&mut model, "k e p t Enter");
    show(&mut model, 0, vec![left()]);
    assert!(press(&mut model, "x c").is_empty(), "it is only typed");
    let mut all = model.sessions.all().to_vec();
    all[0].state = crate::session::SessionState::Disconnected;
    update(
        &mut model,
        Message::Sessions(all.clone().into()),
        samples::now(),
    );
    let effects = press(&mut model, "Enter");
    let Some(Effect::Connect(opening, SessionId(1))) = effects.first() else {
        panic!("{effects:?}");
    };
    assert!(press(&mut model, "q Space").is_empty(), "still typing");
    all[0].state = crate::session::SessionState::Opened;
    let opened = Message::Opened(*opening, Box::new(all[0].clone()));
    let effects = update(&mut model, opened, samples::now());
    assert!(effects.is_empty(), "the pane is there: {effects:?}");
    let back = InteractiveEvent::Reconnected { lines: Vec::new() };
    show(&mut model, 0, vec![back, write("after", true), ready()]);
    assert_eq!(shown(&model), ["before", "after"]);
    assert_eq!(model.pane().unwrap().editor.text(), "kept\nxcq ");
}

#[test]
fn closing_a_pane_stops_nothing_that_goes_on_at_the_server() {
    let mut model = entered();
    show(&mut model, 0, vec![left()]);
    assert!(matches!(
        press(&mut model, "Ctrl+] x")[..],
        [Effect::LookAway(_)]
    ));
    assert!(model.panes.is_empty());
    let mut model = entered();
    let effects = press(&mut model, "Ctrl+] x");
    assert!(matches!(effects[..], [Effect::Leave(_)]));
}
