//! The app, used as people use it: through a terminal.

use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::support::peer::{Builder, Peer};
use crate::support::screen::Screen;
use crate::support::servers::on_servers;

on_servers!(
    [local, ssh, wsman],
    [
        a_session_is_entered_used_and_left,
        a_resize_while_output_runs_reaches_the_other_side_and_reflows,
        ctrl_c_stops_what_runs,
        a_secret_is_asked_for_by_name_and_shown_nowhere,
        escape_sequences_of_a_session_do_not_reach_the_terminal,
        a_breaking_session_says_why_and_what_next,
        ten_pasted_lines_run_only_after_a_yes,
        a_pane_that_floods_does_not_hold_up_another,
    ]
);

/// The app with a pane on a peer known as `Server01`, at its prompt.
fn entered(peer: &Peer, columns: u16, rows: u16) -> Screen {
    let mut screen = Screen::new(columns, rows).peer("Server01", peer).start();
    enter(&mut screen);
    screen
}

/// Opens a session on `Server01` and waits for its prompt.
fn enter(screen: &mut Screen) {
    screen
        .expect("Sessions")
        .keys("n")
        .expect("New session")
        .keys("Server01<Enter>")
        .expect("]: PS ");
}

/// Quits with a session open, and closes it.
fn quit(screen: &mut Screen) {
    screen.keys("q").expect("Quit psdeck?").keys("c");
    assert_eq!(screen.ended(), 0);
}

#[test]
fn an_empty_list_shows_the_next_three_keys() {
    let mut screen = Screen::new(80, 24).start();
    screen.expect("The next three keys to press");
    insta::assert_snapshot!("empty", screen.contents());
    screen
        .keys("?")
        .expect("The list of sessions")
        .keys("<Esc>");
    screen.gone("The list of sessions").keys("q");
    assert_eq!(screen.ended(), 0);
}

fn a_session_is_entered_used_and_left(server: Builder) {
    let Some(peer) = server.start() else {
        return;
    };
    let mut screen = entered(&peer, 80, 24);
    screen
        .keys("1..3 | ForEach-Object { $_ * 2 }<Enter>")
        .row("2")
        .row("4")
        .row("6");
    screen.keys("<C-]>").expect("sessions");
    quit(&mut screen);
    assert!(peer.violations().is_empty(), "{:?}", peer.violations());
}

#[test]
fn signals_give_the_terminal_back() {
    for (signal, status) in [(Signal::TERM, 143), (Signal::HUP, 129), (Signal::INT, 130)] {
        let mut screen = Screen::new(80, 24).start();
        screen.expect("No sessions yet").signal(signal);
        assert_eq!(screen.ended(), status);
    }
}

#[test]
fn ctrl_z_gives_the_terminal_back_and_fg_takes_it_again() {
    let script = "set -m; before=$(stty -g); $psdeck; echo stopped
        test \"$before\" = \"$(stty -g)\" && echo same modes; read -r line; fg %1; echo ended $?";
    let mut screen = Screen::new(80, 24).script(script).start();
    screen.expect("No sessions yet").keys("<C-z>");
    screen.expect("stopped").expect("same modes");
    screen.keys("<Enter>").expect("No sessions yet");
    screen.keys("q").expect("ended 0");
    screen.ended();
}

#[test]
fn no_colour_keeps_weights() {
    let mut screen = Screen::new(80, 24).env("NO_COLOR", "1").start();
    screen.expect("No sessions yet");
    assert!(screen.received(b"\x1b[1m") || screen.received(b"\x1b[0;1m"));
    for colour in 30..38 {
        assert!(!screen.received(format!("\x1b[{colour}m").as_bytes()));
    }
    assert!(!screen.received(b"38;5"));
    screen.keys("q");
    screen.ended();
}

#[test]
fn themes_are_chosen_in_the_configuration() {
    use vt100::Color;
    for (theme, colour) in [("terminal", 2), ("dark", 114), ("light", 22)] {
        let config = format!("[ui]\ntheme = {theme:?}\n");
        let mut screen = Screen::new(80, 24).args(&["demo"]).config(&config).start();
        screen.expect("2 deploy            LinuxServer02     Opened");
        // The row of the cursor is set off as a whole.
        screen.keys("<Down>").expect("› 2 deploy");
        let shown = screen.colour_of("Opened");
        assert_eq!(shown, Color::Idx(colour), "{theme}");
    }
}

#[test]
fn nothing_is_drawn_where_nothing_changes() {
    let mut screen = Screen::new(80, 24).args(&["demo"]).start();
    screen
        .until("three sessions that are open", |screen| {
            screen.matches(" Opened ").count() == 3
        })
        .expect("Disconnected                  None")
        .keys("<Enter>")
        .expect("[Server01]: PS ");
    // Whether something comes is known only when the time for it has passed.
    let quiet = (0..20).any(|_| {
        let before = screen.bytes();
        std::thread::sleep(Duration::from_secs(1));
        screen.bytes() == before
    });
    assert!(quiet, "it draws by the clock");
}

