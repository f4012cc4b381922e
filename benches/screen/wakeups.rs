//! How often a process that has nothing to do is woken.

use std::time::{Duration, Instant};

use crate::support::screen::Screen;

/// What a process has cost so far.
struct Cost {
    wakeups: u64,
    ticks: u64,
}

/// Prints what the app costs while nothing happens: each time one of its threads had slept and went on, and its
/// processor time.
///
/// A key comes first, so that it is seen that the count counts.
pub fn print(what: &str, screen: &mut Screen, time: Duration) {
    settle(screen);
    let still = cost(screen.process()).map(|cost| cost.wakeups);
    screen.keys("<Right>");
    settle(screen);
    let key = cost(screen.process()).map(|cost| cost.wakeups);
    assert!(key.is_none() || key > still, "a key woke nothing");
    let (Some(before), bytes) = (cost(screen.process()), screen.bytes()) else {
        println!("  wake-ups, {what}: skipped, there is no /proc");
        return;
    };
    std::thread::sleep(time);
    let after = cost(screen.process()).expect("the app lives");
    println!(
        "  {:38} {:>8} in {} s, {} ms of processor time, {} bytes drawn",
        format!("wake-ups, {what}"),
        after.wakeups - before.wakeups,
        time.as_secs(),
        (after.ticks - before.ticks) * 10,
        screen.bytes() - bytes
    );
}

/// Waits until half a second has passed in which nothing was drawn; since when.
pub fn settle(screen: &Screen) -> Instant {
    loop {
        let (before, since) = (screen.bytes(), Instant::now());
        std::thread::sleep(Duration::from_millis(500));
        if screen.bytes() == before {
            return since;
        }
    }
}

fn cost(process: u32) -> Option<Cost> {
    let tasks = std::fs::read_dir(format!("/proc/{process}/task")).ok()?;
    let wakeups = tasks.flatten().filter_map(|task| {
        let status = std::fs::read_to_string(task.path().join("status")).ok()?;
        let count = status
            .lines()
            .find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"))?;
        count.trim().parse::<u64>().ok()
    });
    let wakeups = wakeups.sum();
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |at: usize| fields.get(at)?.parse::<u64>().ok();
    Some(Cost {
        wakeups,
        ticks: ticks(11)? + ticks(12)?,
    })
}
