//! `psdeck enter`, over the demonstration: at a terminal, and with lines from a file.

use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::support::psdeck::Psdeck;
use crate::support::screen::Screen;

#[test]
fn a_signal_gives_the_terminal_back_while_a_line_is_typed() {
    let mut screen = Screen::new(80, 24)
        .args(&["enter", "demo:Server01"])
        .start();
    screen
        .expect("[Server01]: PS ")
        .keys("half")
        .expect("half")
        .signal(Signal::TERM);
    assert_eq!(screen.ended(), 143);
}

#[test]
fn a_long_text_in_one_line_of_thought_is_read_once() {
    let lines = "0123456789012345678901234567890123456789012345678901234567890123456789\n";
    let started = Instant::now();
    let ran = Psdeck::new()
        .args(["enter", "demo:Server01"])
        .input(format!("$x = @'\n{}'@\n$x.Length\n", lines.repeat(10_000)))
        .run();
    assert_eq!(
        (ran.status, ran.out.as_str()),
        (0, "709999\n"),
        "{}",
        ran.err
    );
    assert!(
        started.elapsed() < Duration::from_secs(20),
        "{:?}",
        started.elapsed()
    );
}
