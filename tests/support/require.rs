//! Peers that are not there: a skip with its reason, or a failure where somebody made them obligatory.

/// Whether `PSDECK_TEST_REQUIRE` (names with commas between them: `psrp,ssh,recordings`, or `all`) names this one.
pub fn require(name: &str) -> bool {
    std::env::var("PSDECK_TEST_REQUIRE").is_ok_and(|names| {
        names
            .split(',')
            .map(str::trim)
            .any(|one| one == name || one == "all")
    })
}

/// The thing, or `None` after printing why the test is skipped. Panics where the thing is obligatory.
///
/// ```ignore
/// let Some(peer) = need("ssh", Peer::ssh().try_start()) else { return };
/// ```
pub fn need<T>(name: &str, found: Result<T, String>) -> Option<T> {
    match found {
        Ok(thing) => Some(thing),
        Err(reason) if require(name) => panic!("{name} is obligatory here: {reason}"),
        Err(reason) => {
            println!("skipped, no {name}: {reason}");
            None
        }
    }
}
