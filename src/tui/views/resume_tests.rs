use std::time::Duration;

use crate::session::{ExitCode, Report, SessionId};
use crate::tui::model::Model;
use crate::tui::samples;
use crate::tui::update::{Effect, Message, start, update};

use super::tests::{SIZES, model, press, screen};

/// The picker with something of everything.
fn picker(size: (u16, u16)) -> Model {
    let mut model = model(size);
    let mut left: Vec<_> = samples::sessions().to_vec();
    left.retain(|info| [2, 4].contains(&info.id.0));
    left[0].disconnected = Some(samples::now() - Duration::from_mins(12));
    left[0].running = Some("Get-ChildItem -Recurse C:\\ | Measure-Object Length -Sum".to_owned());
    left[1].reason = Some("it is connected to another client, 192.0.2.7".to_owned());
    left[1].expires = None;
    let mut expired = left[0].clone();
    expired.id = SessionId(9);
    expired.name = "migration-of-the-old-file-server".to_owned();
    expired.expires = Some(samples::now() - Duration::from_mins(5));
    left.push(expired);
    model.set_sessions(left.into());
    let effects = start(&mut model, Vec::new());
    let [Effect::Refresh { round, .. }] = effects[..] else {
        panic!("{effects:?}");
    };
    let names = ["Server02", "Server03", "Server04", "Server05"].map(str::to_owned);
    update(
        &mut model,
        Message::Asking(round, names.into()),
        samples::now(),
    );
    let mut report = Report::new(ExitCode::Unreachable, "cannot list the sessions");
    report.reasons.push("no route to host".to_owned());
    for (place, answer) in [(0, Ok(vec![SessionId(2)])), (2, Err(Box::new(report)))] {
        update(
            &mut model,
            Message::Listed(round, place, answer),
            samples::now(),
        );
    }
    model
}

#[test]
fn the_resume_picker() {
    for size in SIZES {
        let mut model = picker(size);
        press(&mut model, "Space");
        insta::assert_snapshot!(format!("resume_{}", size.0), screen(&model));
        press(&mut model, "Down");
        insta::assert_snapshot!(format!("resume_expired_{}", size.0), screen(&model));
    }
}

#[test]
fn the_question_what_becomes_of_open_sessions() {
    for size in SIZES {
        let mut model = model(size);
        press(&mut model, "q");
        insta::assert_snapshot!(format!("quit_{}", size.0), screen(&model));
        press(&mut model, "d");
        assert!(screen(&model).contains("Disconnecting: 0 of 1 done."));
    }
}

#[test]
fn marks() {
    for size in SIZES {
        let mut model = model(size);
        press(&mut model, "Space Down Space");
        insta::assert_snapshot!(format!("marks_{}", size.0), screen(&model));
    }
}

#[test]
fn no_size_makes_the_new_dialogs_panic() {
    for columns in (1..24).chain([39, 40, 80, 132]) {
        for rows in (1..14).chain([24, 50]) {
            let mut model = picker((columns, rows));
            let _ = screen(&model);
            press(&mut model, "a");
            let _ = screen(&model);
            let mut model = self::model((columns, rows));
            for keys in ["a", "d", "n", "q", "d"] {
                press(&mut model, keys);
                let _ = screen(&model);
            }
        }
    }
}
