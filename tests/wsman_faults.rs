//! Answers of a WSMan server that are lost, spoilt or late: nothing runs twice, and nothing is lost unsaid. A part of
//! the table; the soak tests take all of it.

use rand::SeedableRng as _;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;

use crate::support::faults::{Case, PLACES, Place, run, table};

/// How many faults of each place and kind of server; which ones, the seed says.
const OF_EACH: usize = 3;
const SEED: u64 = 5;

#[tokio::test(flavor = "multi_thread")]
async fn faults_at_each_request_lose_nothing_and_repeat_nothing() {
    let seed = std::env::var("PSDECK_FAULT_SEED").map_or(SEED, |seed| seed.parse().unwrap());
    let mut random = StdRng::seed_from_u64(seed);
    let all: Vec<_> = Case::all();
    let mut cases = Vec::new();
    for place in PLACES {
        for cache in [true, false] {
            let fit = |case: &&Case| case.place == place && case.cache == cache && !case.is_long();
            let fit: Vec<_> = all.iter().filter(fit).copied().collect();
            cases.extend(fit.sample(&mut random, OF_EACH).copied());
        }
    }
    assert!(cases.iter().any(|case| case.place == Place::Parked));
    let Some(outcomes) = run(&cases, 6).await else {
        return;
    };
    let table = table(&outcomes);
    println!("seed {seed}\n{table}");
    let wrong = outcomes.iter().filter(|outcome| !outcome.wrong.is_empty());
    assert_eq!(wrong.count(), 0, "\n{table}");
}
