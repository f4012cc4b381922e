//! A pipeline of the demonstration while it runs, in a thread of its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime};

use uuid::Uuid;

use super::evaluator::Runspace;
use super::outside::{Emission, Ending, Outside, Step, Stopped};
use super::session::{Shared, State};
use crate::clixml::Value;
use crate::clixml::records::{
    ErrorCategory, ErrorRecord, Host, HostInfo, InformationRecord, InformationalRecord,
};
use crate::psrp::host::{HostAnswer, HostMethod};
use crate::psrp::{CommandSpec, Error, PipelineSpec, PipelineState, Target};

/// The most bytes of a pipeline that wait to be sent; then it waits too.
const WAITING: usize = 256 * 1024;

/// Runs a pipeline to its end.
pub(super) fn run(
    shared: &Arc<Shared>,
    id: Uuid,
    spec: &PipelineSpec,
    mut runspace: Runspace,
    stop: Arc<AtomicBool>,
) {
    let mut desk = Desk {
        shared,
        id,
        stop,
        host: if spec.host.use_runspace_host {
            shared.lock().host.clone()
        } else {
            spec.host.clone()
        },
    };
    let mut ending = Ending::Completed;
    for (place, statement) in spec.statements.iter().enumerate() {
        let steps: Vec<Step> = statement.iter().map(step).collect();
        ending = runspace.run(&steps, !spec.no_input && place == 0, &mut desk);
        let last = place + 1 == spec.statements.len();
        match ending {
            Ending::Completed => {}
            // An error that ends a statement leaves those behind it alone.
            Ending::Failed(fault) if !last => {
                let sent = desk.emit(Emission::Error(fault));
                ending = if sent.is_ok() {
                    Ending::Completed
                } else {
                    Ending::Stopped
                };
            }
            _ => break,
        }
    }
    let (state, reason) = match ending {
        Ending::Completed => (PipelineState::Completed, None),
        Ending::Failed(fault) => (PipelineState::Failed, Some(fault.record().clone())),
        Ending::Stopped => (PipelineState::Stopped, Some(stopped())),
    };
    // A pipeline whose channel was closed has nobody to tell.
    let _ = shared
        .lock()
        .server
        .end_pipeline(id, state, reason.as_ref());
    shared.finish(id, runspace);
}

/// The error of a pipeline that was stopped.
pub(super) fn stopped() -> ErrorRecord {
    ErrorRecord::new(
        "System.Management.Automation.PipelineStoppedException",
        "The pipeline has been stopped.",
        "PipelineStopped",
        ErrorCategory(14),
    )
}

fn step(command: &CommandSpec) -> Step {
    Step {
        text: command.text.to_string(),
        is_script: command.is_script,
        arguments: command.args.clone(),
    }
}

/// A pipeline's way to its client.
struct Desk<'a> {
    shared: &'a Arc<Shared>,
    id: Uuid,
    stop: Arc<AtomicBool>,
    host: HostInfo,
}

impl Desk<'_> {
    /// Waits until `ready` has something, for `limit` at most; a stop ends it.
    fn wait<T>(
        &self,
        limit: Option<Duration>,
        mut ready: impl FnMut(&mut State) -> Option<T>,
    ) -> Result<Option<T>, Stopped> {
        let until = limit.map(|limit| Instant::now() + limit);
        let mut state = self.shared.lock();
        loop {
            if self.stopped() {
                return Err(Stopped);
            }
            if let Some(found) = ready(&mut state) {
                return Ok(Some(found));
            }
            let left = until.map_or(Duration::from_hours(1), |until| {
                until.saturating_duration_since(Instant::now())
            });
            if left.is_zero() {
                return Ok(None);
            }
            let woken = self.shared.room.wait_timeout(state, left);
            state = woken.unwrap_or_else(std::sync::PoisonError::into_inner).0;
        }
    }

    /// Sends something, once there is room for it.
    fn send<T>(&self, message: impl FnOnce(&mut State) -> Result<T, Error>) -> Result<T, Stopped> {
        let mut message = Some(message);
        let target = Target::Pipeline(self.id);
        let sent = self.wait(None, |state| {
            if state.server.queued(target) >= WAITING {
                return None;
            }
            message.take().map(|message| message(state))
        })?;
        self.shared.wake();
        sent.and_then(Result::ok).ok_or(Stopped)
    }

    /// Whether the client's host has a screen, or at least something that takes calls.
    fn takes(&self, call: &HostMethod) -> bool {
        let leaves = matches!(
            call,
            HostMethod::SetShouldExit { .. } | HostMethod::PopRunspace {}
        );
        match self.host.host {
            Host::None => false,
            Host::NoUi => leaves,
            Host::NoRawUi | Host::Screen(_) => true,
        }
    }
}

impl Outside for Desk<'_> {
    fn emit(&mut self, record: Emission) -> Result<(), Stopped> {
        let id = self.id;
        let plain = |message: String| InformationalRecord {
            message,
            invocation: None,
        };
        self.send(|state| match record {
            Emission::Output(value) => state.server.output(id, &value),
            Emission::Error(fault) => state.server.error(id, fault.record()),
            Emission::Warning(text) => state.server.warning(id, &plain(text)),
            Emission::Verbose(text) => state.server.verbose(id, &plain(text)),
            Emission::Debug(text) => state.server.debug(id, &plain(text)),
            Emission::Information(message_data, tags) => {
                let source = if tags.iter().any(|tag| tag == "PSHOST") {
                    "Write-Host"
                } else {
                    "Write-Information"
                };
                let record = InformationRecord {
                    message_data,
                    tags,
                    source: source.into(),
                    ..InformationRecord::default()
                };
                state.server.information(id, &record)
            }
            Emission::Progress(record) => state.server.progress(id, &record),
        })
    }

    fn show(&mut self, call: HostMethod) -> Result<(), Stopped> {
        if !self.takes(&call) {
            return Ok(());
        }
        let target = Target::Pipeline(self.id);
        self.send(|state| state.server.host_call(target, call))
            .map(drop)
    }

    fn ask(&mut self, call: HostMethod) -> Result<HostAnswer, Stopped> {
        let refused = HostAnswer::refused(call.id(), "There is no host.");
        if !self.takes(&call) {
            return Ok(refused);
        }
        let id = self.id;
        let Some(number) = self.send(|state| state.server.host_call(Target::Pipeline(id), call))?
        else {
            return Ok(refused);
        };
        let answer = self.wait(None, |state| {
            state.pipelines.get_mut(&id)?.answers.remove(&number)
        })?;
        Ok(answer.unwrap_or(refused))
    }

    fn sleep(&mut self, time: Duration) -> Result<(), Stopped> {
        self.wait(Some(time), |_| None::<()>).map(drop)
    }

    fn input(&mut self) -> Result<Option<Value>, Stopped> {
        let id = self.id;
        let found = self.wait(None, |state| match state.pipelines.get_mut(&id) {
            Some(pipeline) => match pipeline.input.pop_front() {
                Some(value) => Some(Some(value)),
                None if pipeline.input_ended => Some(None),
                None => None,
            },
            None => Some(None),
        })?;
        Ok(found.flatten())
    }

    fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    fn window(&self) -> (usize, usize) {
        match &self.host.host {
            Host::Screen(data) => {
                let cells =
                    |number: i32| usize::try_from(number).unwrap_or_default().clamp(1, 10_000);
                (
                    cells(data.buffer_size.width),
                    cells(data.window_size.height),
                )
            }
            _ => (120, 50),
        }
    }

    fn now(&self) -> i64 {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        i64::try_from(since.unwrap_or_default().as_micros()).unwrap_or_default()
    }
}
