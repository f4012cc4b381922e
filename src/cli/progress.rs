//! Progress of the remote side: one line at the bottom, on standard error and at a terminal only.

use std::collections::BTreeMap;
use std::io::{self, IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::UnicodeWidthStr as _;

use crate::clixml::records::ProgressRecord;
use crate::remote_text::plain;

/// Redrawing more often than this shows nothing more.
const PAUSE: Duration = Duration::from_millis(80);
/// A hostile server may begin activities without end.
const MOST: usize = 64;

/// The activities under way, and the line that shows one.
pub(super) struct Progress {
    at_terminal: bool,
    shown: bool,
    drawn: Option<Instant>,
    activities: BTreeMap<(i64, i64), String>,
}

impl Progress {
    pub(super) fn new() -> Self {
        Self {
            at_terminal: io::stderr().is_terminal(),
            shown: false,
            drawn: None,
            activities: BTreeMap::new(),
        }
    }

    /// Takes a record of a source; the activity that changed last is shown.
    pub(super) fn update(&mut self, source: i64, record: &ProgressRecord) {
        if !self.at_terminal {
            return;
        }
        let key = (source, i64::from(record.activity_id));
        if record.completed {
            self.activities.remove(&key);
            if self.activities.is_empty() {
                self.hide();
            }
            return;
        }
        if self.activities.len() >= MOST && !self.activities.contains_key(&key) {
            return;
        }
        self.activities.insert(key, line(record));
        if self.drawn.is_none_or(|drawn| drawn.elapsed() >= PAUSE) {
            self.draw(key);
        }
    }

    /// Takes the line away, so that something else can be written; the next record brings it back.
    pub(super) fn hide(&mut self) {
        if self.shown {
            let _ = io::stderr().lock().write_all(b"\r\x1b[K");
            (self.shown, self.drawn) = (false, None);
        }
    }

    /// Forgets all of it: the command is over.
    pub(super) fn clear(&mut self) {
        self.activities.clear();
        self.hide();
    }

    fn draw(&mut self, key: (i64, i64)) {
        let Some(line) = self.activities.get(&key) else {
            return;
        };
        let columns = crossterm::terminal::size().map_or(80, |(columns, _)| usize::from(columns));
        let mut width = 0;
        let fitting: String = line
            .graphemes(true)
            .take_while(|grapheme| {
                width += grapheme.width();
                width < columns
            })
            .collect();
        let _ = write!(io::stderr().lock(), "\r\x1b[K{fitting}");
        (self.shown, self.drawn) = (true, Some(Instant::now()));
    }
}

/// `Activity: status [####      ] 40% - operation, 12 s left`.
fn line(record: &ProgressRecord) -> String {
    let mut line = plain(&record.activity);
    let status = plain(&record.status_description);
    if !status.trim().is_empty() {
        line.push_str(&format!(": {status}"));
    }
    if let Some(percent @ 0..=100) = record.percent_complete {
        let full = usize::try_from(percent / 5).unwrap_or(0);
        line.push_str(&format!(" [{:<20}] {percent}%", "#".repeat(full)));
    }
    if let Some(operation) = &record.current_operation {
        line.push_str(&format!(" - {}", plain(operation)));
    }
    if let Some(seconds @ 0..) = record.seconds_remaining {
        line.push_str(&format!(", {seconds} s left"));
    }
    line
}
