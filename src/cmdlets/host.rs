//! Where a console's output goes, and who answers its questions.

use std::sync::Arc;

use super::Error;
use crate::clixml::records::ProgressRecord;
use crate::session::{BoxFuture, Line, Prompt, PromptReply, Report, Session, Size, StreamKind};
use crate::transport::Ask;

/// What a [`Console`](super::Console) is shown on: the terminal of `psdeck console`, the app's `:` line, a test.
pub trait Host: Send {
    /// The window that objects are put into text for.
    fn window(&self) -> Size;

    /// Output as text: tables, lists and lines, each ending its line.
    fn write(&mut self, text: &str);

    /// Text of a remote host, `Write-Host` say.
    fn write_line(&mut self, line: &Line);

    /// A line of a stream, without its prefix (`WARNING: ` and so on).
    fn stream(&mut self, kind: StreamKind, text: &str);

    /// An error of ours or of a server.
    fn error(&mut self, error: &Error);

    /// Progress; a record of type Completed takes its bar away.
    fn progress(&mut self, source: i64, record: &ProgressRecord);

    /// Answers the questions of getting in, passwords without echo.
    fn ask(&self) -> Arc<dyn Ask>;

    /// Is told whether a computer let us in, so that a password which one refused is tried on no other.
    fn told_in(&self) -> ToldIn {
        Arc::new(|_, _| ())
    }

    /// Whether somebody sits there, and is asked before what others left is ended.
    fn is_attended(&self) -> bool {
        false
    }

    /// Asks the user: to confirm, for a mandatory parameter, a credential, or what a remote host wants to know. May be
    /// dropped when what asked is stopped.
    fn prompt<'h>(&'h mut self, prompt: &'h Prompt) -> BoxFuture<'h, PromptReply>;

    /// Enters a session, and comes back when it is left. A host that shows it beside the console comes back at once and
    /// says so: then nobody but the host closes what was opened for it.
    fn enter(&mut self, session: Session) -> BoxFuture<'_, Result<Entered, Report>>;
}

/// Takes a computer, as the questions of getting in name it, and whether it let us in.
pub type ToldIn = Arc<dyn Fn(&str, bool) + Send + Sync>;

/// How [`Host::enter`] came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entered {
    /// The session was left.
    Left,
    /// It is shown elsewhere, and goes on.
    Elsewhere,
}
