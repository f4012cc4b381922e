//! Running a script on one session or on many.

use std::fmt;
use std::sync::Arc;

use futures_util::Stream;
use std::pin::Pin;

use super::Size;
use crate::clixml::Value;

/// Objects for a pipeline's input, in order; an error ends the input and stops the pipeline.
pub type InputStream = Pin<Box<dyn Stream<Item = Result<Value, String>> + Send>>;

/// Makes the input for one target; called once for each.
pub type InputSource = Arc<dyn Fn() -> InputStream + Send + Sync>;

/// A script, and what goes with it.
#[derive(Clone)]
pub struct Invoke {
    /// Its text.
    pub script: String,
    /// Positional arguments.
    pub args: Vec<Value>,
    /// Named parameters.
    pub params: Vec<(String, Value)>,
    /// What goes into its pipeline.
    pub input: Option<InputSource>,
    /// What comes out.
    pub display: Display,
    /// The window that the remote side formats for.
    pub window: Size,
}

/// What comes out of an [`Invoke`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Display {
    /// Objects and records. What the remote host writes comes beside them; `Write-Host` is a record as well.
    Objects,
    /// Text, formatted by the remote side at the window's width, as its own console would show it:
    /// [`HostEvent::Write`](super::HostEvent::Write) and `Stream`. Errors that the server does not show itself are records.
    Text,
}

impl Invoke {
    /// A script without arguments, shown as text.
    pub fn text(script: impl Into<String>, window: Size) -> Self {
        Self {
            script: script.into(),
            args: Vec::new(),
            params: Vec::new(),
            input: None,
            display: Display::Text,
            window,
        }
    }

    /// A script without arguments, for its objects.
    pub fn objects(script: impl Into<String>) -> Self {
        Self {
            display: Display::Objects,
            ..Self::text(
                script,
                Size {
                    columns: 120,
                    rows: 50,
                },
            )
        }
    }
}

impl fmt::Debug for Invoke {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Arguments may be secrets.
        f.debug_struct("Invoke")
            .field("script", &self.script)
            .field("display", &self.display)
            .finish_non_exhaustive()
    }
}
