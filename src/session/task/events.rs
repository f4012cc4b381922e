//! What comes in: from the connection, and out of the protocol's state machine.

use uuid::Uuid;

use super::Task;
use crate::clixml::Value;
use crate::psrp::client::{Event as Message, Reason};
use crate::psrp::{self, KeyPair, PoolState, Target};
use crate::session::{ExitCode, PipelineEvent, PipelineState, Report, SessionState};
use crate::transport::{Event, FailureKind};

impl Task {
    pub(super) fn event(&mut self, event: Event) {
        match event {
            Event::Data { target, data } => self.data(target, &data),
            Event::Opened | Event::Acknowledged(Target::Pool) => self.pool_sent = None,
            Event::Acknowledged(Target::Pipeline(id)) => self.created_or_sent(id),
            Event::Answered(target) => {
                self.answering.remove(&target);
            }
            Event::StopAcknowledged(id) => self.stop_taken(id),
            Event::PipelineClosed(id) => self.pipe_closed(id),
            Event::Fault {
                target: Target::Pipeline(id),
                failure,
            } => {
                if let Some(pipe) = self.pipes.get_mut(&id) {
                    pipe.unsent = failure.kind == FailureKind::NotSent && !pipe.created;
                }
                let report = Report::of(&failure, "the command failed", "");
                self.ended(id, PipelineState::Failed, None, Some(report));
            }
            Event::Fault {
                target: Target::Pool,
                failure,
            }
            | Event::Lost(failure) => self.lost(&failure),
            Event::Connected(answer) => match self.client.handle_connected(&answer) {
                Ok(()) => self.messages(),
                Err(error) => self.fail(self.protocol_error(&error)),
            },
            // Nothing was opened that could be kept.
            Event::Disconnected(Some(why)) if self.state() == SessionState::Opening => {
                self.lost(&why);
            }
            Event::Disconnected(why) => self.disconnected(why.as_ref()),
            Event::NotDisconnected(failure) => self.not_disconnected(&failure),
            Event::Reconnected => self.reconnected(),
            Event::Closed(None) => self.closed(),
            Event::Closed(Some(why)) => self.unclosed(&why),
            Event::Gap(target) => self.gap_in(target),
            Event::Interrupted { why, window } => self.interrupted(&why, window),
            Event::Restored => self.restored(),
            Event::Kept(keeping) => self.kept(keeping),
            Event::Notice(text) => self.tell(&text),
        }
    }

    /// Tells everybody who reads.
    pub(super) fn tell(&mut self, text: &str) {
        tracing::info!(%text, "notice of the connection");
        if self.state() == SessionState::Opening {
            // Nobody reads the session's events yet; whoever ends the opening tells this.
            self.info
                .send_modify(|info| info.reason = Some(text.to_owned()));
        }
        for pipe in self.pipes.values_mut().filter(|pipe| !pipe.finished) {
            pipe.hand_on(PipelineEvent::Notice(text.to_owned()));
        }
    }

    /// Some of what the server sent may be missing: what it sends next may make no sense.
    fn gap_in(&mut self, target: Target) {
        self.gap = true;
        if let Target::Pipeline(id) = target {
            let text = "an answer of the server was lost, and it cannot be had again: some output may be missing";
            self.missing(id, text);
        }
    }

    /// Some of a pipeline's output is missing; told once.
    fn missing(&mut self, id: Uuid, text: &str) {
        if let Some(pipe) = self.pipes.get_mut(&id)
            && !std::mem::replace(&mut pipe.gap, true)
        {
            pipe.hand_on(PipelineEvent::Notice(text.to_owned()));
        }
    }

    fn data(&mut self, target: Target, data: &[u8]) {
        match target {
            Target::Pool => self.pool.received(data.len()),
            Target::Pipeline(id) => {
                let Some(pipe) = self.pipes.get_mut(&id) else {
                    return; // ended by force; the server had not heard of it yet
                };
                pipe.flow.received(data.len());
            }
        }
        match self.client.handle(target, data) {
            Ok(()) => self.messages(),
            Err(error) => {
                self.messages();
                match target {
                    Target::Pool => self.fail(self.protocol_error(&error)),
                    Target::Pipeline(id) => {
                        let report = self.protocol_error(&error);
                        self.ended(id, PipelineState::Failed, None, Some(report));
                    }
                }
            }
        }
    }

