//! Running a script on one session or on many.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use futures_util::Stream;

use futures_util::StreamExt as _;

use super::host::host_info;
use super::{Input, Size, Stopper};
use crate::clixml::Value;
use crate::psrp::{CommandSpec, Merge, PipelineSpec};

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
    /// What goes into its pipeline. What cannot be read stops it; the source knows why.
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
            ..Self::text(script, Size::UNATTENDED)
        }
    }
}

impl Invoke {
    /// The pipeline that it becomes.
    pub(super) fn spec(&self) -> PipelineSpec {
        let mut script = CommandSpec::script(self.script.as_str());
        for value in &self.args {
            script = script.arg(value.clone());
        }
        for (name, value) in &self.params {
            script = script.named(name.as_str(), value.clone());
        }
        let commands = match self.display {
            Display::Objects => vec![script],
            // The remote console formats, and puts every stream where its own user would see it.
            Display::Text => vec![
                script.merging(Merge::ERRORS_TO_OUTPUT),
                CommandSpec::out_default(),
            ],
        };
        PipelineSpec {
            no_input: self.input.is_none(),
            host: host_info(self.window),
            redirect_shell_error_output_pipe: self.display == Display::Objects,
            ..PipelineSpec::new(commands)
        }
    }
}

/// Pours a stream into a pipeline, to its end or to the pipeline's.
pub(super) async fn pour(mut source: InputStream, input: Input, running: Stopper) {
    while let Some(item) = source.next().await {
        match item {
            Ok(value) => {
                if !input.send(value).await {
                    return;
                }
            }
            Err(error) => {
                tracing::warn!(%error, "the input cannot be read");
                running.stop();
                return;
            }
        }
    }
    input.finish();
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
