//! Jobs that `-AsJob` and `-OutTarget Job` make: scripts that run on while the console goes on.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Semaphore, watch};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::Error;
use super::interpreter::{Out, Result, Run, Stop};
use super::kept::{Kept, Store};
use super::remote::{Origin, Script, Source};
use super::value::Value;
use crate::clixml::{self, Object, enum_value};
use crate::session::{
    HostEvent, PipelineEvent, PipelineState, Pool, PromptReply, SessionId, SessionState, Stopper,
    StreamKind,
};
use crate::transport::Ask;

/// The jobs of a console.
#[derive(Debug, Default)]
pub(super) struct Jobs {
    all: Vec<Job>,
    last: AtomicU32,
}

/// A job; clones are the same one.
#[derive(Clone, Debug)]
pub(super) struct Job(Arc<About>);

/// How far a job is.
#[derive(Clone, Copy, Debug)]
struct Progress {
    /// How many of its scripts still run.
    running: usize,
    /// They wait for room.
    blocked: bool,
}

#[derive(Debug)]
struct About {
    id: u32,
    instance_id: Uuid,
    name: String,
    location: String,
    command: String,
    kept: Mutex<Store>,
    /// Somebody has received: there is room again.
    room: tokio::sync::Notify,
    /// Of the scripts that run, by their sessions.
    stoppers: Mutex<Vec<(Uuid, Stopper)>>,
    /// Nothing more is kept but how its scripts end.
    stopped: AtomicBool,
    progress: watch::Sender<Progress>,
    /// How its scripts ended, by their sessions.
    ended: Mutex<Vec<(Uuid, PipelineState)>>,
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
        self.0.id
    }

    pub(super) fn instance_id(&self) -> Uuid {
        self.0.instance_id
    }

    pub(super) fn name(&self) -> String {
        self.0.name.clone()
    }

    pub(super) fn command(&self) -> String {
        self.0.command.clone()
    }

    /// In PowerShell's word.
    pub(super) fn state(&self) -> &'static str {
        if self.is_blocked() {
            return "Blocked";
        }
        if !self.is_over() {
            return "Running";
        }
        let ended = lock(&self.0.ended);
        let any = |state| ended.iter().any(|(_, own)| *own == state);
        // Where no computer was reached, nothing ran.
        if ended.is_empty() || any(PipelineState::Failed) {
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
        self.0.progress.borrow().running == 0
    }

    /// Whether its servers wait until somebody receives.
    pub(super) fn is_blocked(&self) -> bool {
        let Progress { running, blocked } = *self.0.progress.borrow();
        running > 0 && blocked
    }

    pub(super) fn has_more_data(&self) -> bool {
        !lock(&self.0.kept).is_empty() || !self.is_over()
    }

    pub(super) fn stop(&self) {
        self.0.stopped.store(true, Ordering::Relaxed);
        for (_, stopper) in lock(&self.0.stoppers).iter() {
            stopper.stop();
        }
        self.0.unblock();
    }

    /// Waits until it is over, or blocked.
    pub(super) async fn settled(&self) {
        let mut progress = self.0.progress.subscribe();
        let settled = |progress: &Progress| progress.running == 0 || progress.blocked;
        let _ = progress.wait_for(settled).await;
    }

    /// Whether a script of it was left behind in a session, for it to go on with.
    pub(super) fn left_behind(&self, session: Uuid) -> bool {
        !self.0.stopped.load(Ordering::Relaxed)
            && lock(&self.0.ended).contains(&(session, PipelineState::Disconnected))
    }

    /// Goes on with such a script.
    pub(super) fn resume(&self, script: Script) {
        let left = (script.origin.session, PipelineState::Disconnected);
        lock(&self.0.ended).retain(|ended| *ended != left);
        About::run(&self.0, script, &Arc::new(Semaphore::new(1)));
    }

    /// Waits until it is over.
    pub(super) async fn over(&self) {
        let mut progress = self.0.progress.subscribe();
        let _ = progress.wait_for(|progress| progress.running == 0).await;
    }

    /// As PowerShell's object.
    pub(super) fn object(&self) -> Object {
        let number = match self.state() {
            "Running" => 1,
            "Completed" => 2,
            "Failed" => 3,
            "Stopped" => 4,
            "Blocked" => 5,
            _ => 7,
        };
        Object::bag([
            (
                "State",
                enum_value(
                    "System.Management.Automation.JobState",
                    self.state(),
                    number,
                ),
            ),
            ("HasMoreData", self.has_more_data().into()),
            ("Location", self.0.location.as_str().into()),
            ("Command", self.0.command.as_str().into()),
            ("Id", i32::try_from(self.0.id).unwrap_or(i32::MAX).into()),
            ("Name", self.0.name.as_str().into()),
            ("InstanceId", clixml::Value::Guid(self.0.instance_id)),
            ("PSJobTypeName", "RemoteJob".into()),
        ])
        .with_types([
            "System.Management.Automation.PSRemotingJob",
            "System.Management.Automation.Job",
            "System.Object",
        ])
    }
}

