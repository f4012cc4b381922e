//! A network that fails at every message of a session over WSMan: the whole table, or with `PSDECK_CUT='37 HalfClose
//! Good'` (as the table writes it) that one case, many times, as what comes of it also hangs on who is first.

use crate::support::cuts::{Case, messages, run, table};

const AT_ONCE: usize = 16;

#[test]
fn a_network_that_fails_at_any_message_loses_nothing_unsaid() {
    if !crate::wanted() {
        return;
    }
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let messages = runtime.block_on(messages()).expect("a WSMan peer");
    let mut cases = Case::all(messages);
    assert!(cases.len() >= 300, "{messages} messages");
    if let Ok(name) = std::env::var("PSDECK_CUT") {
        let mut all = cases.iter();
        let case = all.find(|case| case.to_string() == name);
        cases = vec![*case.expect("a case, such as '37 HalfClose Good'"); AT_ONCE];
    }
    let outcomes = runtime.block_on(run(&cases, AT_ONCE));
    let outcomes = outcomes.expect("a WSMan peer");
    println!("{}", table(&outcomes));
    let wrong: Vec<_> = outcomes
        .into_iter()
        .filter(|outcome| !outcome.wrong.is_empty())
        .collect();
    assert!(wrong.is_empty(), "\n{}", table(&wrong));
}
