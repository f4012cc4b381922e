//! Sessions that this psdeck did not open, in the app and against the foreign WSMan server: `r` in the list, and cmdlet
//! lines.

use std::path::Path;
use std::time::Duration;

use crate::app_resume::{SIZES, app, expire, folder, keep, open, states, wsman};
use crate::support::peer::Peer;
use crate::support::screen::Screen;
use crate::support::wsman::PASSWORD;

/// Leaves a session of this name at the peer.
fn leave(peer: &Peer, data: &Path, name: &str) {
    let mut screen = app(peer, data, (80, 24)).start();
    open(&mut screen, name);
    screen.keys("<C-]>d").expect("Enter connects it again");
    screen.keys("<C-]>q");
    assert_eq!(screen.ended(), 0);
}

#[test]
fn a_session_of_another_run_is_removed_after_the_questions_that_connecting_it_asks() {
    let Some(peer) = Peer::wsman().start() else {
        return;
    };
    let data = folder();
    leave(&peer, data.path(), "ITTask");
    // Nobody knows the password here.
    let mut screen = Screen::new(80, 24)
        .env("PSDECK_DATA", data.path().to_str().expect("a path"))
        .start();
    screen
        .expect("Resume: 1 disconnected")
        .keys("<Esc>")
        .gone("Resume: 1")
        .keys("r")
        .expect("Remove ITTask?")
        .keys("y")
        .expect("wants a password")
        // Without an answer it stays, and the list has it back.
        .keys("<Esc>")
        .expect("cannot remove the session")
        .keys("<Enter>")
        .gone("cannot remove the session")
        .expect("Disconnected");
    assert_eq!(states(&peer), ["Disconnected"]);
    screen
        .keys("ry")
        .expect("wants a password")
        .keys(&format!("{PASSWORD}<Enter>"))
        .expect("No sessions yet")
        .keys("q");
    assert_eq!(screen.ended(), 0);
    assert!(states(&peer).is_empty());
}

#[test]
fn a_session_whose_server_is_away_is_given_up_or_taken_off_the_list() {
    let Some(peer) = Peer::wsman().start() else {
        return;
    };
    for size in SIZES {
        let data = folder();
        leave(&peer, data.path(), "ITTask");
        let rule = serde_json::json!({ "op": "Enumerate", "seconds": 600, "count": 0 });
        wsman(&peer).rule("hang", rule);
        let mut screen = app(&peer, data.path(), size).start();
        screen
            .expect("Resume: 1 disconnected")
            .keys("<Esc>")
            .gone("Resume: 1")
            .keys("ry")
            .expect("Esc give up")
            .keys("<Esc>")
            .gone("Esc give up")
            .expect("ITTask");
        wsman(&peer).cut_for(Duration::from_mins(10), "refuse");
        wsman(&peer).heal();
        screen.keys("ry").expect("cannot remove the session");
        keep(&screen, "unremoved", size);
        screen
            .keys("f")
            .expect("Forget 1 session?")
            .keys("y")
            .expect("No sessions yet")
            .keys("q");
        assert_eq!(screen.ended(), 0);
        wsman(&peer).cut_for(Duration::from_millis(1), "refuse");
        wsman(&peer).until("its session still", |state| {
            state["shells"].as_array().is_some_and(|all| all.len() == 1)
        });
        wsman(&peer).control("/expire", &serde_json::json!({}));
    }
}

#[test]
fn a_session_whose_time_is_over_is_asked_for_at_its_server() {
    for is_gone in [false, true] {
        let Some(peer) = Peer::wsman().start() else {
            return;
        };
        let data = folder();
        leave(&peer, data.path(), "ITTask");
        expire(&data.path().join("sessions/1.json"), data.path());
        wsman(&peer).cut_for(Duration::from_mins(10), "reset");
        let mut screen = app(&peer, data.path(), (80, 24)).start();
        screen
            .expect("Resume: 1 disconnected")
            .expect("r takes this one off")
            .keys("<Esc>")
            .gone("Resume: 1")
            .keys("ry")
            // What its server says is not known: it stays.
            .expect("cannot remove the session")
            .keys("<Enter>")
            .gone("cannot remove the session")
            .expect("ITTask");
        if is_gone {
            wsman(&peer).control("/expire", &serde_json::json!({}));
        }
        assert_eq!(states(&peer).is_empty(), is_gone);
        wsman(&peer).cut_for(Duration::from_nanos(1), "reset");
        screen
            .keys("ry")
            .expect("ITTask is removed")
            .expect("No sessions yet");
        assert!(states(&peer).is_empty());
    }
}

#[test]
fn each_cmdlet_line_asks_for_itself() {
    let Some(peer) = Peer::wsman().start() else {
        return;
    };
    let data = folder();
    let profile = peer.profile("Server01");
    let lines = profile
        .lines()
        .filter(|line| !line.starts_with("password_command"));
    let mut screen = Screen::new(80, 24)
        .config(&lines.collect::<Vec<_>>().join("\n"))
        .env("PSDECK_DATA", data.path().to_str().expect("a path"))
        .start();
    let line = "Get-PSSession -ComputerName Server01\r";
    screen.expect("No sessions yet").text(":");
    for answer in ["<Esc>", "<Esc>", &format!("{PASSWORD}<Enter>")] {
        screen
            .text(line)
            .expect("Esc refuse")
            .keys(answer)
            .gone("Esc refuse")
            .gone("Cmdlets: running");
    }
    screen.text(line).expect("Esc refuse");
}
