//! Sessions that outlive the app and the network, in the app: against the foreign WSMan server.

use std::path::Path;
use std::time::Duration;

use serde_json::json;

use crate::support::peer::Peer;
use crate::support::screen::{self, Screen};
use crate::support::wsman::WsmanPeer;

pub const SIZES: [(u16, u16); 2] = [(80, 24), (200, 50)];

/// The app of somebody whose data are in a folder, with the peer as `Server01`.
pub fn app(peer: &Peer, data: &Path, size: (u16, u16)) -> screen::Builder {
    Screen::new(size.0, size.1)
        .peer("Server01", peer)
        .env("PSDECK_DATA", data.to_str().expect("a path"))
}

pub fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

/// Opens a session of a name and waits for its prompt.
pub fn open(screen: &mut Screen, name: &str) {
    screen
        .expect("Sessions")
        .keys("n")
        .expect("New session")
        .keys(&format!("Server01<Tab><Tab>{name}<Enter>"))
        .expect("]: PS ")
        .gone("Entering");
}

/// Quits, and closes the sessions that are open.
#[track_caller]
fn quit_and_close(screen: &mut Screen) {
    screen.keys("<C-]>q").expect("Quit psdeck?").keys("c");
    assert_eq!(screen.ended(), 0);
}

/// The states of the peer's shells.
pub fn states(peer: &Peer) -> Vec<String> {
    let state = wsman(peer).state();
    let shells = state["shells"].as_array().cloned().unwrap_or_default();
    let states = shells.iter().map(|shell| shell["state"].to_string());
    states
        .map(|state| state.trim_matches('"').to_owned())
        .collect()
}

/// Lines of output that do not end before they are let: each answer of the server holds a few, and takes its time.
const SCRIPT: &str = "1..400 | % { \"line $_\" }; 'the ' + 'end'";

/// A server whose output streams for as long as nobody lets it run ([`WsmanPeer::heal`]).
fn streaming() -> Option<Peer> {
    let peer = Peer::wsman().set("receive_batch", 512).start()?;
    let rule = json!({ "op": "Receive", "target": "command", "seconds": 0.3, "count": 0 });
    wsman(&peer).rule("delay", rule);
    Some(peer)
}

pub fn wsman(peer: &Peer) -> &WsmanPeer {
    peer.as_wsman().expect("a WSMan peer")
}

/// The numbers of the lines on the screen.
fn numbers(screen: &str) -> Vec<u32> {
    let lines = screen
        .lines()
        .filter_map(|row| row.trim().strip_prefix("line "));
    lines.filter_map(|number| number.parse().ok()).collect()
}

/// Leaves the session of the pane shown; the numbers that the pane shows then.
fn leave(screen: &mut Screen) -> Vec<u32> {
    screen
        .keys("<C-]>d")
        .expect("Disconnect ITTask on")
        .keys("y")
        .expect("Enter connects it again");
    numbers(&screen.contents())
}

#[test]
fn a_pane_in_mid_output_goes_on_in_another_psdeck_with_every_line_once() {
    let Some(peer) = streaming() else {
        return;
    };
    let (office, home) = (folder(), folder());
    let mut screen = app(&peer, office.path(), (80, 300)).start();
    open(&mut screen, "ITTask");
    screen.text(SCRIPT).keys("<Enter>").row("line 20");
    let mut seen = leave(&mut screen);
    assert!(seen.len() < 200, "it streamed: {}", seen.len());
    assert_eq!(states(&peer), ["Disconnected"]);

    let mut there = app(&peer, home.path(), (80, 500)).start();
    there
        .expect("Resume: 1 disconnected")
        .expect("ITTask")
        .expect("a command")
        .keys("<Enter>")
        .until("more lines", |screen| !numbers(screen).is_empty());
    wsman(&peer).heal();
    there.row("the end").expect("]: PS ");
    seen.extend(numbers(&there.contents()));
    assert_eq!(seen, (1..=400).collect::<Vec<_>>());
    there.keys("6 * 7<Enter>").row("42");

    // Where it was left it can be had again once it is left there, too.
    screen
        .keys("<Enter>")
        .expect("it is connected to another client");
    screen.keys("<Enter>").expect("Enter connects it again");
    there.keys("<C-]>d").expect("Enter connects it again");
    screen
        .keys("<Enter>")
        .expect("it ended while another client had the session")
        .gone("Connecting ITTask")
        .keys("6 * 8<Enter>")
        .row("48");
    quit_and_close(&mut screen);
    // With nothing open it ends at once.
    there.keys("<C-]>q");
    assert_eq!(there.ended(), 0);
    assert!(peer.violations().is_empty(), "{:?}", peer.violations());
}

