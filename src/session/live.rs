//! A live session, as everybody but its task sees it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use tokio::sync::{mpsc, oneshot, watch};

use super::task::{Control, RunId, Start, Task, Weighed, Work, room};
use super::unread::{Unheard, Unread};
use super::{ExitCode, Invoke, Left, Limits, Report, Running, SessionInfo, SessionState, Size};
use crate::psrp::{MetadataQuery, PipelineSpec};
use crate::transport::Leave;

/// A handle of a live session; clones are the same session. While a handle exists (the pool keeps one until the session
/// is removed), the session stays.
#[derive(Clone, Debug)]
pub struct Session {
    control: mpsc::UnboundedSender<Control>,
    info: watch::Receiver<SessionInfo>,
    /// Why it was lost, once it is.
    lost: Arc<OnceLock<Report>>,
    unread: Arc<Unread>,
    runs: Arc<AtomicU64>,
    limits: Limits,
}

impl Session {
    pub(super) fn new(
        control: mpsc::UnboundedSender<Control>,
        info: watch::Receiver<SessionInfo>,
        lost: Arc<OnceLock<Report>>,
        unread: Arc<Unread>,
        limits: Limits,
    ) -> Self {
        Self {
            control,
            info,
            lost,
            unread,
            runs: Arc::default(),
            limits,
        }
    }

    /// How it is now.
    pub fn info(&self) -> SessionInfo {
        self.info.borrow().clone()
    }

    /// Changes of that.
    pub fn changes(&self) -> watch::Receiver<SessionInfo> {
        self.info.clone()
    }

    /// Runs a script. Returns at once; what goes wrong is the pipeline's end.
    pub fn invoke(&self, invoke: &Invoke) -> Running {
        self.script(invoke, false)
    }

    /// Runs a script for whoever takes the session up next: nothing of what it puts out is read here, so the session is to
    /// be disconnected, which waits until the script and all of its input have arrived.
    pub fn begin(&self, invoke: &Invoke) -> Running {
        self.script(invoke, true)
    }

    fn script(&self, invoke: &Invoke, unread: bool) -> Running {
        let label = invoke.script.lines().next().unwrap_or_default().to_owned();
        let mut running = self.run(
            Work::Pipeline(Box::new(invoke.spec())),
            Some(label),
            invoke.window,
            invoke.input.is_some(),
            unread,
        );
        if let (Some(source), Some(input)) = (&invoke.input, running.input()) {
            tokio::spawn(super::invoke::pour(source(), input, running.stopper()));
        }
        running
    }

    /// Takes up a command that runs and that nobody here reads: one that connecting found, or one whose [`Running`] was
    /// dropped. Its events from here on, each once: first what the server still has. `None` if nothing of the kind runs,
    /// or the session is not open.
    pub fn receive(&self) -> Option<Running> {
        self.resumed(Size::UNATTENDED).map(|(running, _)| running)
    }

    /// The same for somebody who has a window, with the command's text as far as the server tells it.
    pub(super) fn resumed(&self, window: Size) -> Option<(Running, String)> {
        if self.info.borrow().state != SessionState::Opened {
            return None;
        }
        let Unheard { id, text } = self.unread.take()?;
        let run = RunId(self.runs.fetch_add(1, Ordering::Relaxed));
        let (events, pulled) = mpsc::unbounded_channel();
        let start = Start {
            run,
            label: Some(text.clone()),
            window,
            events,
            input: None,
            unread: false,
        };
        let receive = Control::Receive(id, Box::new(start));
        if self.control.send(receive).is_err() {
            return None;
        }
        Some((self.pulling(pulled, run, None), text))
    }

    /// Whether a command that connecting found seems to wait: it runs, and has been silent since. It may have asked its
    /// former client for input; a question that was fetched does not come again, so what helps is to stop it
    /// (`robust-connections` 4).
    pub fn waits(&self) -> bool {
        self.unread.waits()
    }

    /// Starts a pipeline as it is specified.
    pub(super) fn pipeline(
        &self,
        spec: PipelineSpec,
        label: Option<String>,
        window: Size,
    ) -> Running {
        self.run(Work::Pipeline(Box::new(spec)), label, window, false, false)
    }

