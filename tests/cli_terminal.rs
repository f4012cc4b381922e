//! `psdeck enter` at a terminal, against foreign peers.

use std::net::TcpListener;

use rustix::process::Signal;

use crate::support::peer::{Builder, Peer, account};
use crate::support::screen::{self, Screen};
use crate::support::servers::on_servers;

on_servers!(
    [ssh, wsman],
    [
        a_session_is_entered_used_and_left_with_the_status_of_exit,
        a_line_that_is_not_complete_goes_on_behind_chevrons,
        tab_asks_the_server_and_arrows_bring_lines_back,
        a_resize_reaches_the_next_line,
        ctrl_c_stops_what_runs_and_the_session_goes_on,
        a_second_ctrl_c_offers_to_close_the_session,
        what_the_remote_side_asks_is_answered_at_the_terminal,
        a_server_that_dies_ends_the_session_with_255_and_the_reason,
        progress_is_shown_while_it_runs_and_gone_after,
        a_pasted_block_is_one_text,
        signals_give_the_terminal_back,
    ]
);

/// `psdeck enter` with these arguments.
fn enter(arguments: &[String]) -> screen::Builder {
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    Screen::new(80, 24).args(&["enter"]).args(&arguments)
}

/// The arguments that lead to a peer.
fn way(peer: &Peer) -> Vec<String> {
    [vec![peer.target()], peer.arguments()].concat()
}

/// The same without the fixture's key and host key, and with these options in their place.
fn stranger(peer: &Peer, user: &str, more: &[&str]) -> Vec<String> {
    let target = format!("ssh:{user}@{}:{}", peer.text("host"), peer.port());
    let known = format!("UserKnownHostsFile={}", peer.text("known_hosts"));
    let fixed = [
        &target,
        "--ssh-config",
        "none",
        "-o",
        "GlobalKnownHostsFile=/dev/null",
        "-o",
        &known,
    ];
    fixed.iter().chain(more).map(ToString::to_string).collect()
}

/// An entered session at its prompt.
fn entered(peer: &Peer) -> Screen {
    let mut screen = enter(&way(peer)).start();
    screen.expect("]: PS ");
    screen
}

fn a_session_is_entered_used_and_left_with_the_status_of_exit(server: Builder) {
    for version in ["2.1", "2.2", "2.3", "2.4"] {
        let Some(peer) = server.clone().protocol(version).start() else {
            return;
        };
        let mut screen = entered(&peer);
        screen.expect(&peer.prompt());
        screen
            .keys("1..3 | ForEach-Object { $_ * 2 }<Enter>")
            .row("2")
            .row("4")
            .row("6");
        screen
            .keys("Write-Warning w; Write-Verbose v -Verbose; Write-Debug d -Debug<Enter>")
            .row("WARNING: w")
            .row("VERBOSE: v")
            .row("DEBUG: d");
        screen
            .keys("Write-Error e; Write-Host h<Enter>")
            .row("Write-Error: e")
            .row("h");
        screen
            .keys("$s = Read-Host Word -AsSecureString; $s.Length<Enter>")
            .expect("Word: ")
            .keys("hunter2<Enter>")
            .row("7");
        assert!(!screen.received(b"hunter2"), "{version}");
        screen.keys("exit 7<Enter>");
        assert_eq!(screen.ended(), 7, "{version}");
        assert_eq!(peer.violations(), Vec::<String>::new(), "{version}");
    }
}

fn a_line_that_is_not_complete_goes_on_behind_chevrons(server: Builder) {
    let Some(peer) = server.start() else {
        return;
    };
    let mut screen = entered(&peer);
    screen.keys("foreach ($i in 1..2) {<Enter>").row(">>");
    screen
        .keys("\"n$i\"<Enter>}<Enter>")
        .expect(">> \"n$i\"")
        .row("n1")
        .row("n2");
    screen.keys("'one line<Enter>").row(">>");
    // Ctrl+C throws away what was typed, and runs nothing.
    screen.keys("<C-c>").expect("^C");
    screen.keys("'next'<Enter>").row("next");
    screen.keys("Exit-PSSession<Enter>");
    assert_eq!(screen.ended(), 0);
    assert_eq!(peer.violations(), Vec::<String>::new());
}