#[test]
fn a_pane_in_mid_output_goes_on_in_its_own_psdeck_with_every_line_once() {
    let Some(peer) = streaming() else {
        return;
    };
    let data = folder();
    let mut screen = app(&peer, data.path(), (80, 500)).start();
    open(&mut screen, "ITTask");
    screen.text(SCRIPT).keys("<Enter>").row("line 20");
    let seen = leave(&mut screen);
    assert!(seen.len() < 200, "it streamed: {}", seen.len());
    screen.keys("<Enter>").until("more lines", |screen| {
        numbers(screen).len() > seen.len() + 10
    });
    wsman(&peer).heal();
    screen.row("the end").expect("]: PS ");
    assert_eq!(
        numbers(&screen.contents()),
        (1..=400).collect::<Vec<_>>(),
        "what it showed before stays"
    );
    assert!(peer.violations().is_empty(), "{:?}", peer.violations());
}

#[test]
fn a_question_in_mid_output_is_answered_after_its_session_was_left() {
    let ask = "1..40 | % { \"line $_\" }; $n = Read-Host 'Your name'; 41..80 | % { \"line $_\" }; \"hello $n\"";
    for other in [false, true] {
        // What the server gave last it gives to the next client again: the question, by itself.
        let replay = Peer::wsman()
            .set("replay_on_connect", "always")
            .set("receive_batch", 1);
        let Some(peer) = replay.start() else {
            return;
        };
        let (office, home) = (folder(), folder());
        let mut screen = app(&peer, office.path(), (80, 200)).start();
        open(&mut screen, "ITTask");
        screen
            .text(ask)
            .keys("<Enter>")
            .expect("asks ─")
            .keys("<C-]>d")
            .expect("waits for an answer of yours")
            .keys("y")
            .expect("It waits for an answer of yours")
            .gone("asks ─");
        let mut seen = Vec::new();
        if other {
            seen = numbers(&screen.contents());
            screen.keys("<C-]>q");
            assert_eq!(screen.ended(), 0);
            screen = app(&peer, home.path(), (80, 200)).start();
            screen.expect("Resume: 1 disconnected");
        }
        screen
            .keys("<Enter>")
            .expect("asks ─")
            .keys("Ada<Enter>")
            .row("hello Ada")
            .expect("]: PS ");
        seen.extend(numbers(&screen.contents()));
        assert_eq!(seen, (1..=80).collect::<Vec<_>>(), "other: {other}");
        assert!(peer.violations().is_empty(), "{:?}", peer.violations());
    }
}

#[test]
fn the_picker_offers_what_was_left_and_connects_what_is_marked() {
    let Some(peer) = Peer::wsman().start() else {
        return;
    };
    for size in SIZES {
        let data = folder();
        let mut screen = app(&peer, data.path(), size).start();
        open(&mut screen, "Backups");
        screen.keys("<C-]>s");
        open(&mut screen, "ITTask");
        screen.keys("<C-]>q").expect("2 open sessions can go on");
        keep(&screen, "quit", size);
        screen.keys("<Enter>");
        assert_eq!(screen.ended(), 0);
        assert_eq!(states(&peer), ["Disconnected", "Disconnected"]);

        let mut screen = app(&peer, data.path(), size).start();
        screen
            .expect("Resume: 2 disconnected")
            .expect("answered: Server01 (2)");
        keep(&screen, "resume", size);
        // Gone and back again, by its key.
        screen.keys("<Esc>").gone("Resume: 2").keys("R");
        screen.expect("answered: Server01 (2)").keys("a");
        screen.expect("Resume: 2 of 2 marked").keys("<Enter>");
        screen
            .expect("2 sessions are connected")
            .expect("Backups on Server01 ●")
            .expect("ITTask on Server01 ●")
            .until("two prompts", |screen| {
                screen.matches(" Available ").count() == 2
            });
        keep(&screen, "resumed", size);
        screen
            .keys("3")
            .expect("]: PS ")
            .keys("'an' + 'swer'<Enter>");
        screen.row("answer").keys("<C-]>2").expect("]: PS ");
        // Marked in the list, they are removed together.
        screen.keys("<C-]>s").expect("Backups").keys("gar");
        screen
            .expect("Remove 2 sessions?")
            .expect("Backups on Server01");
        screen.gone("sessions are connected");
        keep(&screen, "remove", size);
        screen.keys("y").expect("No sessions yet").keys("q");
        assert_eq!(screen.ended(), 0);
        assert!(states(&peer).is_empty());
    }
}