fn a_resize_while_output_runs_reaches_the_other_side_and_reflows(server: Builder) {
    let Some(peer) = server.start() else {
        return;
    };
    let mut screen = entered(&peer, 80, 24);
    screen
        .keys("while ($true) { 'z' * 70 }<Enter>")
        .row(&"z".repeat(70));
    for (columns, rows) in [(40, 12), (20, 5), (132, 40), (60, 15)] {
        screen.resize(columns, rows);
        // Whole rows of the new width, while more comes.
        screen
            .row(&"z".repeat(70.min(columns.into())))
            .row(&"z".repeat(70 % usize::from(columns)))
            .expect(" running ");
    }
    screen.keys("<C-c>").gone(" running ").expect("]: PS ");
    screen
        .keys("$Host.UI.RawUI.WindowSize.Width<Enter>")
        .row("60");
    screen.gone(" running ");
    screen.keys("<C-]>");
    quit(&mut screen);
}

fn ctrl_c_stops_what_runs(server: Builder) {
    let Some(peer) = server.start() else {
        return;
    };
    let mut screen = entered(&peer, 80, 24);
    screen
        .keys("Start-Sleep -Seconds 600; 'not reached'<Enter>")
        .expect(" running ");
    screen.keys("<C-c>").gone(" running ");
    screen.keys("'after'<Enter>").row("after");
}

fn a_secret_is_asked_for_by_name_and_shown_nowhere(server: Builder) {
    let Some(peer) = server.start() else {
        return;
    };
    let mut screen = entered(&peer, 80, 24);
    screen
        .keys("$s = Read-Host -AsSecureString; $s.Length<Enter>")
        .expect("Server01 asks ─");
    screen.keys("hunter2").expect("*******");
    screen.keys("<Enter>").gone("asks ─");
    assert!(!screen.received(b"hunter2"));
    screen.row("7");
}

fn escape_sequences_of_a_session_do_not_reach_the_terminal(server: Builder) {
    let Some(peer) = server.start() else {
        return;
    };
    let mut screen = entered(&peer, 80, 24);
    for (count, script) in [
        "Invoke-PeerFault escapes",
        "Invoke-PeerFault escapeshost",
        "Write-Error \"a`e]0;owned`ab\"",
        "throw \"a`e[2Jb\"",
    ]
    .into_iter()
    .enumerate()
    {
        screen.keys(script).keys("<Enter>").gone(" running ");
        screen
            .keys(&format!("'done ' + '{count}'<Enter>"))
            .row(&format!("done {count}"));
    }
    for bad in [
        &b"\x1b]"[..],
        b"\x1bP",
        b"\x1bc",
        b"\x1b[6n",
        b"\xc2\x9b",
        b"\x07",
        b"\x08",
    ] {
        assert!(!screen.received(bad), "{bad:?} came through");
    }
    screen.gone(" running ").keys("<C-]>");
    quit(&mut screen);
}

fn a_breaking_session_says_why_and_what_next(server: Builder) {
    let Some(peer) = server.start() else {
        return;
    };
    let mut screen = entered(&peer, 80, 24);
    screen
        .keys("[Environment]::FailFast('the disk is on fire')<Enter>")
        .expect("Broken:")
        .expect("because")
        .expect("a new session");
    screen.keys("<C-]>x").expect("1 Sessions").gone("Broken:");
    screen.until("a Broken session in the list", |screen| {
        screen
            .lines()
            .any(|row| row.contains("Runspace1") && row.contains(" Broken "))
    });
    screen.keys("q");
    assert_eq!(screen.ended(), 0);
}

fn ten_pasted_lines_run_only_after_a_yes(server: Builder) {
    let Some(peer) = server.start() else {
        return;
    };
    let mut screen = entered(&peer, 80, 24);
    let lines: Vec<_> = (1..=10).map(|n| format!("\"pasted {}\"", n * 11)).collect();
    let paste = lines.join("\n") + "\n";
    screen.paste(&paste).expect("10 lines were pasted");
    assert!(
        !screen
            .contents()
            .contains("]: PS /home/demo> \"pasted 11\"")
    );
    screen.keys("<Enter>").row("pasted 110");
    screen.until("each line once", |screen| {
        (1..=10).all(|n| {
            let row = format!("pasted {}", n * 11);
            screen.lines().filter(|line| line.trim() == row).count() == 1
        })
    });
    screen
        .gone(" running ")
        .paste("one line")
        .expect("one line");
    screen.keys("<C-c>").expect("one line^C");
}

fn a_pane_that_floods_does_not_hold_up_another(server: Builder) {
    let (Some(flood), Some(quiet)) = (server.clone().start(), server.start()) else {
        return;
    };
    let mut screen = Screen::new(80, 24)
        .peer("Server01", &flood)
        .peer("Quiet", &quiet)
        .start();
    enter(&mut screen);
    screen
        .keys("while ($true) { 'y' * 100 }<Enter>")
        .expect("yyyyyyyy");
    screen
        .keys("<C-]>c")
        .expect("New session")
        .keys("Quiet<Enter>")
        .expect("3 Quiet")
        .expect("]: PS ");
    // The flood goes on; a key is on the screen soon, whichever pane it is typed in.
    let mut worst = Duration::ZERO;
    for n in 0..20 {
        let typed = format!("k{n}");
        let start = Instant::now();
        screen.text(&typed).expect(&typed);
        worst = worst.max(start.elapsed());
        screen.keys("<C-c>").gone(&format!("> {typed} "));
    }
    assert!(worst < Duration::from_secs(5), "a key took {worst:?}");
    screen.expect("2 Server01 ●");
    screen.keys("'still ' + 'here'<Enter>").row("still here");
    screen.keys("<C-]>2").expect("yyyyyyyy").expect(" running ");
    screen.keys("<C-c>").gone(" running ");
}
