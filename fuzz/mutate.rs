//! A small mutation engine for fuzzing on stable Rust: seeded, driven by a corpus, the same run for the same seed.
//!
//! Without the compiler's coverage it goes by behaviour: a target answers each input with a number that says how it
//! fared (the kind of error, the shape of the result), and an input that fares as none before joins the corpus.

use std::collections::HashSet;

/// No input grows past this many bytes.
const LONGEST: usize = 64 * 1024;

/// How many inputs the engine keeps beside its seeds.
const MOST_KEPT: usize = 4096;

/// Bytes at the edges of what parsers tell apart.
const EDGES: &[u8] = &[
    0, 1, 9, 10, 13, 0x1b, b' ', b'"', b'\'', b'&', b'<', b'>', b'_', 0x7f, 0x80, 0xbf, 0xc0, 0xed,
    0xf4, 0xff,
];

/// Numbers that lengths and counters go wrong at.
const NUMBERS: &[&str] = &[
    "0",
    "-1",
    "1",
    "50",
    "51",
    "255",
    "32768",
    "65536",
    "2147483647",
    "-2147483648",
    "4294967296",
    "9223372036854775807",
    "1e999",
    "NaN",
];

/// Makes inputs out of a corpus and a list of words that the format knows.
pub(crate) struct Engine {
    random: Random,
    corpus: Vec<Vec<u8>>,
    seeds: usize,
    words: &'static [&'static str],
    seen: HashSet<u64>,
}

impl Engine {
    /// An engine on `corpus`; an empty one starts from the words.
    pub(crate) fn new(seed: u64, mut corpus: Vec<Vec<u8>>, words: &'static [&'static str]) -> Self {
        if corpus.is_empty() {
            corpus.extend(words.iter().map(|word| word.as_bytes().to_vec()));
            corpus.push(Vec::new());
        }
        let seeds = corpus.len();
        Self {
            random: Random(seed),
            corpus,
            seeds,
            words,
            seen: HashSet::new(),
        }
    }

    /// The next input.
    pub(crate) fn input(&mut self) -> Vec<u8> {
        let chosen = self.random.below(self.corpus.len());
        let mut input = self.corpus[chosen].clone();
        for _ in 0..=self.random.below(4) {
            self.mutate(&mut input);
        }
        input.truncate(LONGEST);
        input
    }

    /// Keeps `input` where nothing before it has fared like this.
    pub(crate) fn learn(&mut self, input: &[u8], fared: u64) {
        if !self.seen.insert(fared) {
            return;
        }
        if self.corpus.len() < self.seeds + MOST_KEPT {
            self.corpus.push(input.to_vec());
        } else {
            let replaced = self.seeds + self.random.below(MOST_KEPT);
            self.corpus[replaced] = input.to_vec();
        }
    }

    /// How many ways of faring the inputs so far have shown.
    pub(crate) fn ways(&self) -> usize {
        self.seen.len()
    }

    fn mutate(&mut self, input: &mut Vec<u8>) {
        let random = &mut self.random;
        let at = random.below(input.len() + 1);
        let range = at..at + random.short(input.len() - at);
        match random.below(12) {
            0 => {
                if let Some(byte) = input.get_mut(at) {
                    *byte ^= 1 << random.below(8);
                }
            }
            1 => {
                if let Some(byte) = input.get_mut(at) {
                    *byte = random.of(EDGES);
                }
            }
            2 => input.insert(at, random.of(EDGES)),
            3 => drop(input.drain(range)),
            4 => input.truncate(at),
            5 => {
                // Many times the same piece: what opens without closing grows deep.
                let piece = input[range].to_vec();
                let room = LONGEST.saturating_sub(input.len()) / piece.len().max(1);
                let times = random.short(room.min(2000));
                input.splice(at..at, piece.repeat(times));
            }
            6 => {
                // The piece goes elsewhere.
                let piece: Vec<u8> = input.drain(range).collect();
                let to = random.below(input.len() + 1);
                input.splice(to..to, piece);
            }
            7 | 8 if !self.words.is_empty() => {
                let word = random.of(self.words).bytes();
                let end = if random.below(2) == 0 { at } else { range.end };
                input.splice(at..end, word);
            }
            9 => {
                // Digits become another number; where there are none, four or eight bytes become a binary one.
                let digits = input[at..]
                    .iter()
                    .take_while(|byte| byte.is_ascii_digit())
                    .count();
                if digits > 0 {
                    let number = random.of(NUMBERS).bytes();
                    input.splice(at..at + digits, number);
                } else {
                    let number = random.edge_number().to_be_bytes();
                    let width = if random.below(2) == 0 { 4 } else { 8 };
                    let end = (at + width).min(input.len());
                    input.splice(at..end, number[8 - width..].iter().copied());
                }
            }
            _ => {
                // A piece of another input.
                let other = random.below(self.corpus.len());
                let other = &self.corpus[other];
                let from = random.below(other.len() + 1);
                let to = from + random.short(other.len() - from);
                input.splice(range, other[from..to].iter().copied());
            }
        }
        input.truncate(LONGEST);
    }
}

/// Splitmix64: enough for mutations, and the same everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Below `limit`; 0 where the limit is 0.
    fn below(&mut self, limit: usize) -> usize {
        if limit == 0 {
            0
        } else {
            usize::try_from(self.next() % limit as u64).unwrap_or(0)
        }
    }

    /// At most `limit`, small ones more often.
    fn short(&mut self, limit: usize) -> usize {
        let scale = 1 << self.below(12);
        self.below(scale + 1).min(limit)
    }

    fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }

    fn edge_number(&mut self) -> u64 {
        let edge = 1_u64
            .checked_shl(u32::try_from(self.below(65)).unwrap_or(0))
            .unwrap_or(0);
        edge.wrapping_add(self.below(3) as u64).wrapping_sub(1)
    }
}