fn tab_asks_the_server_and_arrows_bring_lines_back(server: Builder) {
    let Some(peer) = server.start() else {
        return;
    };
    let mut screen = entered(&peer);
    screen
        .keys("Get-Loc<Tab>")
        .expect("> Get-Location")
        .keys("<C-u>");
    let prompt = |screen: &str| screen.trim_end().ends_with("demo>");
    screen.keys("'fir' + 'st'<Enter>").row("first");
    screen.until("the prompt", prompt);
    screen.keys("'sec' + 'ond'<Enter>").row("second");
    screen.until("the prompt", prompt);
    screen.keys("<Up><Up>").until("the line", |screen| {
        screen.trim_end().ends_with("demo> 'fir' + 'st'")
    });
    screen.keys("<Backspace>-more'<Enter>").row("first-more");
    // Ctrl+D is a key at the prompt only.
    screen.until("the prompt", prompt);
    screen.keys("<C-d>");
    assert_eq!(screen.ended(), 0);
    assert_eq!(peer.violations(), Vec::<String>::new());
}

fn a_resize_reaches_the_next_line(server: Builder) {
    let Some(peer) = server.start() else {
        return;
    };
    let mut screen = entered(&peer);
    screen
        .keys("$Host.UI.RawUI.WindowSize.Width<Enter>")
        .row("80");
    screen.resize(132, 40);
    screen
        .keys("$Host.UI.RawUI.WindowSize.Width<Enter>")
        .row("132");
    screen
        .keys("$Host.UI.RawUI.WindowSize.Height<Enter>")
        .row("40");
    screen.keys("exit<Enter>");
    assert_eq!(screen.ended(), 0);
}

fn ctrl_c_stops_what_runs_and_the_session_goes_on(server: Builder) {
    let Some(peer) = server.start() else {
        return;
    };
    let mut screen = entered(&peer);
    screen
        .keys("'star' + 'ted'; Start-Sleep 600; 'not ' + 'reached'<Enter>")
        .row("started");
    screen.keys("<C-c>").expect("^C");
    screen.keys("'aft' + 'er'<Enter>").row("after");
    // At a question it stops the command that asks.
    screen.keys("Read-Host Name<Enter>").expect("Name: ");
    screen.keys("<C-c>");
    screen.keys("'aga' + 'in'<Enter>").row("again");
    assert!(!screen.contents().contains("not reached"));
    screen.keys("exit<Enter>");
    assert_eq!(screen.ended(), 0);
    assert_eq!(peer.violations(), Vec::<String>::new());
}

fn a_second_ctrl_c_offers_to_close_the_session(server: Builder) {
    let Some(peer) = server.start() else {
        return;
    };
    let mut screen = entered(&peer);
    // It takes no notice of a stop.
    screen
        .keys("'star' + 'ted'; Start-Sleep 600<Enter>")
        .row("started");
    let _frozen = peer.freeze();
    screen
        .keys("<C-c>")
        .expect("Ctrl+C again offers to close the session.")
        .keys("<C-c>");
    screen.expect("Close the session? [y/N]").keys("y<Enter>");
    screen.ended();
}

