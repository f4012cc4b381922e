//! A session that a server of the demonstration holds: the protocol's server half, its runspaces, its pipelines.
//!
//! It lives on whether or not a client is connected. Pipelines run in threads of their own; the client's connection
//! takes what they put out.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::Notify;
use uuid::Uuid;

use super::commands;
use super::evaluator::Runspace;
use super::machine::Machine;
use super::running;
use super::values::like;
use crate::clixml::records::{CommandMetadata, HostInfo};
use crate::clixml::{Object, Value, Version};
use crate::psrp::client::RunspaceAnswer;
use crate::psrp::host::HostAnswer;
use crate::psrp::server::{Event, Server, ServerOptions};
use crate::psrp::{Error, MetadataQuery, PipelineSpec, PipelineState, Priority, Target};

/// A session of the demonstration; clones are the same one.
#[derive(Clone, Debug)]
pub struct Session {
    shared: Arc<Shared>,
}

/// What a session's clients and threads share.
#[derive(Debug)]
pub(super) struct Shared {
    state: Mutex<State>,
    /// Wakes threads: room for output, input, answers, stops.
    pub(super) room: Condvar,
    /// Wakes the connection: something to send.
    changed: Notify,
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) server: Server,
    machine: Arc<Machine>,
    /// The host of pipelines that bring none.
    pub(super) host: HostInfo,
    /// Runspaces that nobody uses, and how many there are in all.
    idle: Vec<Runspace>,
    runspaces: usize,
    waiting: VecDeque<(Uuid, Box<PipelineSpec>)>,
    pub(super) pipelines: BTreeMap<Uuid, Pipeline>,
}

/// A pipeline that runs or waits for a runspace.
#[derive(Debug, Default)]
pub(super) struct Pipeline {
    pub(super) stop: Arc<AtomicBool>,
    pub(super) input: VecDeque<Value>,
    pub(super) input_ended: bool,
    pub(super) answers: BTreeMap<i64, HostAnswer>,
    /// What it runs, for lists.
    text: String,
}

impl Session {
    pub(super) fn new(machine: Arc<Machine>) -> Self {
        let options = ServerOptions {
            // Nothing leaves the process.
            protocol: Version::new(2, 4),
            ..ServerOptions::default()
        };
        let state = State {
            server: Server::new(options),
            machine,
            host: HostInfo::default(),
            idle: Vec::new(),
            runspaces: 0,
            waiting: VecDeque::new(),
            pipelines: BTreeMap::new(),
        };
        Self {
            shared: Arc::new(Shared {
                state: Mutex::new(state),
                room: Condvar::new(),
                changed: Notify::new(),
            }),
        }
    }

    /// Takes whole fragments of a client.
    pub fn handle(&self, target: Target, priority: Priority, data: &[u8]) -> Result<(), Error> {
        let result = self.shared.lock().server.handle(target, priority, data);
        self.shared.serve();
        result
    }

    /// Lets another client take the session up: takes its opening messages, gives the answer.
    pub fn connect(&self, opening: &[u8]) -> Result<Bytes, Error> {
        let result = self.shared.lock().server.handle_connect(opening);
        self.shared.serve();
        result
    }

    /// Whether it has a pipeline of that id.
    pub fn has_pipeline(&self, pipeline: Uuid) -> bool {
        self.shared.lock().pipelines.contains_key(&pipeline)
    }

    /// Whole fragments for the client, `most` bytes of a target if they can be cut so.
    pub fn transmit(&self, target: Target, most: usize) -> Option<Bytes> {
        let data = self.shared.lock().server.transmit(target, most)?;
        self.shared.room.notify_all();
        Some(data)
    }

    /// Waits until a session may have more to send. Does not miss what came since the last wait.
    pub async fn changed(&self) {
        self.shared.changed.notified().await;
    }

    /// Stops a pipeline; its final state follows as data.
    pub fn stop(&self, pipeline: Uuid) {
        let mut state = self.shared.lock();
        if let Some(known) = state.pipelines.get(&pipeline) {
            known.stop.store(true, Ordering::Relaxed);
        }
        if state.waiting.iter().any(|(id, _)| *id == pipeline) {
            state.waiting.retain(|(id, _)| *id != pipeline);
            state.pipelines.remove(&pipeline);
            let _ = state.server.end_pipeline(
                pipeline,
                PipelineState::Stopped,
                Some(&running::stopped()),
            );
        }
        drop(state);
        self.shared.wake();
    }

    /// Ends a pipeline's channel, and the pipeline with it.
    pub fn close_pipeline(&self, pipeline: Uuid) {
        self.stop(pipeline);
        self.shared.lock().server.close_pipeline(pipeline);
    }

    /// Ends the session: says so to its client, and stops what runs.
    pub fn close(&self) {
        let mut state = self.shared.lock();
        state.server.close();
        let running: Vec<Uuid> = state.pipelines.keys().copied().collect();
        drop(state);
        for pipeline in running {
            self.stop(pipeline);
        }
        self.shared.wake();
    }

    /// What runs: its id and text.
    pub(super) fn running(&self) -> Option<(Uuid, String)> {
        let state = self.shared.lock();
        let first = state.pipelines.iter().next();
        first.map(|(id, pipeline)| (*id, pipeline.text.clone()))
    }
}

impl Shared {
    /// The state. A thread that died inside leaves it as it was: nothing of it is half changed.
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes whoever waits.
    pub(super) fn wake(&self) {
        self.room.notify_all();
        self.changed.notify_one();
    }

