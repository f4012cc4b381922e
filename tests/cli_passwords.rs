//! Passwords that a profile's `password_command` prints.

use crate::support::peer::{Peer, account};
use crate::support::psdeck::Psdeck;
use crate::support::screen::Screen;

/// A configuration in which each name leads to the peer by password only, and all have this command.
fn profiles(peer: &Peer, user: &str, names: &[&str], method: &str, script: &str) -> Psdeck {
    let mut text = format!(
        "[groups.all]\nssh_config = 'none'\nidentity = ['/nowhere/id']\n\
         password_command = ['sh', '-c', {script:?}]\n\
         ssh_options = ['GlobalKnownHostsFile=/dev/null', 'PreferredAuthentications={method}', \
         'UserKnownHostsFile={}']\n",
        peer.text("known_hosts")
    );
    for name in names {
        let port = peer.port();
        text.push_str(&format!(
            "[computers.{name}]\ngroup = 'all'\ntarget = 'ssh:{user}@127.0.0.1:{port}'\n"
        ));
    }
    Psdeck::new().config(&text)
}

#[test]
fn a_password_command_lets_both_verbs_in_by_either_method() {
    let Some((user, password)) = account() else {
        return;
    };
    let Some(peer) = Peer::ssh().password().start() else {
        return;
    };
    let script = "echo looking it up >&2; echo \"$SECRET\"; echo more";
    for method in ["password", "keyboard-interactive"] {
        for (verb, more) in [("invoke", &["-c", "1"][..]), ("enter", &[])] {
            let log = peer.folder().join(format!("{verb}.log"));
            let ran = profiles(&peer, &user, &["Server01"], method, script)
                .env("SECRET", &password)
                .args([verb, "Server01", "-vv", "--log"])
                .arg(&log)
                .args(more)
                .input("1\n")
                .run()
                .expect(0);
            assert_eq!(ran.out, "1\n", "{verb} {method}");
            assert!(ran.err.contains("looking it up\n"), "{}", ran.err);
            assert!(!ran.err.contains("unknown key"), "{}", ran.err);
            let log = std::fs::read_to_string(log).unwrap();
            assert!(!log.contains(&password) && !ran.err.contains(&password));
        }
    }
    assert_eq!(peer.violations(), Vec::<String>::new());
}

#[test]
fn a_password_command_runs_once_for_all_computers() {
    let Some((user, password)) = account() else {
        return;
    };
    let Some(peer) = Peer::ssh().password().start() else {
        return;
    };
    let script = "echo ran >> \"$RUNS\"; echo \"$SECRET\"";
    let runs = peer.folder().join("runs");
    profiles(&peer, &user, &["A", "B", "C"], "password", script)
        .env("SECRET", &password)
        .env("RUNS", &runs)
        .args(["invoke", "group:all", "-c", "1"])
        .run()
        .expect(0);
    assert_eq!(std::fs::read_to_string(&runs).unwrap(), "ran\n");
    // Nor is a wrong one looked up again.
    std::fs::remove_file(&runs).unwrap();
    profiles(&peer, &user, &["A", "B", "C"], "password", script)
        .env("SECRET", "wrong")
        .env("RUNS", &runs)
        .args(["invoke", "group:all", "-c", "1"])
        .run()
        .expect(4);
    assert_eq!(std::fs::read_to_string(&runs).unwrap(), "ran\n");
}

#[test]
fn a_password_of_the_command_line_goes_before_the_command() {
    let Some((user, password)) = account() else {
        return;
    };
    let Some(peer) = Peer::ssh().password().start() else {
        return;
    };
    let ran = profiles(&peer, &user, &["Server01"], "password", "exit 1")
        .args(["invoke", "Server01", "--password-stdin", "-c", "1"])
        .input(format!("{password}\n"))
        .run()
        .expect(0);
    assert_eq!(ran.out, "1\n");
}

#[test]
fn a_password_command_that_fails_says_whose_it_is_and_no_argument() {
    let Some(peer) = Peer::ssh().password().start() else {
        return;
    };
    let user = peer.text("user").to_owned();
    let script = "echo s3cret; exit 7";
    for (verb, status, more) in [("invoke", 4, &["-c", "1"][..]), ("enter", 255, &[])] {
        let ran = profiles(&peer, &user, &["Server01"], "password", script)
            .args([verb, "Server01"])
            .args(more)
            .run()
            .expect(status);
        assert!(
            ran.err.contains(
                "  because the password command of 'Server01' failed\n  \
                 because sh ended with exit status: 7\nhint: "
            ),
            "{}",
            ran.err
        );
        assert!(!ran.err.contains("s3cret"), "{}", ran.err);
    }
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_a_password_command_that_hangs() {
    let Some(peer) = Peer::ssh().password().start() else {
        return;
    };
    let user = peer.text("user").to_owned();
    let started = peer.folder().join("started");
    let script = "touch \"$STARTED\"; exec sleep 600";
    let mut going = profiles(&peer, &user, &["Server01"], "password", script)
        .env("STARTED", &started)
        .args(["invoke", "Server01", "-c", "1"])
        .start();
    while !started.exists() {
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    going.interrupt();
    // Standard error stays open for as long as the command lives: it has ended too.
    going.wait().expect(130);
}

#[test]
fn ctrl_c_ends_it_while_the_password_is_read_from_a_terminal() {
    let verbs: [&[&str]; 2] = [&["invoke", "-c", "1"], &["new"]];
    for verb in verbs {
        let mut screen = Screen::new(80, 24)
            .args(verb)
            .args(&["127.0.0.1", "--password-stdin", "-vv"])
            .start();
        screen.expect("reading the password").keys("half<C-c>");
        screen.ended();
    }
}
