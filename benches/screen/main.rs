//! How fast the app's screen is, seen from the other end of a real pseudo-terminal: `cargo bench --bench screen`.
#![allow(
    unreachable_pub,
    dead_code,
    clippy::cast_precision_loss,
    clippy::expect_used,
    clippy::format_collect,
    clippy::format_push_string,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a bench fails by panicking, and it shares the tests' builders"
)]

#[path = "../../tests/support/mod.rs"]
mod support;
mod wakeups;

use std::time::{Duration, Instant};

use support::screen::Screen;

/// How many sessions the large list has; three more are always there.
const SERVERS: usize = 10_000;
/// Keys pressed in each place.
const KEYS: usize = 200;
const STARTS: usize = 5;
const IDLE: Duration = Duration::from_secs(5);
const FLOOD: &str = "while ($true) { 'y' * 100 }";

fn main() {
    println!(
        "the app at the pseudo-terminal, 120x40, the demonstration's servers in the same process"
    );
    first_frames();
    keys();
    idle();
}

/// The app's first frame that shows the list.
fn first_frames() {
    for servers in [4, SERVERS] {
        let mut taken: Vec<_> = (0..STARTS)
            .map(|_| {
                let start = Instant::now();
                let mut screen = demonstration(servers);
                screen.expect("Server0");
                start.elapsed()
            })
            .collect();
        tell(&format!("first frame, {servers} servers"), &mut taken);
    }
    let start = Instant::now();
    let mut screen = demonstration(SERVERS);
    screen.expect("Server0");
    let mut while_opening = in_the_filter(&mut screen);
    tell("a key while they are opened", &mut while_opening);
    // 32 at a time, and each has the demonstration's latencies: this says more of them than of us.
    let opened = wakeups::settle(&screen) - start;
    screen.keys("<End>").expect("NightlyReport");
    let open = screen.contents().matches("Available").count();
    assert!(open > 20, "not opened:\n{}", screen.contents());
    println!(
        "  {:38} {:>8.1} s",
        format!("until {SERVERS} sessions are open"),
        opened.as_secs_f64()
    );
    wakeups::print(&format!("{SERVERS} open sessions"), &mut screen, IDLE);
    screen.keys("<Home>");
    tell(
        "a key in the filter of 10,000",
        &mut in_the_filter(&mut screen),
    );
}

/// Keys in the line of a pane: alone, beside a flood in another tab, and before the flood in the same pane.
fn keys() {
    let mut screen = demonstration(4);
    enter(&mut screen);
    tell(
        "a key in a pane, all idle",
        &mut in_a_line(&mut screen, KEYS),
    );
    screen.text(FLOOD).keys("<Enter>").expect("yyyyyyyy");
    tell(
        "a key in a pane that floods",
        &mut in_a_line(&mut screen, KEYS),
    );
    screen.keys("<C-]>1").expect("LinuxServer02");
    screen.keys("<Home><Down>");
    screen.keys("<Enter>").expect("/home/deploy> ");
    tell(
        "a key beside a pane that floods",
        &mut in_a_line(&mut screen, KEYS),
    );
}

/// What wakes the app when nothing happens.
fn idle() {
    let mut screen = demonstration(4);
    enter(&mut screen);
    wakeups::print("a pane at its prompt", &mut screen, IDLE);
    screen.keys("<C-]>1").expect("LinuxServer02");
    wakeups::print("the list of 6 sessions", &mut screen, IDLE);
}

fn demonstration(servers: usize) -> Screen {
    Screen::new(120, 40)
        .args(&["demo", "--servers", &servers.to_string()])
        .start()
}

/// Opens the first session of the list and waits for its prompt.
fn enter(screen: &mut Screen) {
    screen.expect("Available").keys("<Enter>").expect("]: PS ");
}

fn in_a_line(screen: &mut Screen, keys: usize) -> Vec<Duration> {
    let mut taken = Vec::new();
    for number in 0..keys {
        // Characters that neither the output nor control sequences have; a line does not grow over the row's end.
        taken.push(painted(screen, ["é", "ü", "ø", "å"][number % 4]));
        if number % 40 == 39 {
            screen.keys("<C-u>").gone("åéü");
        }
    }
    taken
}

fn in_the_filter(screen: &mut Screen) -> Vec<Duration> {
    screen.keys("/").expect(" / ");
    let taken = (0..40).map(|number| painted(screen, ["é", "ü", "ø", "å"][number % 4]));
    let taken = taken.collect();
    screen.keys("<Esc>").gone("åéü");
    taken
}

/// From the key written to its echo read.
fn painted(screen: &mut Screen, key: &str) -> Duration {
    let before = screen.bytes();
    let start = Instant::now();
    screen.text(key).received_since(before, key.as_bytes());
    start.elapsed()
}

fn tell(what: &str, taken: &mut [Duration]) {
    taken.sort();
    let at = |percent: usize| taken[(taken.len() - 1) * percent / 100].as_secs_f64() * 1e3;
    println!(
        "  {what:38} {:>8.2} ms median  {:>8.2} ms 95 of 100  {:>8.2} ms worst",
        at(50),
        at(95),
        at(100)
    );
}
