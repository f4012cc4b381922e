//! Which sessions a WSMan server holds (MS-WSMV 3.1.4.8: Enumerate of shells, and of the commands of each).

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::{Instant, timeout_at};
use uuid::Uuid;

use super::dial::Dialer;
use super::failure;
use super::lane::{Lane, Loss};
use super::{enter, settings};
use crate::transport::tcp::seconds;
use crate::transport::{Ask, Endpoint, Failure, FailureKind, Options, TargetAddress};
use crate::wsman::client::{self, Settings};
use crate::wsman::{Action, Answer, Body, CommandInfo, Header, Request, Response, Shell, resource};

/// The largest answer that is asked for: every server sends it.
const ENVELOPE: usize = 153_600;
/// So many shells are asked for their commands over one connection before another one is made: that costs as much.
const SHARE: usize = 4;
/// Connections at most.
const MOST: usize = 8;
/// Parts of a list at most: a server that never ends it is not followed.
const PARTS: usize = 1000;

/// A shell, and what it runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shelf {
    /// The shell.
    pub shell: Shell,
    /// The name of its session configuration.
    pub configuration: String,
    /// Its commands that have not ended; none where they cannot be read, those of other users say.
    pub commands: Vec<CommandInfo>,
}

/// Connects, and asks which shells of PowerShell the server holds, as far as this account may see them. Getting in apart,
/// it takes no longer than a stage may.
pub async fn list(
    target: &TargetAddress,
    options: &Options,
    ask: &dyn Ask,
) -> Result<Vec<Shelf>, Failure> {
    let TargetAddress::Wsman { user, .. } = target else {
        return Err(Failure::new(FailureKind::Usage, "no WSMan target"));
    };
    let endpoint = Endpoint::of(target, options)?;
    let settings = settings(&endpoint, options, Uuid::new_v4());
    let limit = options.connect_timeout.unwrap_or(Options::STAGE_TIMEOUT);
    let (dialer, lane) = enter(endpoint, user.as_deref(), options, ask, &|_| {}).await?;
    let reader = Reader {
        dialer: &dialer,
        header: header(settings, limit),
        limit,
        until: Instant::now() + limit,
    };
    let mut lane = Some(lane);
    let shells = reader.all(&mut lane, Body::EnumerateShells, resource::SHELLS);
    let (shells, _) = shells.await?;
    let prefix = resource::configuration("");
    let shelves = shells.into_iter().filter_map(|shell| {
        let resource = shell.resource.as_deref()?;
        let start = resource.get(..prefix.len())?;
        let name = resource.get(prefix.len()..)?;
        let is_ours = start.eq_ignore_ascii_case(&prefix) && !name.is_empty();
        is_ours.then(|| Shelf {
            configuration: name.to_owned(),
            shell: shell.clone(),
            commands: Vec::new(),
        })
    });
    Ok(reader.fill(shelves.collect(), lane).await)
}

/// Asks one server.
struct Reader<'a> {
    dialer: &'a Dialer,
    header: Header,
    limit: Duration,
    until: Instant,
}