impl About {
    /// Runs a script as a part of the job: at once, or when another has made place for it.
    fn run(
        about: &Arc<Self>,
        script: Script,
        places: &Arc<Semaphore>,
    ) -> tokio::task::JoinHandle<()> {
        about.progress.send_modify(|progress| progress.running += 1);
        let session = script.origin.session;
        let begun = match Arc::clone(places).try_acquire_owned() {
            Ok(place) => Ok((place, about.begin(script))),
            Err(_) => Err(script),
        };
        let (about, places) = (Arc::clone(about), Arc::clone(places));
        tokio::spawn(async move {
            let (place, source) = match begun {
                Ok((place, source)) => (Some(place), Some(source)),
                Err(script) => {
                    let place = places.acquire_owned().await.ok();
                    let stopped = about.stopped.load(Ordering::Relaxed);
                    (place, (!stopped).then(|| about.begin(script)))
                }
            };
            let state = match source {
                Some(source) => collect(source, &about).await,
                None => PipelineState::Stopped,
            };
            drop(place);
            // What goes on without us is not stopped when somebody takes it up.
            lock(&about.stoppers).retain(|(of, _)| *of != session);
            lock(&about.ended).push((session, state));
            about.progress.send_modify(|progress| progress.running -= 1);
        })
    }

    fn begin(&self, script: Script) -> Source {
        let source = script.begin();
        let stopper = source.running.stopper();
        lock(&self.stoppers).push((source.origin.session, stopper.clone()));
        if self.stopped.load(Ordering::Relaxed) {
            stopper.stop();
        }
        source
    }

    fn unblock(&self) {
        self.progress
            .send_modify(|progress| progress.blocked = false);
        self.room.notify_waiters();
    }
}

impl Run<'_> {
    /// Makes a job of running scripts. The sessions that were made for it are closed when it is over.
    pub(super) fn start_job(
        &mut self,
        scripts: Vec<Script>,
        limit: usize,
        command: &str,
        name: Option<String>,
        made: Vec<SessionId>,
    ) -> Job {
        let id = self.console.jobs.number();
        // As in PowerShell, each computer's part has a number of its own.
        for _ in &scripts {
            self.console.jobs.number();
        }
        let places: Vec<_> = scripts
            .iter()
            .map(|script| script.origin.computer.clone())
            .collect();
        let about = Arc::new(About {
            id,
            instance_id: Uuid::new_v4(),
            name: name.unwrap_or_else(|| format!("Job{id}")),
            location: places.join(","),
            command: command.to_owned(),
            kept: Mutex::default(),
            room: tokio::sync::Notify::new(),
            stoppers: Mutex::default(),
            stopped: AtomicBool::new(false),
            ended: Mutex::default(),
            progress: watch::Sender::new(Progress {
                running: 0,
                blocked: false,
            }),
        });
        let at_a_time = Arc::new(Semaphore::new(limit));
        let scripts = scripts.into_iter();
        let collecting = scripts.map(|script| About::run(&about, script, &at_a_time));
        let collecting = collecting.collect();
        let (pool, ask) = (self.console.pool.clone(), self.console.host.ask());
        tokio::spawn(close_after(collecting, made, pool, ask));
        let job = Job(about);
        self.console.jobs.all.push(job.clone());
        job
    }

    /// Waits for something, or for Ctrl+C.
    pub(super) async fn wait<T>(&mut self, event: impl Future<Output = T>) -> Result<T> {
        tokio::select! {
            done = event => Ok(done),
            () = self.cancel.cancelled() => Err(Stop::Cancelled),
        }
    }

    /// Puts out what a job has kept so far from the places that are wanted. Whether it keeps less for that.
    pub(super) fn receive_job(
        &mut self,
        job: &Job,
        keep: bool,
        wanted: impl Fn(&Origin) -> bool,
        out: &mut Out,
    ) -> Result<bool> {
        let kept = lock(&job.0.kept).take(keep, wanted);
        let less = !keep && !kept.is_empty();
        if !keep && lock(&job.0.kept).has_room() {
            job.0.unblock();
        }
        for (origin, kept) in kept {
            match kept {
                Kept::Output(value) => self.emit(out, Value::Plain(origin.note(value)))?,
                Kept::Error(record) => self.complain(Error::of_record(*record))?,
                Kept::Lost(report) => self.complain(Error::of_report(*report, "JobFailure"))?,
                Kept::Stream(StreamKind::Warning, text) => self.warn(&text)?,
                Kept::Stream(kind, text) => self.console.host.stream(kind, &text),
                Kept::Text(text) => self.console.write(&text),
            }
        }
        Ok(less)
    }
}

