use std::time::Duration;

use crate::session::{Interruption, SessionState};
use crate::tui::samples;

use super::tests::{entered, model, press};
use super::*;

fn change(model: &mut Model, id: u32, change: impl Fn(&mut SessionInfo)) -> Vec<Effect> {
    let mut all = model.sessions.all().to_vec();
    for info in &mut all {
        if info.id.0 == id {
            change(info);
        }
    }
    update(model, Message::Sessions(all.into()), samples::now())
}

fn cut(info: &mut SessionInfo) {
    info.interruption = Some(Interruption {
        since: samples::now(),
        until: samples::now() + Duration::from_mins(4),
        why: "no route to host".to_owned(),
    });
}

fn toasts(model: &Model) -> Vec<&str> {
    model.toasts.iter().map(|toast| &*toast.text).collect()
}

#[test]
fn a_cut_is_told_where_it_is_out_of_sight() {
    let mut model = entered();
    change(&mut model, 3, cut);
    assert_eq!(
        toasts(&model),
        ["deploy on LinuxServer02: the network is lost; psdeck tries on."]
    );
    change(&mut model, 3, |info| info.interruption = None);
    assert_eq!(
        toasts(&model)[1],
        "deploy on LinuxServer02: the network is back."
    );
    model.toasts.clear();
    change(&mut model, 1, cut);
    assert!(model.toasts.is_empty(), "its pane is shown");
    press(&mut model, "Ctrl+] s");
    change(&mut model, 3, cut);
    assert!(model.toasts.is_empty(), "the list is shown");
    press(&mut model, "/ n o n e");
    change(&mut model, 3, |info| info.interruption = None);
    assert_eq!(model.toasts.len(), 1, "it is filtered out");
}

#[test]
fn many_that_are_cut_at_once_are_one_notice() {
    let mut model = entered();
    let mut all = model.sessions.all().to_vec();
    for id in 10..30 {
        let mut info = all[0].clone();
        info.id = SessionId(id);
        info.state = SessionState::Opened;
        all.push(info);
    }
    update(
        &mut model,
        Message::Sessions(all.clone().into()),
        samples::now(),
    );
    all.iter_mut().skip(6).for_each(cut);
    update(&mut model, Message::Sessions(all.into()), samples::now());
    assert_eq!(model.toasts.len(), 1);
    assert!(toasts(&model)[0].contains(" and 14 more: the network is lost"));
}

#[test]
fn a_session_that_is_lost_without_being_asked_is_told_and_one_that_was_asked_is_not() {
    let mut model = entered();
    change(&mut model, 3, |info| {
        info.state = SessionState::Disconnected
    });
    assert!(toasts(&model)[0].contains("deploy on LinuxServer02: Disconnected"));
    model.toasts.clear();
    press(&mut model, "Ctrl+] d Ctrl+] s / n o n e");
    change(&mut model, 1, |info| {
        info.state = SessionState::Disconnected
    });
    assert!(model.toasts.is_empty());
}

#[test]
fn it_ticks_by_the_second_only_while_a_countdown_is_shown() {
    let mut model = model();
    assert_eq!(model.ticks(), Some(Duration::from_mins(1)), "ages");
    change(&mut model, 3, cut);
    assert_eq!(model.ticks(), Some(Duration::from_secs(1)));
    press(&mut model, "Enter");
    assert_eq!(model.ticks(), None, "a pane that is not cut");
    change(&mut model, 1, cut);
    assert_eq!(model.ticks(), Some(Duration::from_secs(1)));
}
