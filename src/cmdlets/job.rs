//! Jobs that `-AsJob` and `-OutTarget Job` make: scripts that run on while the console goes on.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::Error;
use super::interpreter::{Out, Result, Run, Stop};
use super::remote::{Origin, Source};
use super::value::Value;
use crate::clixml::records::ErrorRecord;
use crate::clixml::{self, Object, enum_value};
use crate::session::{
    HostEvent, PipelineEvent, PipelineState, Pool, PromptReply, Report, SessionId, SessionState,
    Stopper, StreamKind,
};
use crate::transport::Ask;

/// How much a job keeps for whoever receives it; beyond that its server is held back.
const MOST: usize = 10_000;

/// The jobs of a console.
#[derive(Debug, Default)]
pub(super) struct Jobs {
    all: Vec<Job>,
    last: AtomicU32,
}

/// A job; clones are the same one.
#[derive(Clone, Debug)]
pub(super) struct Job {
    about: Arc<About>,
    /// How many of its scripts still run.
    running: watch::Receiver<usize>,
}

#[derive(Debug)]
struct About {
    id: u32,
    instance_id: Uuid,
    name: String,
    location: String,
    command: String,
    kept: Mutex<VecDeque<(Origin, Kept)>>,
    /// Somebody has received: there is room again.
    room: tokio::sync::Notify,
    stoppers: Vec<Stopper>,
    ended: Mutex<Vec<PipelineState>>,
}

/// What a script put out.
#[derive(Clone, Debug)]
enum Kept {
    Output(clixml::Value),
    Error(Box<ErrorRecord>),
    Lost(Box<Report>),
    Stream(StreamKind, String),
    Text(String),
}

impl Jobs {
    pub(super) fn all(&self) -> Vec<Job> {
        self.all.clone()
    }

    pub(super) fn remove(&mut self, job: &Job) {
        self.all.retain(|other| other.id() != job.id());
    }

    fn number(&self) -> u32 {
        self.last.fetch_add(1, Ordering::Relaxed) + 1
    }
}

impl Job {
    pub(super) fn id(&self) -> u32 {
        self.about.id
    }

    pub(super) fn instance_id(&self) -> Uuid {
        self.about.instance_id
    }

    pub(super) fn name(&self) -> String {
        self.about.name.clone()
    }

    pub(super) fn command(&self) -> String {
        self.about.command.clone()
    }

    /// In PowerShell's word.
    pub(super) fn state(&self) -> &'static str {
        if *self.running.borrow() > 0 {
            return "Running";
        }
        let ended = lock(&self.about.ended);
        let any = |state| ended.contains(&state);
        if any(PipelineState::Failed) {
            "Failed"
        } else if any(PipelineState::Stopped) {
            "Stopped"
        } else if any(PipelineState::Disconnected) {
            "Disconnected"
        } else {
            "Completed"
        }
    }

    pub(super) fn is_over(&self) -> bool {
        *self.running.borrow() == 0
    }

    pub(super) fn stop(&self) {
        self.about.stoppers.iter().for_each(Stopper::stop);
        // What waits for room is not waited for any more.
        lock(&self.about.kept).clear();
        self.about.room.notify_waiters();
    }

    /// As PowerShell's object.
    pub(super) fn object(&self) -> Object {
        let number = match self.state() {
            "Running" => 1,
            "Completed" => 2,
            "Failed" => 3,
            "Stopped" => 4,
            _ => 7,
        };
        let more = !lock(&self.about.kept).is_empty() || !self.is_over();
        Object::bag([
            (
                "State",
                enum_value(
                    "System.Management.Automation.JobState",
                    self.state(),
                    number,
                ),
            ),
            ("HasMoreData", more.into()),
            ("Location", self.about.location.as_str().into()),
            ("Command", self.about.command.as_str().into()),
            (
                "Id",
                i32::try_from(self.about.id).unwrap_or(i32::MAX).into(),
            ),
            ("Name", self.about.name.as_str().into()),
            ("InstanceId", clixml::Value::Guid(self.about.instance_id)),
            ("PSJobTypeName", "RemoteJob".into()),
        ])
        .with_types([
            "System.Management.Automation.PSRemotingJob",
            "System.Management.Automation.Job",
            "System.Object",
        ])
    }
}

