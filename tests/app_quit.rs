//! The end of the app while sessions are on their way, against the foreign WSMan server.

use serde_json::json;

use crate::app_resume::{app, folder, open, states, wsman};
use crate::support::peer::Peer;

#[test]
fn what_is_being_left_is_left_before_psdeck_ends() {
    let Some(peer) = Peer::wsman().start() else {
        return;
    };
    let data = folder();
    let mut screen = app(&peer, data.path(), (80, 24)).start();
    open(&mut screen, "ITTask");
    let rule = json!({ "op": "Disconnect", "seconds": 2 });
    wsman(&peer).rule("delay", rule);
    screen.keys("<C-]>s").expect("Sessions").keys("d");
    screen.expect("Disconnecting").keys("q");
    assert_eq!(screen.ended(), 0);
    assert_eq!(states(&peer), ["Disconnected"]);
}

#[test]
fn what_is_being_connected_is_given_up_when_psdeck_ends_and_stays_at_its_server() {
    let Some(peer) = Peer::wsman().start() else {
        return;
    };
    let data = folder();
    let mut screen = app(&peer, data.path(), (80, 24)).start();
    open(&mut screen, "Backups");
    screen.keys("<C-]>s");
    open(&mut screen, "ITTask");
    screen.keys("<C-]>q").expect("2 open sessions").keys("d");
    assert_eq!(screen.ended(), 0);
    let mut screen = app(&peer, data.path(), (80, 24)).start();
    screen.expect("Resume: 2 disconnected").expect("answered");
    let rule = json!({ "op": "Connect", "seconds": 1, "count": 0 });
    wsman(&peer).rule("delay_after", rule);
    screen.keys("a<Enter>");
    wsman(&peer).until("both on their way", |state| {
        state["executed"]["Connect"].as_u64() == Some(2)
    });
    screen.keys("q");
    assert_eq!(screen.ended(), 0);
    wsman(&peer).until("both left", |state| {
        let shells = state["shells"].as_array();
        shells.is_some_and(|all| {
            all.len() == 2 && all.iter().all(|shell| shell["state"] == "Disconnected")
        })
    });
}
