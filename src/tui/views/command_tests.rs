use crate::tui::samples;
use crate::tui::update::{CommandEvent, Message, update};

use super::tests::{SIZES, model, press, screen};

#[test]
fn the_command_line() {
    for size in SIZES {
        let mut model = model(size);
        press(&mut model, ":");
        insta::assert_snapshot!(format!("command_{}", size.0), screen(&model));
        press(&mut model, "G e t - P S S e s s i o n Enter");
        let text = " Id Name   State\n -- ----   -----\n  1 ITTask Opened\n".to_owned();
        let events = vec![
            CommandEvent::Text(text),
            CommandEvent::Error("Get-PSSession: no\nsuch thing".to_owned()),
        ];
        update(&mut model, Message::Command(events), samples::now());
        press(&mut model, "N e w - P S S e s s i o n Space - C o m");
        insta::assert_snapshot!(format!("command_output_{}", size.0), screen(&model));
        let ended = vec![CommandEvent::Ended { exit: false }];
        update(&mut model, Message::Command(ended), samples::now());
        press(&mut model, "Ctrl+u N e w Tab Tab");
        insta::assert_snapshot!(format!("command_completion_{}", size.0), screen(&model));
    }
}

#[test]
fn no_size_makes_the_command_line_panic() {
    for columns in (1..24).chain([39, 40, 80, 132]) {
        for rows in (1..14).chain([24, 50]) {
            let mut model = model((columns, rows));
            press(&mut model, ":");
            let _ = screen(&model);
            let text = "a\n".repeat(100);
            let events = vec![CommandEvent::Text(text)];
            update(&mut model, Message::Command(events), samples::now());
            for keys in ["a 日 b", "PageUp", "PageDown", "Ctrl+u N e w Tab", "Tab"] {
                press(&mut model, keys);
                let _ = screen(&model);
            }
            let paste = Message::Paste("x\n".repeat(60));
            update(&mut model, paste, samples::now());
            let _ = screen(&model);
        }
    }
}
