//! The app against the foreign WSMan server: dialog, questions, stages, a pane, and what it says when it cannot get in.

use std::net::TcpListener;

use crate::support::screen::Screen;
use crate::support::wsman::{PASSWORD, WsmanPeer};

const SIZES: [(u16, u16); 2] = [(80, 24), (200, 50)];

/// The app, with the new-session dialog open.
fn dialog(size: (u16, u16)) -> Screen {
    let mut screen = Screen::new(size.0, size.1).start();
    screen.expect("Sessions").keys("n").expect("New session");
    screen
}

#[test]
fn trust_account_and_password_are_asked_for_on_the_way_to_a_pane() {
    let Some(peer) = WsmanPeer::new().start() else {
        return;
    };
    for size in SIZES {
        let mut screen = dialog(size);
        screen
            .text(&format!("wsman:127.0.0.1:{}\r", peer.port("http")))
            .expect("Trust 127.0.0.1 without proof?")
            .expect("y trust it this time")
            .keys("y")
            .expect("Who are you on 127.0.0.1?")
            .keys("alice<Enter>")
            .expect("127.0.0.1 wants a password")
            .keys("wrong<Enter>")
            .expect("127.0.0.1 refused that password")
            .keys(&format!("{PASSWORD}<Enter>"))
            .expect("[127.0.0.1]: PS ");
        assert!(!screen.received(PASSWORD.as_bytes()));
        screen
            .keys("'a' * 3; Write-Warning 'low'<Enter>")
            .row("aaa")
            .expect("WARNING: low");
        screen.keys("<C-]>1").expect("transport WSMan");
        screen
            .expect("by Negotiate (NTLM)")
            .until("a session at its prompt", |list| {
                let mut rows = list.lines();
                rows.any(|row| row.contains("Runspace1") && row.contains("Available"))
            });
        let list = screen.contents();
        let row = list.lines().find(|row| row.contains("Runspace1")).unwrap();
        for word in ["127.0.0.1", "Opened", "Microsoft.PowerShell"] {
            assert!(row.contains(word), "{row}");
        }
        assert_eq!(row.contains("WSMan"), size.0 > 80, "{row}");
        screen.keys("q").expect("Quit psdeck?").keys("c");
        assert_eq!(screen.ended(), 0);
    }
    // The peer remarks on the wrong password only.
    let remarks = peer.violations();
    assert!(
        remarks
            .iter()
            .all(|remark| remark.contains("the logon was denied")),
        "{remarks:?}"
    );
}

#[test]
fn no_means_that_the_server_is_not_trusted() {
    let Some(peer) = WsmanPeer::new().start() else {
        return;
    };
    let mut screen = dialog((80, 24));
    screen
        .text(&format!("wsman:127.0.0.1:{}\r", peer.port("http")))
        .expect("without proof?")
        .keys("n")
        .expect("127.0.0.1 is not trusted")
        .expect("next: --use-ssl");
    assert_eq!(peer.state()["received"], serde_json::json!({}));
    // Back to what was typed, and over HTTPS now.
    screen.keys("<Enter>").expect("HTTPS:");
}

#[test]
fn a_certificate_is_shown_before_anybody_types_a_password() {
    let Some(peer) = WsmanPeer::new().start() else {
        return;
    };
    for size in SIZES {
        let mut screen = dialog(size);
        screen
            .text(&peer.https_url())
            .keys("<Tab>alice<Enter>")
            .expect("authority that is not")
            .expect("issued by CN=psdeck test peer CA")
            .expect("next: --ca FILE")
            .expect("Enter change and try again");
        screen
            .keys("<Enter>")
            .expect("Options:")
            .keys("<S-Tab>")
            .text(&format!("--ca \"{}\"\r", peer.ca_file().display()))
            .expect("wants a password")
            .keys(&format!("{PASSWORD}<Enter>"))
            .expect("[127.0.0.1]: PS ");
    }
}

#[test]
fn the_stages_are_those_of_wsman_and_esc_gives_up() {
    // Whoever connects is never answered.
    let silent = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let port = silent.local_addr().expect("an address").port();
    for size in SIZES {
        let mut screen = dialog(size);
        screen
            .text(&format!("https://127.0.0.1:{port}\r"))
            .expect("done  reach the port")
            .expect(" now  agree on TLS, check the certificate")
            .expect("create and open the session")
            .keys("<Esc>")
            .gone("agree on TLS");
    }
}

#[test]
fn what_cannot_be_reached_is_told_before_any_question() {
    let mut screen = dialog((80, 24));
    screen
        .text("http://127.0.0.1:1\r")
        .expect("connection refused")
        .expect("Enable-PSRemoting")
        .keys("<Enter><Home><C-k>")
        .text("no.such.invalid\r")
        .expect("has no address");
}