#[test]
fn a_lost_network_counts_down_and_what_is_typed_meanwhile_is_kept_and_not_sent() {
    let Some(peer) = Peer::wsman().start() else {
        return;
    };
    for size in SIZES {
        let data = folder();
        let mut screen = app(&peer, data.path(), size).start();
        open(&mut screen, "ITTask");
        screen
            .keys("'before'<Enter>")
            .row("before")
            .gone(" running ");
        wsman(&peer).cut_for(Duration::from_secs(12), "refuse");
        screen
            .expect("No network:")
            .expect("offline ")
            .keys("'typed ' + 'blind'<Enter>")
            .expect("kept: 'typed ' + 'blind'");
        keep(&screen, "lost", size);
        let seen = clock(&screen);
        screen.until("a countdown", |screen| {
            let now = screen.split("offline ").nth(1);
            now.is_some_and(|now| now[..4] != seen)
        });
        screen.keys("<C-]>s").expect("offline ").expect("is lost");
        keep(&screen, "lost-list", size);
        // Tries come at random, the first ones half a minute apart at most.
        screen.keys("2").patient(Duration::from_mins(1));
        screen.gone("No network:").expect("answers again");
        screen.expect("> 'typed ' + 'blind'");
        assert!(!screen.contents().contains("typed blind"), "it was sent");
        screen.keys("<Enter>").row("typed blind");
        quit_and_close(&mut screen);
    }
}

#[test]
fn a_network_lost_for_good_leaves_a_session_that_enter_takes_up_with_every_line_once() {
    // The last for all the lines, the others for their pictures.
    for size in SIZES.into_iter().chain([(80, 500)]) {
        let shown = size.1 < 100;
        let peer = if shown {
            Peer::wsman().start()
        } else {
            streaming()
        };
        let Some(peer) = peer else { return };
        let data = folder();
        let builder = app(&peer, data.path(), size).config("[retry]\nwindow = \"4s\"\n");
        let mut screen = builder.start();
        open(&mut screen, "ITTask");
        if shown {
            let script = "1..3 | % { \"line $_\" }; $n = Start-Sleep 600";
            screen.text(script).keys("<Enter>").row("line 3");
            screen.keys("<C-]>d").expect("Disconnect ITTask on");
            keep(&screen, "disconnect", size);
            screen.keys("n").gone("Disconnect ITTask on");
        } else {
            screen.text(SCRIPT).keys("<Enter>").row("line 20");
        }
        wsman(&peer).cut_for(Duration::from_mins(10), "reset");
        screen
            .expect("No network:")
            .expect("offline ")
            .gone("offline ")
            .expect("Disconnected: the network did not come back in time")
            .expect("Enter connects it again.");
        if shown {
            keep(&screen, "over", size);
        }
        let seen = numbers(&screen.contents());
        assert!(seen.len() < 200, "it streamed: {}", seen.len());
        wsman(&peer).cut_for(Duration::from_millis(1), "reset");
        wsman(&peer).heal();
        screen.keys("<Enter>").gone("Enter connects it again.");
        if shown {
            screen.gone("Connecting ITTask").keys("<C-c>");
        } else {
            screen.row("the end");
        }
        screen.expect("]: PS ").gone(" running ").gone(" stopping ");
        let lines = if shown { 3 } else { 400 };
        assert_eq!(
            numbers(&screen.contents()),
            (1..=lines).collect::<Vec<_>>(),
            "{size:?}"
        );
        screen.keys("6 * 7<Enter>").row("42");
        assert!(peer.violations().is_empty(), "{:?}", peer.violations());
    }
}

#[test]
fn the_picker_says_why_sessions_cannot_be_had() {
    for size in SIZES {
        let Some(peer) = Peer::wsman().start() else {
            return;
        };
        let data = folder();
        let mut other = app(&peer, data.path(), size).start();
        open(&mut other, "Backups");
        other.keys("<C-]>s");
        open(&mut other, "ITTask");
        other.keys("<C-]>d").expect("Enter connects it again");
        // Its time is over, and its server cannot be asked.
        expire(&data.path().join("sessions/2.json"), data.path());
        wsman(&peer).cut_for(Duration::from_mins(10), "refuse");
        let mut screen = app(&peer, data.path(), size).start();
        screen
            .expect("Resume: 2 disconnected")
            .expect("Server01: ")
            .expect("once it is disconnected there");
        keep(&screen, "busy", size);
        screen.keys("<Down>").expect("Its time is over");
        keep(&screen, "expired", size);
    }
}

