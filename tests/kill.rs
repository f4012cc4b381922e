//! `kill -9` in the middle of everything: the next psdeck finds the session, and goes on with it.

use crate::support::kills::{MOMENTS, kill_at};

/// The moment of that name, with and without a server that notices by itself.
fn killed(name: &str) {
    let moment = MOMENTS.iter().find(|moment| moment.name == name);
    let moment = moment.expect("a moment of that name");
    for never in [false, true] {
        let Some(told) = kill_at(moment, never) else {
            return;
        };
        println!("{name}, the server notices: {}: {told}", !never);
    }
}

#[test]
fn while_its_session_is_made() {
    killed("opening, made");
}

#[test]
fn in_mid_output() {
    killed("opened, in mid-output");
}

#[test]
fn before_a_session_is_left() {
    killed("disconnecting, not left");
}

#[test]
fn while_a_session_is_connected() {
    killed("connecting, connected");
}

#[test]
fn before_a_session_is_closed() {
    killed("removing, not closed");
}
