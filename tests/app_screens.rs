//! The main screens, kept as snapshots in two sizes. What differs from run to run is replaced by what is as wide.

use std::net::TcpListener;

use crate::support::screen::Screen;

const SIZES: [(u16, u16); 2] = [(80, 24), (200, 50)];

/// The demonstration, with its list complete.
fn demo(columns: u16, rows: u16) -> Screen {
    loop {
        let mut screen = Screen::new(columns, rows).args(&["demo"]).start();
        screen
            .until("three sessions that are open", |screen| {
                screen.matches(" Opened ").count() == 3
            })
            .until("two that are not", |screen| {
                screen.matches(" Disconnected ").count() == 2
            })
            .expect("just now");
        // Servers are asked side by side; which one is quicker is chance.
        if screen.contents().contains("4 NightlyReport") {
            return screen;
        }
    }
}

/// Keeps a screen under a name, with the size behind it.
#[track_caller]
fn keep(screen: &Screen, name: &str, size: (u16, u16)) {
    keep_text(screen.contents(), name, size);
}

#[track_caller]
fn keep_text(mut contents: String, name: &str, size: (u16, u16)) {
    if let Some(at) = contents.find("instance ") {
        let id = at + "instance ".len();
        contents.replace_range(id..id + 36, "00000000-0000-0000-0000-000000000000");
    }
    insta::assert_snapshot!(format!("{name}-{}x{}", size.0, size.1), contents);
}

#[test]
fn the_list() {
    for size in SIZES {
        keep(&demo(size.0, size.1), "list", size);
    }
}

#[test]
fn help_for_the_list_and_for_a_pane() {
    for size in SIZES {
        let mut screen = demo(size.0, size.1);
        screen.keys("?").expect("┌ Keys");
        keep(&screen, "help-list", size);
        screen.keys("<Esc>").gone("┌ Keys");
        screen.keys("<Enter>").expect("]: PS ");
        screen.keys("<C-]>").expect("Ctrl+] …");
        keep(&screen, "menu", size);
        screen.keys("?").expect("┌ Keys");
        keep(&screen, "help-pane", size);
    }
}

#[test]
fn a_pane() {
    for size in SIZES {
        let mut screen = demo(size.0, size.1);
        screen.keys("<Enter>").expect("]: PS ");
        screen
            .keys("Get-Service | Select-Object -First 3<Enter>")
            .until("the next prompt", |screen| {
                screen.matches("]: PS ").count() == 2
            });
        screen
            .keys("Write-Warning 'low disk'; Write-Error 'no disk'; 'wide: 日本語'<Enter>")
            .until("the next prompt", |screen| {
                screen.matches("]: PS ").count() == 3
            });
        screen.keys("if ($true) {<Enter>").row(">>");
        screen.keys("Get-").expect(">> Get-");
        keep(&screen, "pane", size);
        screen.keys("<Tab>").expect("┌ 5 ─");
        screen.keys("<Tab><Tab>").expect("┌ 2 of 5 ─");
        keep(&screen, "completion", size);
    }
}

#[test]
fn a_prompt_of_the_host() {
    for size in SIZES {
        let mut screen = demo(size.0, size.1);
        screen.keys("<Enter>").expect("]: PS ");
        screen
            .keys("Get-Credential<Enter>")
            .expect("asks ─")
            .keys("bob<Tab>pass")
            .expect("Password: ****");
        keep(&screen, "host-prompt", size);
    }
}

#[test]
fn a_new_session_its_stages_and_its_failure() {
    // Whoever connects is never answered.
    let silent = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let port = silent.local_addr().expect("an address").port().to_string();
    for size in SIZES {
        let mut screen = demo(size.0, size.1);
        screen.keys("n").expect("┌ New session");
        keep(&screen, "new-session", size);
        screen
            .keys(&format!("ssh:nobody@127.0.0.1:{port}<Enter>"))
            .expect("now  agree on keys");
        let stages = screen.contents();
        let rows = stages.lines().map(|row| match row.find("Esc cancel   ") {
            // Seconds go by.
            Some(at) => {
                let (before, after) = row.split_at(at + "Esc cancel   ".len());
                let (number, rest) = after.split_once(' ').expect("a unit");
                format!("{before}{} {rest}", "#".repeat(number.len()))
            }
            None => row.replace(&port, &"#".repeat(port.len())),
        });
        let rows: Vec<_> = rows.collect();
        assert!(rows.iter().any(|row| row.contains("Esc cancel   #")));
        if port.len() == 5 {
            keep_text(rows.join("\n"), "stages", size);
        }
        screen.keys("<Esc>").gone("agree on keys");
        screen
            .keys("nssh:nobody@127.0.0.1:1<Enter>")
            .expect("connection refused");
        keep(&screen, "error-panel", size);
        // Back to what was typed, to mend it.
        screen
            .keys("<Enter>")
            .expect("Target:         ssh:nobody@127.0.0.1:1");
    }
}

#[test]
fn a_window_too_small_for_anything_still_shows_where_one_is() {
    for size in [(20, 5), (12, 3)] {
        let mut screen = demo(80, 24);
        screen.resize(size.0, size.1);
        screen.until("the list", |screen| {
            screen.contains('›') && !screen.contains("psdeck")
        });
        keep(&screen, "small", size);
        screen
            .resize(80, 24)
            .expect("› 1 ITTask            Server01");
    }
}