fn what_the_remote_side_asks_is_answered_at_the_terminal(server: Builder) {
    let Some(peer) = server.start() else {
        return;
    };
    let mut screen = entered(&peer);
    screen
        .keys("$n = Read-Host 'Your name'; \"hello $n\"<Enter>")
        .expect("Your name: ")
        .keys("Sam<Enter>")
        .row("hello Sam");
    screen
        .keys("$Host.UI.PromptForChoice('Title', 'Pick one', @('&Yes', '&No'), 1)<Enter>")
        .row("Title")
        .row("Pick one")
        .expect("[Y] Yes  [N] No  [?] Help (default is \"N\"): ")
        .keys("y<Enter>")
        .row("0");
    screen
        .keys("$c = Get-Credential; $c.UserName + '/' + $c.GetNetworkCredential().Password.Length<Enter>")
        .expect("User: ")
        .keys("alice<Enter>")
        .expect("Password for user alice: ")
        .keys("hunter2<Enter>")
        .row("alice/7");
    // What asks for secrets is named: a server must not pass for this computer.
    assert!(screen.contents().contains(peer.text("host")));
    assert!(!screen.received(b"hunter2"));
    screen
        .text("function f { param([Parameter(Mandatory)][string[]]$Names) \"<$Names>\" }; f\r")
        .expect("Names[0]: ")
        .keys("a<Enter>")
        .expect("Names[1]: ")
        .keys("<Enter>")
        .row("<a>");
    screen.keys("exit<Enter>");
    assert_eq!(screen.ended(), 0);
    assert_eq!(peer.violations(), Vec::<String>::new());
}

#[test]
fn an_unknown_host_key_is_asked_for_and_then_on_file() {
    let Some(peer) = Peer::ssh().start() else {
        return;
    };
    let user = peer.text("user").to_owned();
    let file = peer.folder().join("known");
    let option = format!("UserKnownHostsFile={}", file.display());
    let mut arguments = stranger(&peer, &user, &["--identity", peer.text("key")]);
    let at = arguments
        .iter()
        .position(|one| one.starts_with("UserKnownHostsFile"))
        .unwrap();
    arguments[at] = option;
    let mut screen = enter(&arguments).start();
    screen
        .expect("is not on file")
        .expect("SHA256:")
        .keys("no<Enter>")
        .expect("error: [127.0.0.1] cannot open a session");
    assert_eq!(screen.ended(), 255);
    let mut screen = enter(&arguments).start();
    screen
        .expect("Trust it?")
        .keys("yes<Enter>")
        .expect("]: PS ");
    screen.keys("exit<Enter>");
    assert_eq!(screen.ended(), 0);
    let mut screen = enter(&arguments).start();
    screen.expect("]: PS ");
    assert!(!screen.received(b"Trust it?"));
    screen.keys("exit<Enter>");
    assert_eq!(screen.ended(), 0);
}

#[test]
fn a_locked_key_asks_for_its_passphrase() {
    let Some(peer) = Peer::ssh().start() else {
        return;
    };
    let user = peer.text("user").to_owned();
    let arguments = stranger(&peer, &user, &["--identity", peer.text("locked_key")]);
    let mut screen = enter(&arguments).start();
    screen.expect("Passphrase for").keys("wrong<Enter>");
    screen.until("the question again", |screen| {
        screen.matches("Passphrase for").count() == 2
    });
    let passphrase = peer.text("passphrase").to_owned();
    screen.text(&passphrase).keys("<Enter>").expect("]: PS ");
    assert!(!screen.received(passphrase.as_bytes()));
    screen.keys("exit<Enter>");
    assert_eq!(screen.ended(), 0);
}

#[test]
fn a_password_is_typed_by_either_method_and_a_wrong_one_once_more() {
    let Some((user, password)) = account() else {
        return;
    };
    let Some(peer) = Peer::ssh().password().start() else {
        return;
    };
    for method in ["password", "keyboard-interactive"] {
        let only = format!("PreferredAuthentications={method}");
        let mut screen = enter(&stranger(&peer, &user, &["-o", &only])).start();
        screen.expect("assword").keys("wrong<Enter>");
        screen.until("the question again", |screen| {
            screen.to_lowercase().matches("password").count() >= 2
        });
        screen.text(&password).keys("<Enter>").expect("]: PS ");
        assert!(!screen.received(password.as_bytes()), "{method}");
        screen.keys("exit 3<Enter>");
        assert_eq!(screen.ended(), 3, "{method}");
    }
    assert_eq!(peer.violations(), Vec::<String>::new());
}

