//! Cutting bytes into lines, with a limit.

use super::Error;

/// Holds the line that has no end yet.
#[derive(Debug)]
pub(super) struct Lines {
    partial: Vec<u8>,
    limit: usize,
}

impl Lines {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            partial: Vec::new(),
            limit,
        }
    }

    /// Takes one line's worth from the front of `input`; `None` when the line goes on beyond it. A line that lies whole
    /// in `input` is not copied: it is handed to `take` as it is, without its LF or CRLF.
    pub(super) fn next<R>(
        &mut self,
        input: &mut &[u8],
        take: impl FnOnce(&[u8]) -> Result<R, Error>,
    ) -> Result<Option<R>, Error> {
        let end = memchr::memchr(b'\n', input);
        let (head, rest) = match end.and_then(|at| input.split_at_checked(at)) {
            Some((head, rest)) => (head, rest.get(1..).unwrap_or_default()),
            None => (*input, &[][..]),
        };
        if self.partial.len() + head.len() > self.limit {
            return Err(Error::LineTooLong { limit: self.limit });
        }
        *input = rest;
        if end.is_none() {
            self.partial.extend_from_slice(head);
            return Ok(None);
        }
        if self.partial.is_empty() {
            return take(trim(head)).map(Some);
        }
        self.partial.extend_from_slice(head);
        let taken = take(trim(&self.partial));
        self.partial.clear();
        // One long line does not hold its memory for ever.
        self.partial.shrink_to(64 * 1024);
        taken.map(Some)
    }

    /// The line that has no end yet.
    pub(super) fn partial(&self) -> &[u8] {
        &self.partial
    }
}

fn trim(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(lines: &mut Lines, mut input: &[u8]) -> Result<Vec<Vec<u8>>, Error> {
        let mut found = Vec::new();
        while let Some(line) = lines.next(&mut input, |line| Ok(line.to_vec()))? {
            found.push(line);
        }
        Ok(found)
    }

    #[test]
    fn lines_are_the_same_wherever_the_bytes_are_cut() {
        let text = b"one\r\ntwo\n\nthree";
        for at in 0..=text.len() {
            let mut lines = Lines::new(100);
            let mut found = cut(&mut lines, &text[..at]).unwrap();
            found.extend(cut(&mut lines, &text[at..]).unwrap());
            assert_eq!(found, [&b"one"[..], b"two", b""]);
            assert_eq!(lines.partial(), b"three");
        }
    }

    #[test]
    fn a_line_without_end_is_refused_before_it_is_stored() {
        let mut lines = Lines::new(10);
        assert_eq!(cut(&mut lines, b"12345678"), Ok(vec![]));
        assert_eq!(
            cut(&mut lines, b"90123"),
            Err(Error::LineTooLong { limit: 10 })
        );
        assert_eq!(lines.partial().len(), 8);
    }
}