    /// Deals with everything that the protocol's state machine has to tell.
    pub(super) fn messages(&mut self) {
        while let Some(message) = self.client.poll_event() {
            self.message(message);
        }
    }

    fn message(&mut self, message: Message) {
        match message {
            Message::Output {
                pipeline, value, ..
            } => self.push(pipeline, PipelineEvent::Output(value)),
            Message::Error { pipeline, record } => {
                self.push(pipeline, PipelineEvent::Error(record));
            }
            Message::Warning { pipeline, record } => {
                self.push(pipeline, PipelineEvent::Warning(record));
            }
            Message::Verbose { pipeline, record } => {
                self.push(pipeline, PipelineEvent::Verbose(record));
            }
            Message::Debug { pipeline, record } => {
                self.push(pipeline, PipelineEvent::Debug(record));
            }
            Message::Information { pipeline, record } => {
                self.push(pipeline, PipelineEvent::Information(record));
            }
            Message::Progress { pipeline, record } => {
                self.push(pipeline, PipelineEvent::Progress(record));
            }
            Message::HostCall { target, call } => self.host_call(target, call),
            Message::Missing { pipeline } => {
                let text = "output is missing: the server had no room for it while nobody was connected, or its \
                            beginning went to the former client";
                self.missing(pipeline, text);
            }
            Message::PipelineState {
                pipeline,
                state,
                reason,
            } => {
                let state = match state {
                    psrp::PipelineState::Completed => PipelineState::Completed,
                    psrp::PipelineState::Stopped => PipelineState::Stopped,
                    psrp::PipelineState::Failed => PipelineState::Failed,
                    _ => return,
                };
                let (record, lost) = match reason {
                    None => (None, None),
                    Some(Reason::Record(record)) => (Some(record), None),
                    Some(Reason::Protocol(error)) => (None, Some(self.protocol_error(&error))),
                    Some(Reason::Lost(why)) => {
                        (None, Some(Report::new(ExitCode::Unreachable, why)))
                    }
                };
                self.ended(pipeline, state, record, lost);
            }
            Message::PoolState { state, reason } => match state {
                PoolState::Closed if self.closing.is_none() => {
                    let mut report = Report::new(ExitCode::Unreachable, self.what);
                    report.reasons.push("the server closed it".to_owned());
                    self.fail(report);
                }
                PoolState::Broken => {
                    let report = match reason {
                        Some(Reason::Protocol(error)) => self.protocol_error(&error),
                        reason => {
                            let mut report = Report::new(ExitCode::Unreachable, self.what);
                            report.reasons.push("the server broke it off".to_owned());
                            report
                                .reasons
                                .extend(reason.map(|reason| reason.to_string()));
                            report
                        }
                    };
                    self.fail(report);
                }
                _ => {}
            },
            Message::KeyNeeded => {
                if self.key.is_none() {
                    self.key = Some(tokio::task::spawn_blocking(KeyPair::generate));
                }
            }
            Message::PipelineReady { pipeline, first } => self.create(pipeline, first),
            Message::HostCallCancelled { target, call } => self.call_cancelled(target, call),
            Message::ApplicationPrivateData(entries) => {
                let version = ps_version(&entries);
                self.info.send_if_modified(|info| {
                    let changed = info.ps_version != version;
                    info.ps_version = version;
                    changed
                });
            }
            other => tracing::debug!(?other, "message without effect"),
        }
    }

    fn push(&mut self, id: Uuid, event: PipelineEvent) {
        if let Some(pipe) = self.pipes.get_mut(&id) {
            pipe.push(event);
        }
    }
}

/// `PSVersionTable.PSVersion` as text.
fn ps_version(entries: &[(Value, Value)]) -> Option<String> {
    let entry = |entries: &[(Value, Value)], name: &str| {
        let found = entries.iter().find(|(key, _)| key.as_str() == Some(name));
        found.map(|(_, value)| value.clone())
    };
    let table = entry(entries, "PSVersionTable")?;
    match entry(table.as_dictionary()?, "PSVersion")?.base() {
        Value::Version(version) => Some(version.to_string()),
        other => other.as_str().map(str::to_owned),
    }
}