/// Ends a session's time in its record.
pub fn expire(record: &Path, folder: &Path) {
    let mut fields = recorded(record, "Disconnected");
    let past = time::OffsetDateTime::now_utc() - time::Duration::minutes(5);
    let past = past.format(&time::format_description::well_known::Rfc3339);
    fields["expires"] = past.expect("a time").into();
    // Another psdeck reads it as soon as it changes: it must be whole.
    let whole = folder.join("whole.json");
    std::fs::write(&whole, fields.to_string()).expect("a record");
    std::fs::rename(&whole, record).expect("a record");
}

/// A record when it is written that its session has that state.
fn recorded(record: &Path, state: &str) -> serde_json::Value {
    for _ in 0..2000 {
        let text = std::fs::read_to_string(record).expect("a record");
        let fields: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        if fields["state"] == state {
            return fields;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("the record never said {state}");
}

#[test]
fn the_list_hears_what_other_psdecks_make_of_their_sessions() {
    let Some(peer) = Peer::wsman().start() else {
        return;
    };
    let data = folder();
    let mut here = app(&peer, data.path(), (80, 24)).start();
    here.expect("No sessions yet");
    let mut there = app(&peer, data.path(), (80, 24)).start();
    open(&mut there, "ITTask");
    here.expect("ITTask").expect(" Busy ");
    there.keys("<C-]>d").expect("Enter connects it again");
    here.gone(" Busy ").expect(" None ");
    there
        .keys("<Enter>")
        .gone("Enter connects it again")
        .gone("Connecting ITTask");
    here.expect(" Busy ");
    quit_and_close(&mut there);
    here.expect("No sessions yet");
}

#[test]
fn a_session_whose_psdeck_died_is_taken_up_as_the_picker_says() {
    let Some(peer) = Peer::wsman().start() else {
        return;
    };
    for size in SIZES {
        let data = folder();
        let mut screen = app(&peer, data.path(), size).start();
        open(&mut screen, "ITTask");
        recorded(&data.path().join("sessions/1.json"), "Opened");
        screen.signal(rustix::process::Signal::KILL);
        drop(screen);
        let mut screen = app(&peer, data.path(), size).start();
        screen
            .expect("Resume: 1 disconnected")
            .expect("answered: Server01 (1)")
            .expect("Enter takes it up");
        keep(&screen, "abandoned", size);
        screen.keys("<Enter>").expect("]: PS ");
        quit_and_close(&mut screen);
    }
}

#[test]
fn what_a_session_runs_is_known_after_its_server_was_asked() {
    let Some(peer) = Peer::wsman().start() else {
        return;
    };
    let data = folder();
    let mut screen = app(&peer, data.path(), (80, 24)).start();
    open(&mut screen, "ITTask");
    screen
        .keys("Read-Host Name<Enter>")
        .expect("asks ─")
        .keys("<C-]>d")
        .expect("waits for an answer of yours")
        .keys("y")
        .expect("Enter connects it again")
        .keys("<C-]>s")
        .expect("running Read-Host Name")
        .keys("R")
        .expect("Resume: 1 disconnected")
        .expect("answered: Server01 (1)");
    screen.expect("running Read-Host Name");
}

#[test]
fn a_command_that_may_wait_for_its_former_client_is_shown_honestly() {
    let Some(peer) = Peer::wsman().set("replay_on_connect", "never").start() else {
        return;
    };
    let (office, home) = (folder(), folder());
    let mut screen = app(&peer, office.path(), (80, 24)).start();
    open(&mut screen, "ITTask");
    screen
        .keys("$n = Read-Host 'Your name'; \"hello $n\"<Enter>")
        .expect("asks ─")
        .keys("<C-]>d")
        .expect("waits for an answer of yours")
        .keys("y")
        .expect("Enter connects it again")
        .keys("<C-]>q");
    assert_eq!(screen.ended(), 0);
    for size in SIZES {
        let mut screen = app(&peer, home.path(), size).start();
        screen
            .expect("Resume: 1 disconnected")
            .keys("<Enter>")
            .expect("silent since it was taken up")
            .expect("Ctrl+C stops it");
        keep(&screen, "silent", size);
        if size == SIZES[0] {
            screen
                .keys("<C-]>d")
                .expect("Disconnect ITTask on")
                .keys("y");
            screen.expect("Enter connects it again").keys("<C-]>q");
        } else {
            screen
                .keys("<C-c>")
                .expect("]: PS ")
                .keys("6 * 7<Enter>")
                .row("42");
            screen.keys("<C-]>q").expect("Quit psdeck?").keys("c");
        }
        assert_eq!(screen.ended(), 0);
    }
}

#[test]
fn whoever_closes_the_terminal_leaves_the_sessions_at_their_servers() {
    let Some(peer) = Peer::wsman().start() else {
        return;
    };
    let data = folder();
    let mut screen = app(&peer, data.path(), (80, 24)).start();
    open(&mut screen, "ITTask");
    screen.signal(rustix::process::Signal::HUP);
    assert_eq!(screen.ended(), 129);
    assert_eq!(states(&peer), ["Disconnected"]);
    let mut screen = app(&peer, data.path(), (80, 24)).start();
    screen
        .expect("Resume: 1 disconnected")
        .keys("<Enter>")
        .expect("]: PS ");
}

#[test]
fn cmdlet_lines_work_on_the_sessions_of_the_list() {
    let Some(peer) = Peer::wsman().start() else {
        return;
    };
    for size in SIZES {
        let data = folder();
        let mut screen = app(&peer, data.path(), size).start();
        screen
            .expect("No sessions yet")
            .text(":$s = New-PSSession -ComputerName Server01 -Name ITTask; $s\r")
            .expect("ITTask")
            .expect("Opened")
            .gone("Cmdlets: running")
            .text("Disconnect-PSS\t -Name ITTask\r")
            .until(
                "a line for it in the output and one in the list",
                |screen| screen.matches("Disconnected").count() >= 2,
            )
            .gone("Cmdlets: running")
            .text("Connect-PSSession -Name nobody\r")
            .expect("There is no session with the name 'nobody'")
            .gone("Cmdlets: running");
        keep(&screen, "command", size);
        // The line goes, what it wrote stays for the next time; the session is entered in a pane.
        screen
            .keys("<Esc>")
            .gone("Cmdlets")
            .keys(":")
            .expect("nobody");
        screen
            .text("Connect-PSSession -Name ITTask | Enter-PSSession\r")
            .expect("]: PS ")
            .gone("Cmdlets");
        screen.keys("6 * 7<Enter>").row("42");
        screen.keys("<C-]>:").expect("Connect-PSSession");
        screen
            .text("Remove-PSSession -Name ITTask\r")
            .expect(":Remove-PSSession -Name ITTask");
        screen.expect("No sessions yet").gone("Cmdlets: running");
        // A command that has to wait for another one says so.
        screen
            .text("$s = New-PSSession Server01; $j = Invoke-Command $s { Start-Sleep 600 } -AsJob; $s\r")
            .expect("Busy")
            .gone("Cmdlets: running")
            .text("Invoke-Command $s { 7 }\r")
            .expect("WARNING: the session still runs another command")
            .keys("<Esc>")
            .gone("Cmdlets: ")
            .text("$s | Remove-PSSession\r")
            .expect("No sessions yet")
            .gone("Cmdlets: running");
        screen.keys("<Esc>").gone("Cmdlets").keys("q");
        assert_eq!(screen.ended(), 0);
        assert!(states(&peer).is_empty());
    }
}

/// What the first countdown on the screen says.
fn clock(screen: &Screen) -> String {
    let contents = screen.contents();
    let clock = contents.split("offline ").nth(1).expect("a countdown");
    clock[..4].to_owned()
}

/// Keeps a screen under a name, with its size; what differs from run to run is replaced by what is as wide.
#[track_caller]
pub fn keep(screen: &Screen, name: &str, size: (u16, u16)) {
    // Several that are connected at once get their tabs as their servers answer.
    let mut contents = screen.contents();
    for mark in ["", " ●"] {
        let tabs = |one, other| format!("2 {one} on Server01{mark} │ 3 {other} on Server01{mark}");
        contents = contents.replace(&tabs("ITTask", "Backups"), &tabs("Backups", "ITTask"));
    }
    let mut contents: Vec<char> = contents.chars().collect();
    let [label, port]: [Vec<char>; 2] = ["instance ", "port "].map(|text| text.chars().collect());
    for at in 0..contents.len().saturating_sub(4) {
        let clock: String = contents[at..at + 4].iter().collect();
        if matches!(clock.as_bytes(), [b'0'..=b'4', b':' | b'm', b'0'..=b'9', _]) {
            contents[at..at + 4].fill('#');
        }
        if contents[at..].starts_with(&port) {
            let number = contents[at + port.len()..].iter_mut();
            number
                .take_while(|c| c.is_ascii_digit())
                .for_each(|c| *c = '#');
        }
        // A dialog may lie over the end of an id.
        if contents[at..].starts_with(&label) {
            let id = contents[at + label.len()..].iter_mut();
            id.take_while(|c| c.is_ascii_hexdigit() || **c == '-')
                .for_each(|c| *c = '#');
        }
    }
    let contents: String = contents.into_iter().collect();
    insta::assert_snapshot!(format!("{name}-{}x{}", size.0, size.1), contents);
}
