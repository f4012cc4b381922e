//! The demonstration's servers and the sessions that they hold.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use uuid::Uuid;

use super::machine::Machine;
use super::session::Session;
use crate::psrp::client::{Client, PoolOptions};
use crate::psrp::{PipelineSpec, Priority, Target};

/// How long the session that breaks lives.
const LIFE: Duration = Duration::from_secs(45);
/// How long a server keeps a session that nobody is connected to: PowerShell's two hours.
const IDLE_TIMEOUT: Duration = Duration::from_hours(2);

/// The servers of the demonstration; clones are the same ones.
#[derive(Clone, Debug)]
pub struct Demonstration {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    machines: Vec<Arc<Machine>>,
    /// Their places by name, in lower case.
    names: HashMap<String, usize>,
    sessions: Mutex<BTreeMap<Uuid, Entry>>,
    /// How long sessions of a name live, if not for ever.
    mortal: BTreeMap<&'static str, Duration>,
}

#[derive(Debug)]
struct Entry {
    computer: String,
    name: String,
    session: Session,
    holder: Holder,
    /// How often it was taken up.
    taken: u64,
    disconnected: SystemTime,
}

/// Who is connected to a session.
#[derive(Debug, PartialEq, Eq)]
enum Holder {
    Nobody,
    Us,
    /// A client elsewhere that never lets go.
    Other(&'static str),
}

impl Holder {
    fn name(&self) -> Option<&'static str> {
        match self {
            Self::Nobody => None,
            Self::Us => Some("this psdeck"),
            Self::Other(client) => Some(client),
        }
    }
}

/// A session that the demonstration begins with, to be opened by whoever shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Start {
    /// On which server.
    pub computer: String,
    /// Its name.
    pub name: &'static str,
}

/// A session that a server holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// The runspace pool's id.
    pub id: Uuid,
    /// Its name.
    pub name: String,
    /// Who is connected to it.
    pub client: Option<&'static str>,
    /// What it runs: the pipeline's id and its text.
    pub running: Option<(Uuid, String)>,
    /// When the server drops it, if nobody is connected to it.
    pub expires: Option<SystemTime>,
}

/// Why a session cannot be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is no server of that name.
    #[error("the demonstration has no server named {0}")]
    NoServer(String),
    /// The server has no such session.
    #[error("{0} holds no such session any more")]
    NoSession(String),
    /// Another client is connected to it.
    #[error("the session {name} on {computer} is connected to another client, {client}")]
    Busy {
        /// The session.
        name: String,
        /// Its server.
        computer: String,
        /// Who has it.
        client: &'static str,
    },
}

impl Demonstration {
    /// The usual servers, and more up to `servers` in all.
    pub fn new(servers: usize) -> Self {
        let named = ["Server01", "Server02", "Server03", "LinuxServer02"].map(String::from);
        let more = (4..).map(|number| format!("Server{number:02}"));
        let more = more.take(servers.saturating_sub(named.len()));
        let machines = named.into_iter().chain(more);
        let machines: Vec<_> = machines.map(|name| Arc::new(Machine::new(&name))).collect();
        let names = machines.iter().enumerate();
        let names = names.map(|(place, machine)| (machine.name.to_ascii_lowercase(), place));
        let demonstration = Self {
            inner: Arc::new(Inner {
                names: names.collect(),
                machines,
                sessions: Mutex::default(),
                mortal: BTreeMap::from([("Migration", LIFE)]),
            }),
        };
        demonstration.hold("Server02", "Backups", Holder::Nobody, None);
        let report = "Get-Process | Sort-Object CPU; Start-Sleep -Seconds 86400";
        demonstration.hold(
            "Server01",
            "NightlyReport",
            Holder::Other("CORP\\kim on ADMIN07"),
            Some(report),
        );
        demonstration
    }

    /// Lets sessions of this name break after some time.
    #[must_use]
    pub fn breaking(mut self, name: &'static str, after: Duration) -> Self {
        if let Some(inner) = Arc::get_mut(&mut self.inner) {
            inner.mortal.insert(name, after);
        }
        self
    }

    /// The servers' names.
    pub fn servers(&self) -> impl Iterator<Item = &str> {
        self.inner
            .machines
            .iter()
            .map(|machine| machine.name.as_str())
    }

    /// The sessions that are open when the demonstration begins; the last of them breaks after a while.
    pub fn start(&self) -> Vec<Start> {
        let named = [
            ("Server01", "ITTask"),
            ("LinuxServer02", "deploy"),
            ("Server03", "Migration"),
        ];
        let named = named.map(|(computer, name)| Start {
            computer: computer.into(),
            name,
        });
        let more = self.inner.machines.iter().skip(4);
        let more = more.map(|machine| Start {
            computer: machine.name.clone(),
            name: "Maintenance",
        });
        let mut all: Vec<Start> = named.into_iter().collect();
        all.splice(2..2, more);
        all
    }

