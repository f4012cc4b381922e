//! Sessions that are gone on with at a terminal, left by a signal, and taken over from a psdeck that was killed.

use std::io::Write as _;

use serde_json::json;

use crate::support::desk::Desk;
use crate::support::screen::Screen;
use crate::support::wsman::WsmanPeer;

fn at_terminal(desk: &Desk, arguments: &[&str]) -> Screen {
    Screen::new(100, 24)
        .config(desk.text())
        .env("PSDECK_DATA", &desk.data().display().to_string())
        .args(arguments)
        .start()
}

#[test]
fn one_session_is_gone_on_with_at_a_terminal_and_stays_when_it_is_left() {
    let Some(peer) = WsmanPeer::new().start() else {
        return;
    };
    let desk = Desk::new(&peer);
    let script = "$n = 6; 1..12 | ForEach-Object { \"line $_\"; Start-Sleep -Milliseconds 100 }";
    desk.run(&["invoke", "Server01", "-c", script, "--detach"], 0);
    let mut screen = at_terminal(&desk, &["connect", "1"]);
    screen.row("line 1").row("line 12").expect("[Server01]: PS");
    screen.keys("$n * 7<Enter>").row("42");
    screen
        .keys("exit<Enter>")
        .expect("Left: psdeck connect 1 goes on, psdeck remove 1 ends it.");
    assert_eq!(screen.ended(), 0);
    let list = desk.list(&["Server01"]);
    assert_eq!(list[0]["State"], "Disconnected");
    assert_eq!(list[0]["Availability"], "None");
    assert_eq!(peer.violations(), Vec::<String>::new());
}

#[test]
fn what_a_received_command_asks_is_answered_at_the_terminal() {
    let Some(peer) = WsmanPeer::new().start() else {
        return;
    };
    let desk = Desk::new(&peer);
    let script = "'before'; $a = Read-Host 'Who'; \"it is $a\"; Read-Host 'Again'; 'never'";
    desk.run(&["invoke", "Server01", "-c", script, "--detach"], 0);
    let mut screen = at_terminal(&desk, &["receive", "1"]);
    screen.row("before").expect("Who: ").keys("Jo<Enter>");
    screen.row("it is Jo").expect("Again: ").keys("<C-c>");
    assert_eq!(screen.ended(), 130);
    let left = desk.list(&["Server01"]);
    assert_eq!(left[0]["State"], "Disconnected");
    assert_eq!(left[0]["Running"], "a command");
    assert_eq!(peer.violations(), Vec::<String>::new());
}

#[test]
fn what_a_received_command_asks_without_a_terminal_is_left_unanswered() {
    let Some(peer) = WsmanPeer::new().start() else {
        return;
    };
    let desk = Desk::new(&peer);
    let script = "1..3; $n = Read-Host Name; \"hello $n\"";
    let detach = ["invoke", "Server01", "-c", script, "--detach"];
    desk.run(&detach, 0);
    let ran = desk.run(&["receive", "1", "--output", "jsonl"], 4);
    let lines = ran.json_lines();
    let values: Vec<_> = lines
        .iter()
        .filter(|line| line["stream"] == "output")
        .map(|line| &line["value"])
        .collect();
    assert_eq!(values, [&json!(1), &json!(2), &json!(3)]);
    let [.., error, end] = &lines[..] else {
        panic!("{lines:?}")
    };
    assert!(error.to_string().contains("waits for an answer"), "{error}");
    assert_eq!(end["state"], "Disconnected", "{end}");
    assert!(ran.err.contains("psdeck connect 1 goes on"), "{}", ran.err);
    // Neither answered nor stopped.
    let left = &desk.list(&["Server01"])[0];
    assert_eq!(left["Running"], "a command", "{left}");
    // This server does not ask twice; the user hears so, and the session is theirs.
    let mut screen = at_terminal(&desk, &["connect", "1"]);
    screen.expect("given to the former").keys("<C-c>");
    screen.expect("[Server01]: PS").keys("exit<Enter>");
    assert_eq!(screen.ended(), 0);
    // What nobody has fetched is asked at the terminal.
    desk.run(&detach, 0);
    let mut screen = at_terminal(&desk, &["connect", "2"]);
    screen.expect("Name").keys("Jo<Enter>").row("hello Jo");
    screen.expect("[Server01]: PS").keys("exit<Enter>");
    assert_eq!(screen.ended(), 0);
    assert_eq!(peer.violations(), Vec::<String>::new());
}

#[test]
fn a_terminal_that_goes_away_leaves_the_session_on_its_server() {
    let Some(peer) = WsmanPeer::new().start() else {
        return;
    };
    let desk = Desk::new(&peer);
    let mut screen = at_terminal(&desk, &["enter", "Server01"]);
    screen
        .expect("[Server01]: PS")
        .keys("$n = 6; 's' + 'et'<Enter>")
        .row("set");
    screen.signal(rustix::process::Signal::HUP);
    screen.expect("the session runs on: psdeck connect 1");
    assert_eq!(screen.ended(), 128 + 1);
    let list = desk.list(&["Server01"]);
    assert_eq!(list[0]["Availability"], "None");
    assert_eq!(peer.count("executed", "Delete"), 0);
    assert_eq!(peer.count("executed", "Disconnect"), 1);
    let mut screen = at_terminal(&desk, &["connect", "1"]);
    screen
        .expect("[Server01]: PS")
        .keys("$n * 7<Enter>")
        .row("42");
    screen.keys("exit<Enter>");
    assert_eq!(screen.ended(), 0);
}

#[test]
fn a_server_that_has_not_missed_a_dead_psdeck_is_waited_for() {
    let peer = WsmanPeer::new().set("clock", 20).set("auto_disconnect", 60);
    let Some(peer) = peer.start() else {
        return;
    };
    let desk = Desk::new(&peer);
    let mut victim = desk.psdeck(&["enter", "Server01"]).start();
    let input = victim.input.as_mut().unwrap();
    input.write_all(b"'re' + 'ady'\n").unwrap();
    victim.wait_for("ready\n");
    victim.kill();
    // A server that does not let it be left by anybody else.
    peer.rule(
        "fault",
        json!({ "op": "Disconnect", "name": "other_client", "count": 1 }),
    );
    let held = desk.list(&["Server01"]);
    assert_eq!(held[0]["Availability"], "Busy", "{held:?}");
    let reason = held[0]["Reason"].as_str().unwrap();
    assert!(reason.contains("until the server notices"), "{reason}");
    let ran = desk.run(&["connect", "1", "--output", "jsonl"], 0);
    assert!(
        ran.err.contains("held until the server notices"),
        "{}",
        ran.err
    );
    assert!(ran.err.contains(" UTC at the latest"), "{}", ran.err);
    assert_eq!(ran.json_lines()[0]["State"], "Disconnected");
    assert_eq!(desk.list(&["Server01"])[0]["Availability"], "None");
}