#[test]
fn ctrl_c_at_a_question_of_getting_in_gives_up() {
    let Some((user, _)) = account() else {
        return;
    };
    let Some(peer) = Peer::ssh().password().start() else {
        return;
    };
    let mut screen = enter(&stranger(&peer, &user, &[])).start();
    screen.expect("assword").keys("<C-c>");
    assert_eq!(screen.ended(), 130);
}

#[test]
fn ctrl_c_while_a_port_stays_silent_gives_up() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let target = format!("ssh:a@127.0.0.1:{port}");
    let mut screen = Screen::new(80, 24)
        .args(&["enter", &target, "--ssh-config", "none"])
        .start();
    let (_silent, _) = listener.accept().unwrap();
    screen.keys("<C-c>");
    assert_eq!(screen.ended(), 130);
}

fn a_server_that_dies_ends_the_session_with_255_and_the_reason(server: Builder) {
    let Some(peer) = server.start() else {
        return;
    };
    let mut screen = entered(&peer);
    screen.keys("[Environment]::FailFast('the disk is on fire')<Enter>");
    screen
        .expect("error: [127.0.0.1] the session was lost")
        .expect("because ")
        .expect("hint: ");
    assert_eq!(screen.ended(), 255);
}

#[test]
fn a_server_that_falls_silent_ends_the_session_within_the_keep_alive() {
    let Some(peer) = Peer::ssh().start() else {
        return;
    };
    let mut arguments = way(&peer);
    let alive = ["-o", "ServerAliveInterval=1", "-o", "ServerAliveCountMax=2"];
    arguments.extend(alive.map(str::to_owned));
    let mut screen = enter(&arguments).start();
    screen
        .expect("]: PS ")
        .keys("'be' + 'fore'<Enter>")
        .row("before");
    let frozen = peer.freeze();
    screen
        .expect("error: [127.0.0.1] the session was lost")
        .expect("  because the server no longer answers keep-alives")
        .expect("hint: ");
    // The hints are those of the loss, as while a command runs.
    assert!(!screen.contents().contains("hint: open a new session"));
    assert_eq!(screen.ended(), 255);
    drop(frozen);
}

fn progress_is_shown_while_it_runs_and_gone_after(server: Builder) {
    let Some(peer) = server.start() else {
        return;
    };
    let mut screen = entered(&peer);
    screen
        .keys("Write-Progress -Activity Copying -Status half -PercentComplete 50; $null = Read-Host Go<Enter>")
        .expect("Go: ");
    assert!(screen.received(b"Copying"), "{}", screen.contents());
    screen
        .keys("<Enter>")
        .keys("'do' + 'ne'<Enter>")
        .row("done");
    screen.keys("exit<Enter>");
    assert_eq!(screen.ended(), 0);
}

fn a_pasted_block_is_one_text(server: Builder) {
    let Some(peer) = server.start() else {
        return;
    };
    let mut screen = entered(&peer);
    screen
        .paste("'past' + 'ed 1'\n'past' + 'ed 2'")
        .expect("ed 2'");
    assert!(!screen.contents().contains("pasted 1"));
    screen.keys("<Enter>").row("pasted 1").row("pasted 2");
    screen.keys("exit<Enter>");
    assert_eq!(screen.ended(), 0);
}

fn signals_give_the_terminal_back(server: Builder) {
    let Some(peer) = server.start() else {
        return;
    };
    for (signal, status) in [(Signal::TERM, 143), (Signal::HUP, 129)] {
        let mut screen = entered(&peer);
        screen.signal(signal);
        assert_eq!(screen.ended(), status);
    }
}

#[test]
fn the_demonstration_is_entered_like_a_server() {
    let mut screen = Screen::new(80, 24)
        .args(&["enter", "demo:Server01"])
        .start();
    screen.expect("[Server01]: PS ");
    screen
        .keys("1..3 | ForEach-Object { $_ * 2 }<Enter>")
        .row("2")
        .row("4")
        .row("6");
    screen.keys("exit 5<Enter>");
    assert_eq!(screen.ended(), 5);
}