async fn collect(mut source: Source, about: &About) -> PipelineState {
    let origin = source.origin.clone();
    let stopped = || about.stopped.load(Ordering::Relaxed);
    let end = |kept| lock(&about.kept).push(&origin, kept);
    let keep = |kept| {
        if !stopped() {
            end(kept);
        }
    };
    loop {
        room(about).await;
        let Some(event) = source.next().await else {
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
            PipelineEvent::StopPending if source.for_once => source.running.force_close(),
            PipelineEvent::StopPending => {
                let text = "its server has not stopped it yet; the session stays Busy until it has";
                end(Kept::Stream(StreamKind::Warning, text.to_owned()));
                return PipelineState::Stopped;
            }
            PipelineEvent::Disconnected => {
                end(Kept::Lost(Box::new(origin.left_behind())));
                return PipelineState::Disconnected;
            }
            PipelineEvent::Finished(finished) => {
                // Whoever stopped it knows.
                if let Some(reason) = finished.reason
                    && finished.state != PipelineState::Stopped
                {
                    end(Kept::Error(reason));
                }
                if let Some(report) = finished.lost {
                    end(Kept::Lost(report));
                }
                return finished.state;
            }
            _ => {}
        }
    }
}

/// Waits while there is no room; meanwhile the server is held back.
async fn room(about: &About) {
    loop {
        let room = about.room.notified();
        if about.stopped.load(Ordering::Relaxed) || lock(&about.kept).has_room() {
            return;
        }
        about
            .progress
            .send_modify(|progress| progress.blocked = true);
        // Room that was made just now has woken this.
        room.await;
        about
            .progress
            .send_modify(|progress| progress.blocked = false);
    }
}

/// Closes the sessions that were made for a job, once it is over.
async fn close_after(
    collecting: Vec<tokio::task::JoinHandle<()>>,
    made: Vec<SessionId>,
    pool: Pool,
    ask: Arc<dyn Ask>,
) {
    for one in collecting {
        let _ = one.await;
    }
    close(&pool, &ask, made).await;
}

/// Closes sessions that were made for a command, but for those that go on without us.
pub(super) async fn close(pool: &Pool, ask: &Arc<dyn Ask>, made: Vec<SessionId>) {
    let ours = made.into_iter().filter(|id| !runs_on(pool, *id));
    let closing = ours.map(|id| pool.remove(id, Arc::clone(ask), CancellationToken::new()));
    let _ = futures_util::future::join_all(closing.collect::<Vec<_>>()).await;
}

/// Whether a session goes on without us, so that it is not ours to close.
fn runs_on(pool: &Pool, id: SessionId) -> bool {
    let left = [SessionState::Disconnecting, SessionState::Disconnected];
    pool.info(id).is_some_and(|info| left.contains(&info.state))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