    /// Asks for the metadata of commands.
    pub(super) fn metadata(&self, query: MetadataQuery, window: Size) -> Running {
        self.run(Work::Metadata(query), None, window, false, false)
    }

    fn run(
        &self,
        work: Work,
        label: Option<String>,
        window: Size,
        takes_input: bool,
        unread: bool,
    ) -> Running {
        let run = RunId(self.runs.fetch_add(1, Ordering::Relaxed));
        let (events, pulled) = mpsc::unbounded_channel();
        let (input, poured) = if takes_input {
            let (sender, receiver) = mpsc::unbounded_channel();
            (
                Some(super::Input::new(
                    sender,
                    room(self.limits.input),
                    self.limits.input,
                    self.control.clone(),
                )),
                Some(receiver),
            )
        } else {
            (None, None)
        };
        let start = Start {
            run,
            label,
            window,
            events,
            input: poured,
            unread,
        };
        let start = Control::Start(work, Box::new(start));
        if self.control.send(start).is_err() {
            return Running::lost(self.gone());
        }
        self.pulling(pulled, run, input)
    }

    fn pulling(
        &self,
        events: mpsc::UnboundedReceiver<Weighed>,
        run: RunId,
        input: Option<super::Input>,
    ) -> Running {
        let tell = self.limits.window / 8;
        Running::new(events, self.control.clone(), run, tell, input)
    }

    /// Closes it in good order; after a few seconds by force. It stays in the list: [`Pool::remove`](super::Pool::remove)
    /// takes it off too. It is `Closed` afterwards; if its server, which may keep it, has not said so, it is not, and the
    /// report says why.
    pub async fn close(&self) -> Result<(), Report> {
        let (done, closed) = oneshot::channel();
        if self.control.send(Control::Close(done)).is_ok() {
            let _ = closed.await;
        }
        match self.info.borrow().state {
            SessionState::Closed => Ok(()),
            _ => Err(self.gone()),
        }
    }

    /// Leaves it running on its server. On failure it stays as it was, or is `Disconnected` when the server fell silent.
    pub(super) async fn disconnect(&self, leave: Leave) -> Result<Left, Report> {
        self.ask(|done| Control::Disconnect(leave, done)).await
    }

    /// Takes it up again over the connection that left it.
    pub(super) async fn reconnect(&self) -> Result<(), Report> {
        self.ask(Control::Reconnect).await
    }

    async fn ask<T>(
        &self,
        control: impl FnOnce(oneshot::Sender<Result<T, Report>>) -> Control,
    ) -> Result<T, Report> {
        let (done, result) = oneshot::channel();
        if self.control.send(control(done)).is_err() {
            return Err(self.gone());
        }
        result.await.unwrap_or_else(|_| Err(self.gone()))
    }

    /// Lets it go on over the connection of a task that has taken it up; gives the task back if nobody serves it here.
    pub(super) async fn succeed(&self, next: Box<Task>) -> Result<(), Box<Task>> {
        let (done, result) = oneshot::channel();
        let sent = self.control.send(Control::Succeed(next, done));
        if let Err(mpsc::error::SendError(Control::Succeed(next, _))) = sent {
            return Err(next);
        }
        let _ = result.await;
        Ok(())
    }

    /// Its server does not have it any more.
    pub(super) async fn lose(&self, why: Report) {
        if self.control.send(Control::Lose(Box::new(why))).is_ok() {
            self.control.closed().await;
        }
    }

    /// Whether nobody serves it any more.
    pub(super) fn is_over(&self) -> bool {
        self.control.is_closed()
    }

    /// Why nobody serves it any more.
    pub(super) fn gone(&self) -> Report {
        if let Some(report) = self.lost.get() {
            return report.clone();
        }
        let info = self.info.borrow();
        let what = match info.state {
            SessionState::Broken => "the session is broken",
            _ => "the session is closed",
        };
        let mut report = Report::new(ExitCode::Unreachable, what).hint("open a new session");
        report.computer = Some(info.computer_name.clone());
        report.reasons.extend(info.reason.clone());
        report
    }
}