    /// The account that a session of that server runs as.
    pub fn user(&self, computer: &str) -> Option<&str> {
        Some(self.machine(computer).ok()?.user.as_str())
    }

    /// The endpoint that a server's sessions are of.
    pub fn configuration(&self, computer: &str) -> &'static str {
        match self.machine(computer) {
            Ok(machine) if !machine.windows => "DefaultShell",
            _ => "Microsoft.PowerShell",
        }
    }

    /// The sessions of a server.
    pub fn list(&self, computer: &str) -> Result<Vec<Held>, Refusal> {
        self.machine(computer)?;
        let sessions = self.sessions();
        let held = sessions
            .iter()
            .filter(|(_, entry)| entry.computer.eq_ignore_ascii_case(computer));
        Ok(held
            .map(|(id, entry)| Held {
                id: *id,
                name: entry.name.clone(),
                client: entry.holder.name(),
                running: entry.session.running(),
                expires: (entry.holder == Holder::Nobody)
                    .then(|| entry.disconnected + IDLE_TIMEOUT),
            })
            .collect())
    }

    /// A new session on a server, and how long it lives if not for ever.
    pub fn open(
        &self,
        computer: &str,
        id: Uuid,
        name: &str,
    ) -> Result<(Session, Option<Duration>), Refusal> {
        let machine = self.machine(computer)?;
        let session = Session::new(Arc::clone(machine));
        self.sessions().insert(
            id,
            Entry {
                computer: machine.name.clone(),
                name: name.to_owned(),
                session: session.clone(),
                holder: Holder::Us,
                taken: 0,
                disconnected: SystemTime::now(),
            },
        );
        Ok((session, self.inner.mortal.get(name).copied()))
    }

    /// Takes up a session that nobody is connected to; who does so again gives the number of the last time. Gives that
    /// of this time too.
    pub fn take(
        &self,
        computer: &str,
        id: Uuid,
        again: Option<u64>,
    ) -> Result<(Session, u64), Refusal> {
        let mut sessions = self.sessions();
        let entry = sessions
            .get_mut(&id)
            .filter(|entry| entry.computer.eq_ignore_ascii_case(computer));
        let entry = entry.ok_or_else(|| Refusal::NoSession(computer.to_owned()))?;
        let client = match entry.holder.name() {
            Some(client) => client,
            None if again.is_some_and(|again| again != entry.taken) => "another one since",
            None => {
                entry.holder = Holder::Us;
                entry.taken += 1;
                return Ok((entry.session.clone(), entry.taken));
            }
        };
        Err(Refusal::Busy {
            name: entry.name.clone(),
            computer: entry.computer.clone(),
            client,
        })
    }

    /// Leaves a session to whoever takes it up next.
    pub fn leave(&self, id: Uuid) {
        if let Some(entry) = self.sessions().get_mut(&id) {
            entry.holder = Holder::Nobody;
            entry.disconnected = SystemTime::now();
        }
    }

    /// Forgets a session and ends what it runs.
    pub fn end(&self, id: Uuid) {
        let entry = self.sessions().remove(&id);
        if let Some(entry) = entry {
            entry.session.close();
        }
    }

    fn machine(&self, computer: &str) -> Result<&Arc<Machine>, Refusal> {
        let place = self.inner.names.get(&computer.to_ascii_lowercase());
        let found = place.and_then(|place| self.inner.machines.get(*place));
        found.ok_or_else(|| Refusal::NoServer(computer.to_owned()))
    }

    fn sessions(&self) -> MutexGuard<'_, BTreeMap<Uuid, Entry>> {
        self.inner
            .sessions
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes a session that somebody left here, perhaps with something running.
    fn hold(&self, computer: &str, name: &str, holder: Holder, running: Option<&str>) {
        let mut client = Client::new(PoolOptions::default());
        let Ok((session, _)) = self.open(computer, client.id(), name) else {
            return;
        };
        if let Ok(opening) = client.open() {
            let _ = session.handle(Target::Pool, Priority::Default, &opening);
        }
        while let Some(answer) = session.transmit(Target::Pool, usize::MAX) {
            let _ = client.handle(Target::Pool, &answer);
        }
        if let Some(text) = running
            && let Ok((id, Some(first))) = client.create_pipeline(PipelineSpec::script(text))
        {
            let _ = session.handle(Target::Pipeline(id), Priority::Default, &first);
        }
        if let Some(entry) = self.sessions().get_mut(&client.id()) {
            entry.holder = holder;
        }
    }
}
