//! The long tier: `PSDECK_SOAK=1 cargo test --release --test soak -- --test-threads 1 --nocapture`.
//!
//! Without `PSDECK_SOAK=1` every test says so and ends.
#![allow(
    unreachable_pub,
    clippy::expect_used,
    clippy::format_collect,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "tests fail by panicking, helpers of theirs too, and their modules see each other"
)]

mod cuts;
mod flood;
mod fuzz;
mod idle;
mod kill;
mod peers;
#[path = "../support/mod.rs"]
mod support;
mod wsman_faults;

/// Whether the long tests are wanted; says why not.
fn wanted() -> bool {
    let wanted = std::env::var("PSDECK_SOAK").is_ok_and(|value| value == "1");
    if !wanted {
        println!("skipped: PSDECK_SOAK=1 is not set");
    }
    wanted
}

/// Resident kilobytes; 0 where the system does not say.
fn memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok())
        .unwrap_or(0)
}
