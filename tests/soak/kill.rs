//! Every moment of a session's life at which psdeck can be killed.

use rand::SeedableRng as _;
use rand::rngs::StdRng;
use rand::seq::SliceRandom as _;

use crate::support::kills::{MOMENTS, kill_at};

#[test]
fn a_kill_at_every_transition_loses_no_session() {
    if !crate::wanted() {
        return;
    }
    let seed: u64 = rand::random();
    println!("seed {seed}");
    let mut all: Vec<_> = MOMENTS
        .iter()
        .flat_map(|moment| [(moment, false), (moment, true)])
        .collect();
    all.shuffle(&mut StdRng::seed_from_u64(seed));
    println!(
        "{:<28} {:<8} what the next psdeck came to",
        "killed while", "notices"
    );
    for (moment, never) in all {
        let Some(told) = kill_at(moment, never) else {
            return;
        };
        let notices = if never { "never" } else { "60 s" };
        println!("{:<28} {notices:<8} {told}", moment.name);
    }
}
