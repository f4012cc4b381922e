use std::time::Duration;

use crate::session::{InteractiveEvent, Interruption};
use crate::tui::model::Model;
use crate::tui::samples;
use crate::tui::update::{Message, update};

use super::tests::{SIZES, entered, press, screen, show, write};

fn cut() -> Interruption {
    Interruption {
        since: samples::now(),
        until: samples::now() + Duration::from_secs(222),
        why: "Connection refused (os error 111)".to_owned(),
    }
}

fn lost(size: (u16, u16)) -> Model {
    let mut model = entered(size);
    show(
        &mut model,
        vec![write("one"), InteractiveEvent::Interrupted(cut())],
    );
    press(&mut model, "S t o p - S e r v i c e Enter G e t");
    model
}

#[test]
fn a_pane_without_a_network_counts_down() {
    for size in SIZES {
        insta::assert_snapshot!(format!("lost_{}", size.0), screen(&lost(size)));
    }
}

#[test]
fn a_session_without_a_network_counts_down_in_the_list() {
    for size in SIZES {
        let mut model = lost(size);
        press(&mut model, "Ctrl+] s");
        let mut all = model.sessions.all().to_vec();
        all[0].interruption = Some(cut());
        update(&mut model, Message::Sessions(all.into()), samples::now());
        insta::assert_snapshot!(format!("lost_list_{}", size.0), screen(&model));
    }
}

#[test]
fn a_pane_whose_session_goes_on_alone_says_how_to_have_it_again() {
    for size in SIZES {
        let mut model = lost(size);
        let left = InteractiveEvent::Disconnected {
            why: Some("the network did not come back within 4m".to_owned()),
            expires: Some(samples::now() + Duration::from_hours(2)),
        };
        show(&mut model, vec![left]);
        insta::assert_snapshot!(format!("left_{}", size.0), screen(&model));
    }
}

#[test]
fn no_size_makes_these_panes_panic() {
    for columns in (1..24).chain([39, 40, 80, 132]) {
        for rows in (1..14).chain([24, 50]) {
            let mut model = lost((columns, rows));
            let _ = screen(&model);
            let left = InteractiveEvent::Disconnected {
                why: None,
                expires: None,
            };
            show(&mut model, vec![left]);
            let _ = screen(&model);
        }
    }
}