impl Run<'_> {
    /// Makes a job of running scripts. The sessions that were made for it are closed when it is over.
    pub(super) fn start_job(
        &mut self,
        sources: Vec<Source>,
        command: &str,
        name: Option<String>,
        made: Vec<SessionId>,
    ) -> Job {
        let id = self.console.jobs.number();
        // As in PowerShell, each computer's part has a number of its own.
        for _ in &sources {
            self.console.jobs.number();
        }
        let places: Vec<_> = sources
            .iter()
            .map(|source| source.origin.computer.clone())
            .collect();
        let about = Arc::new(About {
            id,
            instance_id: Uuid::new_v4(),
            name: name.unwrap_or_else(|| format!("Job{id}")),
            location: places.join(","),
            command: command.to_owned(),
            kept: Mutex::default(),
            room: tokio::sync::Notify::new(),
            stoppers: sources
                .iter()
                .map(|source| source.running.stopper())
                .collect(),
            ended: Mutex::default(),
        });
        let (sender, running) = watch::channel(sources.len());
        let mut collecting = Vec::new();
        for source in sources {
            let (about, sender) = (Arc::clone(&about), sender.clone());
            collecting.push(tokio::spawn(async move {
                let state = collect(source, &about).await;
                lock(&about.ended).push(state);
                sender.send_modify(|running| *running -= 1);
            }));
        }
        let (pool, ask) = (self.console.pool.clone(), self.console.host.ask());
        tokio::spawn(close(collecting, made, pool, ask));
        let job = Job { about, running };
        self.console.jobs.all.push(job.clone());
        job
    }

    /// Waits until a job is over; `false` where that takes too long.
    pub(super) async fn wait_for(&mut self, job: &Job, limit: Option<Duration>) -> Result<bool> {
        let mut running = job.running.clone();
        let late = async {
            match limit {
                Some(limit) => tokio::time::sleep(limit).await,
                None => std::future::pending().await,
            }
        };
        // What is full waits for us, and we for it.
        let full = async {
            loop {
                if lock(&job.about.kept).len() >= MOST {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::select! {
            _ = running.wait_for(|count| *count == 0) => Ok(true),
            () = late => Ok(false),
            () = full => Ok(false),
            () = self.cancel.cancelled() => Err(Stop::Cancelled),
        }
    }

    /// Puts out what a job has kept so far.
    pub(super) fn receive_job(&mut self, job: &Job, keep: bool, out: &mut Out) -> Result<()> {
        let kept: Vec<_> = {
            let mut kept = lock(&job.about.kept);
            if keep {
                kept.iter().cloned().collect()
            } else {
                kept.drain(..).collect()
            }
        };
        if !keep {
            job.about.room.notify_waiters();
        }
        for (origin, kept) in kept {
            match kept {
                Kept::Output(value) => self.emit(out, Value::Plain(origin.note(value))),
                Kept::Error(record) => self.complain(Error::of_record(*record))?,
                Kept::Lost(report) => self.complain(Error::of_report(*report, "JobFailure"))?,
                Kept::Stream(StreamKind::Warning, text) => self.warn(&text)?,
                Kept::Stream(kind, text) => self.console.host.stream(kind, &text),
                Kept::Text(text) => self.console.write(&text),
            }
        }
        Ok(())
    }
}

async fn collect(mut source: Source, about: &About) -> PipelineState {
    let keep = |kept| lock(&about.kept).push_back((source.origin.clone(), kept));
    loop {
        loop {
            let room = about.room.notified();
            if lock(&about.kept).len() < MOST {
                break;
            }
            room.await;
        }
        let Some(event) = source.running.next().await else {
            return PipelineState::Failed;
        };
        match event {
            PipelineEvent::Output(value) => keep(Kept::Output(value)),
            PipelineEvent::Error(record) => keep(Kept::Error(record)),
            PipelineEvent::Warning(record) => {
                keep(Kept::Stream(StreamKind::Warning, record.message))
            }
            PipelineEvent::Verbose(record) => {
                keep(Kept::Stream(StreamKind::Verbose, record.message))
            }
            PipelineEvent::Debug(record) => keep(Kept::Stream(StreamKind::Debug, record.message)),
            PipelineEvent::Notice(text) => keep(Kept::Stream(StreamKind::Warning, text)),
            PipelineEvent::Host(HostEvent::Write(line)) => {
                let end = if line.newline { "\n" } else { "" };
                keep(Kept::Text(format!("{}{end}", line.text)));
            }
            // Nobody is there to answer.
            PipelineEvent::Host(HostEvent::Prompt { id, .. }) => {
                source.running.answer(id, PromptReply::Refuse)
            }
            PipelineEvent::StopPending => source.running.force_close(),
            PipelineEvent::Disconnected => {
                keep(Kept::Lost(Box::new(source.origin.left_behind())));
                return PipelineState::Disconnected;
            }
            PipelineEvent::Finished(finished) => {
                finished
                    .reason
                    .into_iter()
                    .for_each(|reason| keep(Kept::Error(reason)));
                finished
                    .lost
                    .into_iter()
                    .for_each(|report| keep(Kept::Lost(report)));
                return finished.state;
            }
            _ => {}
        }
    }
}

/// Closes the sessions that were made for a job, once it is over.
async fn close(
    collecting: Vec<tokio::task::JoinHandle<()>>,
    made: Vec<SessionId>,
    pool: Pool,
    ask: Arc<dyn Ask>,
) {
    for one in collecting {
        let _ = one.await;
    }
    for id in made {
        if runs_on(&pool, id) {
            continue;
        }
        let _ = pool
            .remove(id, Arc::clone(&ask), CancellationToken::new())
            .await;
    }
}

/// Whether a session goes on without us, so that it is not ours to close.
pub(super) fn runs_on(pool: &Pool, id: SessionId) -> bool {
    let left = [SessionState::Disconnecting, SessionState::Disconnected];
    pool.info(id).is_some_and(|info| left.contains(&info.state))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
