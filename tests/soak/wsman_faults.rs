//! Every fault at every request of a session over WSMan: the whole table.

use crate::support::faults::{Case, run, table};

#[test]
fn no_fault_at_any_request_loses_or_repeats_anything() {
    if !crate::wanted() {
        return;
    }
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let outcomes = runtime.block_on(run(&Case::all(), 12));
    let outcomes = outcomes.expect("a WSMan peer");
    println!("{}", table(&outcomes));
    let wrong: Vec<_> = outcomes
        .into_iter()
        .filter(|outcome| !outcome.wrong.is_empty())
        .collect();
    assert!(wrong.is_empty(), "\n{}", table(&wrong));
}
