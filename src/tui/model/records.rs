//! Records of the remote side as lines.

use crate::clixml::records::{ErrorRecord, ProgressRecord};
use crate::remote_text;
use crate::session::StreamKind;
use crate::tui::theme::Role;

/// A progress bar of a pane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Bar {
    /// The source and the activity: a record with the same ones replaces this bar.
    pub(crate) key: (i64, i32),
    pub(crate) activity: String,
    pub(crate) status: String,
    /// 0 to 100, where it is known.
    pub(crate) percent: Option<u8>,
}

/// What a progress record does to the bars: one more, changed, or gone.
pub(crate) fn progress(bars: &mut Vec<Bar>, source: i64, record: &ProgressRecord) {
    let key = (source, record.activity_id);
    if record.completed {
        bars.retain(|bar| bar.key != key);
        return;
    }
    let plain = |text: &str| remote_text::plain(text);
    let bar = Bar {
        key,
        activity: plain(&record.activity),
        status: plain(&record.status_description),
        percent: record
            .percent_complete
            .and_then(|percent| u8::try_from(percent.clamp(0, 100)).ok()),
    };
    if let Some(shown) = bars.iter_mut().find(|shown| shown.key == key) {
        *shown = bar;
    } else if bars.len() < MAX_BARS {
        bars.push(bar);
    }
}

/// More bars than this are not shown.
const MAX_BARS: usize = 3;

/// An error that the server did not show itself, as PowerShell puts it: the command, then what went wrong.
pub(crate) fn error(record: &ErrorRecord) -> String {
    let text = record.display_text();
    if record.activity.is_empty() {
        text.to_owned()
    } else {
        format!("{}: {text}", record.activity)
    }
}

/// What stands before a line of a stream, and how it looks.
pub(crate) fn stream(kind: StreamKind) -> (&'static str, Role) {
    match kind {
        StreamKind::Error => ("", Role::Error),
        StreamKind::Warning => ("WARNING: ", Role::Warning),
        StreamKind::Verbose => ("VERBOSE: ", Role::Verbose),
        StreamKind::Debug => ("DEBUG: ", Role::Debug),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_changes_and_goes_with_its_activity() {
        let mut record = ProgressRecord {
            activity: "Copying".into(),
            percent_complete: Some(250),
            ..ProgressRecord::default()
        };
        let mut bars = Vec::new();
        progress(&mut bars, 0, &record);
        record.status_description = "\u{1b}[2Jhalf".into();
        progress(&mut bars, 0, &record);
        assert_eq!(bars.len(), 1);
        assert_eq!(bars[0].percent, Some(100));
        assert_eq!(bars[0].status, "half");
        for activity_id in 1..10 {
            let other = ProgressRecord {
                activity_id,
                ..record.clone()
            };
            progress(&mut bars, 0, &other);
        }
        assert_eq!(bars.len(), MAX_BARS);
        record.completed = true;
        progress(&mut bars, 0, &record);
        assert_eq!(bars.len(), MAX_BARS - 1);
    }
}
