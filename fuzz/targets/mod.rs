//! What is fuzzed: the code that reads what others wrote. A target panics where a promise is broken and answers
//! otherwise with a number for the way that the input fared.
//!
//! `tests/fuzz.rs` replays the corpora, `tests/soak/` mutates them, `fuzz_targets/` hands the targets to cargo-fuzz.

mod authenticate;
mod clixml;
mod fragments;
mod language;
mod messages;
mod sealed;
mod soap;
mod stdio;
mod styles;

use std::hash::{DefaultHasher, Hash, Hasher};

/// One thing to fuzz.
pub(crate) struct Target {
    /// The name of its folder in `corpus/`.
    pub(crate) name: &'static str,
    /// Words that its format knows.
    pub(crate) words: &'static [&'static str],
    /// Reads one input.
    pub(crate) run: fn(&[u8]) -> u64,
}

/// All of them.
pub(crate) const TARGETS: &[Target] = &[
    Target {
        name: "authenticate",
        words: authenticate::WORDS,
        run: authenticate::run,
    },
    Target {
        name: "clixml",
        words: clixml::WORDS,
        run: clixml::run,
    },
    Target {
        name: "fragments",
        words: fragments::WORDS,
        run: fragments::run,
    },
    Target {
        name: "language",
        words: language::WORDS,
        run: language::run,
    },
    Target {
        name: "messages",
        words: messages::WORDS,
        run: messages::run,
    },
    Target {
        name: "sealed",
        words: sealed::WORDS,
        run: sealed::run,
    },
    Target {
        name: "soap",
        words: soap::WORDS,
        run: soap::run,
    },
    Target {
        name: "stdio",
        words: stdio::WORDS,
        run: stdio::run,
    },
    Target {
        name: "styles",
        words: styles::WORDS,
        run: styles::run,
    },
];

/// A number for a way of faring.
fn way(of: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    of.hash(&mut hasher);
    hasher.finish()
}

/// What an error says without what differs from input to input: numbers, and what follows a colon.
fn kind(error: &impl std::fmt::Display) -> String {
    let text = error.to_string();
    let text = text.split(':').next().unwrap_or_default();
    text.chars()
        .filter(|letter| !letter.is_ascii_digit())
        .take(60)
        .collect()
}

/// The size of a count, so that each doubling is another way.
fn size(count: usize) -> u32 {
    usize::BITS - count.leading_zeros()
}