    /// Does what the client asked for.
    fn serve(self: &Arc<Self>) {
        let mut state = self.lock();
        while let Some(event) = state.server.poll_event() {
            state.event(event);
        }
        drop(state);
        self.start();
        self.wake();
    }

    /// Starts what waits for a runspace, as long as there are some.
    pub(super) fn start(self: &Arc<Self>) {
        let mut state = self.lock();
        while let Some((id, spec, runspace, stop)) = state.next() {
            let shared = Arc::clone(self);
            let run = move || running::run(&shared, id, &spec, runspace, stop);
            // Deep scripts need more room than a worker has.
            let thread = std::thread::Builder::new()
                .name("demonstration".into())
                .stack_size(32 << 20);
            if thread.spawn(run).is_err() {
                let _ = state.server.end_pipeline(id, PipelineState::Failed, None);
                state.pipelines.remove(&id);
            }
        }
    }

    /// Ends a pipeline and gives its runspace to the next.
    pub(super) fn finish(self: &Arc<Self>, id: Uuid, runspace: Runspace) {
        let mut state = self.lock();
        state.pipelines.remove(&id);
        state.idle.push(runspace);
        drop(state);
        self.start();
        self.wake();
    }
}

impl State {
    fn event(&mut self, event: Event) {
        match event {
            Event::Open { host, .. } => {
                self.host = *host;
                let _ = self.server.accept();
            }
            Event::Pipeline { id, spec } => {
                let commands = spec.statements.iter().flatten();
                let text = commands.map(|command| command.text.to_string()).next();
                let pipeline = Pipeline {
                    text: text.unwrap_or_default(),
                    input_ended: spec.no_input,
                    ..Pipeline::default()
                };
                self.pipelines.insert(id, pipeline);
                self.waiting.push_back((id, spec));
            }
            Event::Metadata { id, query } => self.metadata(id, &query),
            Event::Input { pipeline, value } => {
                if let Some(known) = self.pipelines.get_mut(&pipeline) {
                    known.input.push_back(value);
                }
            }
            Event::EndOfInput { pipeline } => {
                if let Some(known) = self.pipelines.get_mut(&pipeline) {
                    known.input_ended = true;
                }
            }
            Event::HostAnswer {
                target,
                call,
                answer,
            } => {
                if let Target::Pipeline(id) = target
                    && let Some(known) = self.pipelines.get_mut(&id)
                {
                    known.answers.insert(call, answer);
                }
            }
            Event::SetMaxRunspaces { ci, count } => {
                let (least, _) = self.server.runspaces();
                let done = count >= least && count > 0;
                if done {
                    self.server.set_runspaces(least, count);
                }
                self.server.answer_runspaces(ci, RunspaceAnswer::Done(done));
            }
            Event::SetMinRunspaces { ci, count } => {
                let (_, most) = self.server.runspaces();
                let done = count <= most && count > 0;
                if done {
                    self.server.set_runspaces(count, most);
                }
                self.server.answer_runspaces(ci, RunspaceAnswer::Done(done));
            }
            Event::AvailableRunspaces { ci } => {
                let most = usize::try_from(self.server.runspaces().1).unwrap_or(1);
                let free = most.saturating_sub(self.runspaces - self.idle.len());
                let free = i64::try_from(free).unwrap_or_default();
                self.server.answer_runspaces(ci, RunspaceAnswer::Free(free));
            }
            Event::Reset { ci } => {
                let free = self.idle.len() == self.runspaces;
                if free {
                    self.idle.clear();
                    self.runspaces = 0;
                }
                self.server.answer_runspaces(ci, RunspaceAnswer::Done(free));
            }
            Event::Unknown { .. } => {}
        }
    }

    /// The next pipeline that can start, with its runspace.
    fn next(&mut self) -> Option<(Uuid, Box<PipelineSpec>, Runspace, Arc<AtomicBool>)> {
        let most = usize::try_from(self.server.runspaces().1)
            .unwrap_or(1)
            .max(1);
        self.waiting.front()?;
        let runspace = match self.idle.pop() {
            Some(runspace) => runspace,
            None if self.runspaces < most => {
                self.runspaces += 1;
                Runspace::new(Arc::clone(&self.machine))
            }
            None => return None,
        };
        let (id, spec) = self.waiting.pop_front()?;
        let stop = self
            .pipelines
            .get(&id)
            .map(|pipeline| Arc::clone(&pipeline.stop));
        Some((id, spec, runspace, stop.unwrap_or_default()))
    }

    fn metadata(&mut self, id: Uuid, query: &MetadataQuery) {
        let wanted = |name: &&str| {
            let patterns = query.names.as_deref();
            patterns.is_none_or(|patterns| patterns.iter().any(|pattern| like(name, pattern)))
        };
        let found: Vec<&str> = commands::all()
            .filter_map(|(names, _)| names.split(' ').next())
            .filter(wanted)
            .collect();
        let count = Value::Int32(i32::try_from(found.len()).unwrap_or(i32::MAX));
        let count = Object::bag([("Count", count)]).with_types([
            "Selected.Microsoft.PowerShell.Commands.GenericMeasureInfo",
            "System.Management.Automation.PSCustomObject",
            "System.Object",
        ]);
        let _ = self.server.output(id, &count.into());
        for name in found {
            let command = CommandMetadata {
                name: name.to_owned(),
                // A cmdlet.
                command_type: 8,
                ..CommandMetadata::default()
            };
            let _ = self.server.output(id, &command.to_value());
        }
        let _ = self.server.end_pipeline(id, PipelineState::Completed, None);
    }
}
