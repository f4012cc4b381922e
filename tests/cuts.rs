//! The network fails at one message of a session over WSMan: cut, delayed, half closed or dripping, for a second, a
//! minute (clocks run faster) or for good. Nothing is lost unsaid, and nothing runs twice. A part of the table; the soak
//! tests take all of it.

use rand::SeedableRng as _;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;

use crate::support::cuts::{Case, messages, run, table};

const CUTS: usize = 30;
const SEED: u64 = 11;

#[tokio::test(flavor = "multi_thread")]
async fn a_network_that_fails_at_any_message_loses_nothing_unsaid() {
    let seed = std::env::var("PSDECK_FAULT_SEED").map_or(SEED, |seed| seed.parse().unwrap());
    let Some(messages) = messages().await else {
        return;
    };
    let mut random = StdRng::seed_from_u64(seed);
    let mut all = Case::all(messages);
    all.retain(|case| !case.is_long());
    let cases: Vec<_> = all.sample(&mut random, CUTS).copied().collect();
    let outcomes = run(&cases, 6).await.expect("a WSMan peer");
    let table = table(&outcomes);
    println!("seed {seed}, {messages} messages\n{table}");
    let wrong = outcomes.iter().filter(|outcome| !outcome.wrong.is_empty());
    assert_eq!(wrong.count(), 0, "\n{table}");
}
