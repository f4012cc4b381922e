//! Standard output, written in large pieces.

use std::io::{self, Write as _};

/// So many bytes are a piece.
const PIECE: usize = 64 * 1024;

/// Text on its way to standard output.
#[derive(Default)]
pub(super) struct Stdout {
    /// What is not written yet.
    pub(super) text: String,
}

impl Stdout {
    pub(super) fn is_full(&self) -> bool {
        self.text.len() > PIECE
    }

    /// Writes what was gathered, if it is a piece.
    pub(super) fn settle(&mut self) -> io::Result<()> {
        if self.is_full() { self.flush() } else { Ok(()) }
    }

    /// Writes what was gathered.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        if self.text.is_empty() {
            return Ok(());
        }
        let mut stdout = io::stdout().lock();
        let written = stdout
            .write_all(self.text.as_bytes())
            .and_then(|()| stdout.flush());
        self.text.clear();
        written
    }
}
