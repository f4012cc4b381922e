//! How each kind of target becomes a connection.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::SystemTime;

use uuid::Uuid;

use super::{Availability, TransportKind};
use crate::transport::{Ask, Connection, Failure, Keeping, Options, Stage, TargetAddress};

/// A boxed future, as the object-safe traits of this layer return it.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Told each stage of getting in as it begins.
pub type Stages = Arc<dyn Fn(Stage) + Send + Sync>;

/// Makes connections to one kind of target. SSH and local processes are built in; the demonstration is registered by
/// whoever makes the [`Pool`](super::Pool).
pub trait Connector: Send + Sync {
    /// What the list shows of such a session before it is open; `None` if this connector does not serve the target.
    fn describe(&self, target: &TargetAddress, options: &Options) -> Option<Description>;

    /// Connects and authenticates, up to where the first message of PSRP can be sent. `client` is who we are to servers
    /// that keep sessions: what is created belongs to it. Dropping the future cancels it
    /// and leaves nothing behind.
    fn connect(
        &self,
        target: TargetAddress,
        options: Options,
        client: Uuid,
        ask: Arc<dyn Ask>,
        stages: Stages,
    ) -> BoxFuture<'static, Result<Connected, Failure>>;

    /// Whether its servers keep a session whose client is gone: those sessions are remembered.
    fn keeps_sessions(&self) -> bool {
        false
    }

    /// The sessions that the server holds for this user, as far as its kind can say.
    fn list(
        &self,
        target: TargetAddress,
        options: Options,
        ask: Arc<dyn Ask>,
    ) -> BoxFuture<'static, Result<Vec<Listed>, Failure>> {
        drop((options, ask));
        Box::pin(async move {
            Err(Failure::new(
                crate::transport::FailureKind::Usage,
                format!("{} keeps no sessions", target.computer()),
            )
            .hint("over SSH and in local processes a session ends with its connection"))
        })
    }
}

/// What the list shows of a session before it is open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    /// How its bytes travel.
    pub transport: TransportKind,
    /// The computer, as the user named it.
    pub computer_name: String,
    /// `RemoteMachine`, `Container` and so on.
    pub computer_type: &'static str,
    /// The endpoint.
    pub configuration_name: String,
    /// The account, where it is known beforehand.
    pub user: Option<String>,
}

/// A connection that is ready for the first message.
pub struct Connected {
    /// The connection.
    pub connection: Box<dyn Connection>,
    /// The account on the server.
    pub user: Option<String>,
    /// How we proved who we are: `publickey` and so on.
    pub authentication: Option<String>,
}

/// A session that a server holds, as its list says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The runspace pool's id.
    pub instance_id: Uuid,
    /// Its name.
    pub name: String,
    /// The endpoint.
    pub configuration_name: String,
    /// `None`: free to be connected; `Busy`: held by another client.
    pub availability: Availability,
    /// Whose it is: `DOMAIN\user`.
    pub owner: Option<String>,
    /// Where its client is or was: an address.
    pub client: Option<String>,
    /// What it runs: the pipelines' ids and their texts.
    pub running: Vec<(Uuid, String)>,
    /// How it is kept without a client.
    pub keeping: Keeping,
    /// When its client left it.
    pub disconnected: Option<SystemTime>,
    /// When the server drops it.
    pub expires: Option<SystemTime>,
}