impl Reader<'_> {
    /// Adds the commands; several connections share the work if it is much.
    async fn fill(&self, shelves: Vec<Shelf>, first: Option<Lane>) -> Vec<Shelf> {
        let lanes = shelves.len().div_ceil(SHARE).clamp(1, MOST);
        let todo: VecDeque<_> = (0..shelves.len()).collect();
        let todo = Mutex::new(todo);
        let shelves: Vec<_> = shelves.into_iter().map(Mutex::new).collect();
        let mut first = Some(first);
        let work = (0..lanes).map(|_| {
            let mut lane = first.take().flatten();
            let (todo, shelves) = (&todo, &shelves);
            async move {
                loop {
                    let next = todo
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .pop_front();
                    let Some(shelf) = next.and_then(|at| shelves.get(at)) else {
                        return;
                    };
                    let id = {
                        let shelf = shelf.lock().unwrap_or_else(PoisonError::into_inner);
                        shelf.shell.id.clone()
                    };
                    let body = Body::EnumerateCommands { shell: &id };
                    // A shell whose commands cannot be read is told without them.
                    if let Ok((_, commands)) = self.all(&mut lane, body, resource::COMMANDS).await {
                        let mut shelf = shelf.lock().unwrap_or_else(PoisonError::into_inner);
                        let runs = |one: &CommandInfo| one.state.as_deref() != Some("Done");
                        shelf.commands = commands.into_iter().filter(runs).collect();
                    }
                }
            }
        });
        join_all(work).await;
        let inner =
            |shelf: Mutex<Shelf>| shelf.into_inner().unwrap_or_else(PoisonError::into_inner);
        shelves.into_iter().map(inner).collect()
    }

    /// All parts of a list.
    async fn all(
        &self,
        lane: &mut Option<Lane>,
        first: Body<'_>,
        resource: &str,
    ) -> Result<(Vec<Shell>, Vec<CommandInfo>), Failure> {
        let (mut shells, mut commands) = (Vec::new(), Vec::new());
        let mut context: Option<String> = None;
        for _ in 0..PARTS {
            let body = match &context {
                None => first.clone(),
                Some(context) => Body::Pull { context },
            };
            let page = match self.asked(lane, resource, body).await? {
                Answer::Page(page) => page,
                Answer::Fault(fault) => {
                    let action = Action::Enumerate;
                    return Err(self.told(&client::Failure::Refused { action, fault }));
                }
                _ => {
                    let error = crate::wsman::Error::OtherBody("no list".into());
                    let action = Action::Enumerate;
                    return Err(self.told(&client::Failure::Unusable { action, error }));
                }
            };
            shells.extend(page.shells);
            commands.extend(page.commands);
            context = page.context.filter(|context| !context.is_empty());
            if context.is_none() {
                break;
            }
        }
        Ok((shells, commands))
    }

    /// One question, over `lane`, or over a new connection if that is gone. Asking twice does no harm.
    async fn asked(
        &self,
        lane: &mut Option<Lane>,
        resource: &str,
        body: Body<'_>,
    ) -> Result<Answer, Failure> {
        let request = Request {
            resource,
            shell: None,
            body,
        };
        let asked = async {
            let had = lane.is_some();
            match self.try_once(lane, &request).await {
                Err(_) if had => self.try_once(lane, &request).await,
                tried => tried,
            }
        };
        let late = |_| {
            let host = &self.dialer.access.endpoint.host;
            let limit = seconds(self.limit);
            let message = format!("{host} did not list its sessions within {limit}");
            Failure::new(FailureKind::TimedOut, message)
                .hint("see that the server is not overloaded; --connect-timeout waits longer")
        };
        timeout_at(self.until, asked).await.map_err(late)?
    }

    async fn try_once(
        &self,
        slot: &mut Option<Lane>,
        request: &Request<'_>,
    ) -> Result<Answer, Failure> {
        let mut lane = match slot.take() {
            Some(lane) => lane,
            None => self.dialer.dial(&|_| {}).await?,
        };
        let message = Uuid::new_v4();
        let envelope = request.write(&self.header, message, None);
        let of_loss = |loss: Loss| failure::of_loss(&self.dialer.access, &loss);
        let mut answering = lane.send(&envelope, self.limit).await.map_err(of_loss)?;
        let mut answer = None;
        while let Some(text) = answering.next(|| {}).await.map_err(of_loss)? {
            answer = Some(text);
        }
        let unusable = |error| {
            let action = request.body.action();
            self.told(&client::Failure::Unusable { action, error })
        };
        let response = Response::read(&answer.unwrap_or_default()).map_err(unusable)?;
        if let Some(other) = response.relates_to.filter(|id| *id != message) {
            return Err(unusable(crate::wsman::Error::OtherRequest(
                other.to_string(),
            )));
        }
        *slot = Some(lane);
        Ok(response.answer)
    }

    fn told(&self, failure: &client::Failure) -> Failure {
        failure::of_list(failure, &self.dialer.access)
    }
}

fn header(settings: Settings, limit: Duration) -> Header {
    Header {
        to: settings.url,
        session: settings.session,
        max_envelope: ENVELOPE,
        timeout: limit,
        locale: settings.locale,
        data_locale: settings.data_locale,
    }
}
