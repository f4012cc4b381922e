//! PowerShell over WSMan: HTTP connections, each bound to its authentication, under a session's state machine.
//!
//! Each stage has its deadline, which does not run while the user is asked. A future that is dropped lets go.

mod access;
mod answer;
mod certificate;
mod dial;
mod failure;
mod lane;
mod lanes;
mod listing;
mod login;
mod seam;
mod sleep;
mod survey;
mod task;
mod tls;
mod tls_error;
mod wire;
mod worker;

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use uuid::Uuid;

use self::access::Access;
use self::dial::Dialer;
use self::lane::Lane;
pub use self::listing::{Shelf, list};
pub use self::survey::{Finding, check_authorities, survey};
use self::task::Task;
use self::tls::Tls;
use super::{
    Ask, Buffering, Capabilities, Command, Connection, Endpoint, Event, Failure, FailureKind,
    Options, Stage, TargetAddress, culture,
};
use crate::auth::Method;
use crate::wsman::client::{Client, Settings};
use crate::wsman::resource;

/// The most bytes of a fragment: PowerShell's own. One fits into the smallest envelope, with what begins a pipeline.
const FRAGMENT: usize = 32 << 10;
/// The session configuration of whoever names none.
pub const CONFIGURATION: &str = "Microsoft.PowerShell";
/// How often a password that the server refuses is asked for.
const PASSWORDS: usize = 3;

/// A connection that is ready for the first message.
pub struct Connected {
    /// The connection.
    pub connection: Box<dyn Connection>,
    /// The account, as the user wrote it.
    pub user: String,
    /// How we proved who we are: `Negotiate` and so on.
    pub authentication: String,
}

/// Connects to a WSMan target and authenticates; the shell is created with the session's first messages. `client` is who
/// we are to the server (`SessionId`): shells belong to it.
pub async fn connect(
    target: &TargetAddress,
    options: &Options,
    client: Uuid,
    ask: &dyn Ask,
    stages: impl Fn(Stage) + Sync,
) -> Result<Connected, Failure> {
    let TargetAddress::Wsman { user, .. } = target else {
        return Err(Failure::new(FailureKind::Usage, "no WSMan target"));
    };
    let endpoint = Endpoint::of(target, options)?;
    let settings = settings(&endpoint, options, client);
    let limits = (settings.operation_timeout, settings.retry_window);
    let (dialer, lane) = enter(endpoint, user.as_deref(), options, ask, &stages).await?;
    stages(Stage::Start);
    let user = dialer.access.credential.user.clone();
    let authentication = match dialer.access.method {
        Method::Basic => "Basic",
        Method::Ntlm => "NTLM",
        Method::Negotiate => "Negotiate (NTLM)",
    };
    let connection = Handle::start(Client::new(settings), Arc::new(dialer), lane, limits);
    Ok(Connected {
        connection: Box::new(connection),
        user,
        authentication: authentication.to_owned(),
    })
}

/// Makes the first connection. A password that is refused is asked for again, as long as another one is given.
async fn enter(
    endpoint: Endpoint,
    user: Option<&str>,
    options: &Options,
    ask: &dyn Ask,
    stages: &(dyn Fn(Stage) + Sync),
) -> Result<(Dialer, Lane), Failure> {
    let tls = Tls::of(&endpoint, options)?;
    let access = Access::new(endpoint, user, options)?;
    let limit = options.connect_timeout.unwrap_or(Options::STAGE_TIMEOUT);
    let mut dialer = Dialer::new(access, tls, limit);
    // Nobody types a password before the server is reached and has shown its certificate.
    let mut open = Some(dialer.connect(stages).await?);
    stages(Stage::Authenticate);
    dialer.access.settle(options, ask).await?;
    let mut tries = 1;
    loop {
        let tried = match open.take() {
            Some(open) => match dialer.login(open).await {
                // The user took longer than the server waits.
                Err(failure) if failure.kind == FailureKind::Unreachable => {
                    dialer.dial(stages).await
                }
                tried => tried,
            },
            None => dialer.dial(stages).await,
        };
        match tried {
            Ok(lane) => return Ok((dialer, lane)),
            Err(failure) if access::is_refusal(&failure) && tries < PASSWORDS => {
                tries += 1;
                match dialer.access.ask_password(true, options, ask).await {
                    Ok(true) => {}
                    // The same one again, or none: what the server said counts.
                    Ok(false) | Err(_) => return Err(failure),
                }
            }
            Err(failure) => return Err(failure),
        }
    }
}

fn settings(endpoint: &Endpoint, options: &Options, client: Uuid) -> Settings {
    let name = options.configuration_name.as_deref();
    let mut settings = Settings::new(
        endpoint.to_string(),
        resource::configuration(name.unwrap_or(CONFIGURATION)),
    );
    settings.session = client;
    settings.idle_timeout = options.idle_timeout;
    settings.buffering = options.buffering.map(Buffering::name);
    if let Some(window) = options.retry_window {
        settings.retry_window = window;
    }
    if let Some(culture) = options.culture.clone().or_else(culture::system) {
        settings.locale.clone_from(&culture);
        settings.data_locale = culture;
    }
    if let Some(timeout) = options.operation_timeout {
        settings.operation_timeout = timeout;
    }
    settings.no_profile = options.no_remote_profile.unwrap_or(false);
    settings
}

/// The session's end of the connection.
struct Handle {
    commands: mpsc::UnboundedSender<Command>,
    events: mpsc::UnboundedReceiver<Event>,
    packet_size: Arc<AtomicUsize>,
    encrypted: bool,
    /// How long opening may take as a whole.
    opening: Duration,
    /// How long a lost network is tried again.
    retry_window: Duration,
    /// What the task has ended with.
    over: watch::Receiver<Option<bool>>,
}

impl Handle {
    fn start(
        client: Client,
        dialer: Arc<Dialer>,
        lane: Lane,
        (opening, retry_window): (Duration, Duration),
    ) -> Self {
        let encrypted = dialer.access.is_encrypted();
        let (commands, orders) = mpsc::unbounded_channel();
        let (reports, events) = mpsc::unbounded_channel();
        let packet_size = Arc::new(AtomicUsize::new(client.packet_size()));
        let task = Task::new(client, dialer, lane, reports, Arc::clone(&packet_size));
        let (ended, over) = watch::channel(None);
        tokio::spawn(async move { ended.send(Some(task.run(orders).await)) });
        Self {
            commands,
            events,
            packet_size,
            encrypted,
            opening,
            retry_window,
            over,
        }
    }
}

impl Connection for Handle {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            disconnect: true,
            list: true,
            several_pipelines: true,
            credit_per_target: true,
            encrypted: self.encrypted,
            answers_beside: true,
            own_deadlines: Some(self.opening),
            retry_window: self.retry_window,
            fragment_size: FRAGMENT,
        }
    }

    fn submit(&mut self, command: Command) {
        // The task is gone after its last event, and then nothing can be asked any more.
        let _ = self.commands.send(command);
    }

    fn event(&mut self) -> Pin<Box<dyn Future<Output = Event> + Send + '_>> {
        Box::pin(async {
            match self.events.recv().await {
                Some(event) => event,
                None => std::future::pending().await,
            }
        })
    }

    fn over(&self) -> Pin<Box<dyn Future<Output = bool> + Send>> {
        let mut over = self.over.clone();
        Box::pin(async move {
            let ended = over.wait_for(Option::is_some).await;
            ended.is_ok_and(|gone| *gone == Some(true))
        })
    }

    fn packet_size(&self) -> usize {
        self.packet_size.load(Ordering::Relaxed)
    }
}
