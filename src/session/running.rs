//! A running pipeline.

use std::sync::Arc;

use futures_util::FutureExt as _;
use tokio::sync::{Semaphore, mpsc};

use super::task::{Control, InputItem, RunId, Weighed};
use super::{Finished, PipelineEvent, PipelineState, PromptReply, Report};
use crate::clixml::{Content, Value};

/// A pipeline that runs in a session. Its events are pulled: the server is held back while nobody pulls. Dropping it
/// stops nothing on the server: what it still puts out is discarded, and what it asks gets the error answer. In a session that
/// is left, or being left, both are kept for [`Session::receive`](super::Session::receive).
#[derive(Debug)]
pub struct Running {
    events: mpsc::UnboundedReceiver<Weighed>,
    stopper: Stopper,
    input: Option<Input>,
    /// The weight of what was pulled and not yet told, and from where on it is told.
    pulled: usize,
    tell: usize,
    ended: bool,
}

/// What can be done to a running pipeline from elsewhere; a cheap handle.
#[derive(Clone, Debug)]
pub struct Stopper {
    /// None for a pipeline that never began.
    task: Option<(mpsc::UnboundedSender<Control>, RunId)>,
}

/// Where a pipeline's input goes. Dropping it ends the input.
#[derive(Debug)]
pub struct Input {
    items: Option<mpsc::UnboundedSender<InputItem>>,
    room: Arc<Semaphore>,
    most: usize,
    control: mpsc::UnboundedSender<Control>,
}

impl Running {
    pub(super) fn new(
        events: mpsc::UnboundedReceiver<Weighed>,
        control: mpsc::UnboundedSender<Control>,
        run: RunId,
        tell: usize,
        input: Option<Input>,
    ) -> Self {
        Self {
            events,
            stopper: Stopper {
                task: Some((control, run)),
            },
            input,
            pulled: 0,
            tell,
            ended: false,
        }
    }

    pub(super) fn lost(report: Report) -> Self {
        let (sender, events) = mpsc::unbounded_channel();
        let finished = PipelineEvent::Finished(Finished::lost(report));
        let _ = sender.send((finished, 0));
        Self {
            events,
            stopper: Stopper { task: None },
            input: None,
            pulled: 0,
            tell: usize::MAX,
            ended: false,
        }
    }

    /// The next event; `None` after [`PipelineEvent::Finished`]. May be dropped and called again.
    pub async fn next(&mut self) -> Option<PipelineEvent> {
        if self.ended {
            return None;
        }
        let Some((event, weight)) = self.events.recv().await else {
            // The task ended without a word: a defect, but not one to wait for.
            self.ended = true;
            let report = Report::new(super::ExitCode::Defect, "the session ended without a word");
            return Some(PipelineEvent::Finished(Finished::lost(report)));
        };
        self.pulled += weight;
        if self.pulled >= self.tell {
            let pulled = std::mem::take(&mut self.pulled);
            self.stopper.ask(|run| Control::Pulled(run, pulled));
        }
        self.ended = matches!(event, PipelineEvent::Finished(_));
        Some(event)
    }

    /// Why a script that was begun does not run, as far as is known: a session is left only when its server has answered.
    pub fn refused(&mut self) -> Option<Report> {
        while let Some(Some(event)) = self.next().now_or_never() {
            if let PipelineEvent::Finished(finished) = event {
                return finished.lost.map(|report| *report);
            }
        }
        None
    }

    /// The way in, once; `None` for a pipeline that takes no input.
    pub fn input(&mut self) -> Option<Input> {
        self.input.take()
    }

    /// What can be done to it, apart from its events.
    pub fn stopper(&self) -> Stopper {
        self.stopper.clone()
    }

    /// [`Stopper::stop`].
    pub fn stop(&self) {
        self.stopper.stop();
    }

    /// [`Stopper::force_close`].
    pub fn force_close(&self) {
        self.stopper.force_close();
    }

    /// [`Stopper::answer`].
    pub fn answer(&self, id: u64, reply: PromptReply) {
        self.stopper.answer(id, reply);
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !self.ended {
            let pulled = std::mem::take(&mut self.pulled);
            self.stopper.ask(|run| Control::Pulled(run, pulled));
            let (_, none) = mpsc::unbounded_channel();
            let events = std::mem::replace(&mut self.events, none);
            self.stopper.ask(|run| Control::Abandon(run, events));
        }
    }
}

impl Stopper {
    /// Asks the server to stop it. Its end comes as an event; after ten seconds without one,
    /// [`PipelineEvent::StopPending`].
    pub fn stop(&self) {
        self.ask(Control::Stop);
    }

    /// Ends its channel without waiting for its end; a server that does not let go within ten seconds costs the session,
    /// which is `Broken` then.
    pub fn force_close(&self) {
        self.ask(Control::ForceClose);
    }

    /// Answers a prompt. A reply that does not fit the prompt is a refusal; an id that is not open is nothing.
    pub fn answer(&self, id: u64, reply: PromptReply) {
        self.ask(|_| Control::Answer(id, reply));
    }

    fn ask(&self, control: impl FnOnce(RunId) -> Control) {
        if let Some((task, run)) = &self.task {
            let _ = task.send(control(*run));
        }
    }
}

impl Input {
    pub(super) fn new(
        items: mpsc::UnboundedSender<InputItem>,
        room: Arc<Semaphore>,
        most: usize,
        control: mpsc::UnboundedSender<Control>,
    ) -> Self {
        Self {
            items: Some(items),
            room,
            most,
            control,
        }
    }

    /// Sends one object; waits while the server is behind. `false` when the pipeline takes no more.
    pub async fn send(&self, value: Value) -> bool {
        let Some(items) = &self.items else {
            return false;
        };
        let weight = weight(&value).clamp(1, self.most);
        let weight = u32::try_from(weight).unwrap_or(u32::MAX);
        let room = Arc::clone(&self.room);
        let room = tokio::select! {
            biased;
            () = items.closed() => return false,
            room = room.acquire_many_owned(weight) => room,
        };
        let Ok(room) = room else { return false };
        items.send((value, room)).is_ok() && self.control.send(Control::InputReady).is_ok()
    }

    /// Ends the input; dropping it does the same.
    pub fn finish(self) {}
}

impl Drop for Input {
    fn drop(&mut self) {
        self.items = None;
        let _ = self.control.send(Control::InputReady);
    }
}

impl Finished {
    pub(super) fn lost(report: Report) -> Self {
        Self {
            state: PipelineState::Failed,
            reason: None,
            lost: Some(Box::new(report)),
            exit_code: None,
            unsent: false,
            gap: false,
        }
    }
}

/// About how many bytes a value takes.
pub(crate) fn weight(value: &Value) -> usize {
    32 + match value {
        Value::String(text)
        | Value::Uri(text)
        | Value::XmlDocument(text)
        | Value::ScriptBlock(text) => text
            .as_str()
            .map_or_else(|| 2 * text.encode_utf16().len(), str::len),
        Value::Bytes(bytes) => bytes.len(),
        Value::Object(object) => {
            let content = match &object.content {
                Content::None => 0,
                Content::Value(value) => weight(value),
                Content::List(_, items) => items.iter().map(weight).sum(),
                Content::Dictionary(entries) => entries
                    .iter()
                    .map(|(key, value)| weight(key) + weight(value))
                    .sum(),
            };
            content
                + object
                    .adapted
                    .iter()
                    .chain(&object.extended)
                    .map(|member| 32 + weight(&member.value))
                    .sum::<usize>()
        }
        _ => 0,
    }
}
