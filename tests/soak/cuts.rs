//! A network that fails at every message of a session over WSMan: the whole table.

use crate::support::cuts::{Case, messages, run, table};

#[test]
fn a_network_that_fails_at_any_message_loses_nothing_unsaid() {
    if !crate::wanted() {
        return;
    }
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let messages = runtime.block_on(messages()).expect("a WSMan peer");
    let cases = Case::all(messages);
    assert!(cases.len() >= 300, "{messages} messages");
    let outcomes = runtime.block_on(run(&cases, 16)).expect("a WSMan peer");
    println!("{}", table(&outcomes));
    let wrong: Vec<_> = outcomes
        .into_iter()
        .filter(|outcome| !outcome.wrong.is_empty())
        .collect();
    assert!(wrong.is_empty(), "\n{}", table(&wrong));
}
