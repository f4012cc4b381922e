//! Getting in, for every verb: connectors, passwords, Ctrl+C.

use std::io::{self, BufRead};
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::ask::Asker;
use super::connection::Connection;
use super::output::{self, Colours};
use super::signals::Interrupts;
use super::status::Failed;
use crate::config::{Config, Resolved};
use crate::server::Demonstration;
use crate::session::registry::{self, Registry};
use crate::session::{
    Demo, ExitCode, Left, OpenRequest, Pool, Report, Session, SessionId, SessionState, Size,
};
use crate::transport::{Leave, Secret};

/// A session that was opened for a verb, in a pool of its own.
pub(super) struct Opened {
    pub(super) session: Session,
    pub(super) pool: Pool,
    pub(super) interrupts: Interrupts,
}

/// Whoever answers for the user, what gives up getting in, and Ctrl+C: until the password that the command line leads to
/// is read, that ends the program.
pub(super) fn asker(
    connection: &Connection,
    alone: bool,
) -> Result<(Arc<Asker>, CancellationToken, Interrupts), Failed> {
    let given = given(connection)?;
    let cancel = CancellationToken::new();
    let asker = Asker::new(given, alone, cancel.clone());
    Ok((Arc::new(asker), cancel, Interrupts::listen()))
}

/// A pool that reaches every kind of target, and remembers its sessions where that can be.
pub(super) fn pool(config: &Config, colours: Colours) -> Pool {
    remembering(config, warn(colours)).unwrap_or_else(|failed| {
        if let Failed::Report(report) = failed {
            let why = report.reasons.first().map(|why| format!(": {why}"));
            let told = format!("{}{}", report.what, why.unwrap_or_default());
            output::warning(&told, colours);
        }
        forgetful()
    })
}

/// Tells on standard error what a pool cannot remember.
pub(super) fn warn(colours: Colours) -> impl Fn(String) + Send + Sync + 'static {
    move |text| output::warning(&text, colours)
}

/// The same, for verbs of remembered sessions.
pub(super) fn remembering(
    config: &Config,
    warn: impl Fn(String) + Send + Sync + 'static,
) -> Result<Pool, Failed> {
    let registry = registry::folder().and_then(Registry::open);
    let registry = registry.map_err(|error| {
        let what = "sessions cannot be remembered";
        let mut report = Report::new(ExitCode::RemoteErrors, what)
            .hint("PSDECK_DATA names a folder of yours that can be written to");
        report.reasons.push(error.to_string());
        report
    })?;
    let registry = registry.keeping_commands(config.sessions.remember_commands);
    let config = config.clone();
    let window = config.retry.window;
    let passwords = move |profile: &str| {
        let computer = config.resolve(profile).ok()?.pop()?;
        computer.options.password_command
    };
    Ok(forgetful().remembering(registry, window, passwords, warn))
}

/// A pool that keeps nothing: what is opened only to be tried.
pub(super) fn forgetful() -> Pool {
    Pool::new(vec![Arc::new(Demo(Demonstration::new(0)))])
}

/// What is asked of the pool for one target.
pub(super) fn request(target: &Resolved, window: Option<Size>) -> OpenRequest {
    OpenRequest {
        target: target.address.clone(),
        name: None,
        window,
        deadline: target.options.operation_timeout,
        kept: false,
        options: target.options.clone(),
    }
}

/// Opens a session on one target; Ctrl+C gives up.
pub(super) async fn one(
    target: &Resolved,
    connection: &Connection,
    pool: Pool,
    window: Size,
) -> Result<Opened, Failed> {
    let (ask, cancel, mut interrupts) = asker(connection, true)?;
    let request = request(target, Some(window));
    let opening = pool.open(&request, ask, cancel.clone()).await;
    let mut opened = std::pin::pin!(opening.session());
    let session = tokio::select! {
        session = &mut opened => session,
        () = interrupts.next() => {
            cancel.cancel();
            opened.await
        }
    };
    match session {
        Ok(session) => Ok(Opened {
            session,
            pool,
            interrupts,
        }),
        Err(report) => {
            let loose = goodbye(&pool, Duration::ZERO, &mut interrupts).await;
            Err(loose.into_iter().fold(report, Report::with).into())
        }
    }
}

/// Leaves a session that this run has opened. One that cannot be left is closed, with what runs in it; the report says what
/// has become of it.
pub(super) async fn leave_or_close(pool: &Pool, id: SessionId) -> Result<Left, Report> {
    let left = leave_again(pool, id, Leave::default()).await;
    match (left, pool.session(id)) {
        (Err(mut report), Some(session)) => {
            report.hints.clear();
            Err(match session.close().await {
                Ok(()) => report.hint("it was closed, with what ran in it"),
                Err(loose) => report.with(loose),
            })
        }
        (left, _) => left,
    }
}

/// Leaves a session that was there before. One that cannot be left stays as it is; the report says what comes of that
/// when this run ends.
pub(super) async fn leave_again(pool: &Pool, id: SessionId, leave: Leave) -> Result<Left, Report> {
    // Ctrl+C has ended something else, and is not to end this.
    let left = pool.disconnect(id, leave, CancellationToken::new()).await;
    left.map_err(|mut report| {
        match pool.info(id).map(|info| info.state) {
            Some(SessionState::Opened) => {
                report.hints = vec![format!(
                    "its server notices in some minutes that nobody has it; psdeck connect {id} goes on then"
                )];
            }
            Some(SessionState::Disconnected) => {
                report.hints = vec![format!(
                    "it counts as left: psdeck connect {id} goes on, psdeck remove {id} ends it"
                )];
            }
            _ => {}
        }
        report
    })
}

/// Leaves those of the open sessions that are meant and that can be left, and closes the others that this run has opened.
/// The gravest of what failed, which was told.
pub(super) async fn part(
    pool: &Pool,
    meant: impl Fn(SessionId) -> bool,
    colours: Colours,
    limit: Duration,
    interrupts: &mut Interrupts,
) -> Option<ExitCode> {
    let mut open = pool.kept();
    open.retain(|info| meant(info.id));
    let leaving = open.iter().map(|info| async {
        if pool.made(info.id) {
            leave_or_close(pool, info.id).await
        } else {
            leave_again(pool, info.id, Leave::default()).await
        }
    });
    let mut worst = None;
    for (info, left) in open
        .iter()
        .zip(futures_util::future::join_all(leaving).await)
    {
        match left {
            Ok(left) => {
                for warning in left.warnings {
                    output::warning(&warning, colours);
                }
                let id = info.id;
                let told =
                    format!("Left: psdeck connect {id} goes on, psdeck remove {id} ends it.");
                output::message(&told, colours);
            }
            Err(report) => {
                output::error(&report, colours);
                worst = worst.max(Some(report.code));
            }
        }
    }
    let closed = pool.sessions().now();
    for info in closed.iter().filter(|info| {
        info.state == SessionState::Opened
            && meant(info.id)
            && open.iter().all(|one| one.id != info.id)
    }) {
        let told = format!(
            "[{}] the session {} was closed: it ends with its connection",
            info.computer_name, info.name
        );
        output::warning(&told, colours);
    }
    for loose in goodbye(pool, limit, interrupts).await {
        output::error(&loose, colours);
        worst = worst.max(Some(loose.code));
    }
    worst
}

/// Closes what this run has opened, and waits for connections that are being given up; Ctrl+C ends the waiting. What may
/// go on at its server all the same.
pub(super) async fn goodbye(
    pool: &Pool,
    limit: Duration,
    interrupts: &mut Interrupts,
) -> Vec<Report> {
    let cancel = CancellationToken::new();
    let mut closing = std::pin::pin!(pool.close_made(limit, &cancel));
    tokio::select! {
        loose = &mut closing => return loose,
        () = interrupts.next() => cancel.cancel(),
    }
    closing.await
}

/// The password that the command line leads to, if it does.
fn given(connection: &Connection) -> Result<Option<Secret>, Failed> {
    let source: io::Result<Box<dyn BufRead>> = if connection.password_stdin {
        Ok(Box::new(io::stdin().lock()))
    } else {
        match descriptor(connection) {
            Some(descriptor) => descriptor.map(|file| Box::new(io::BufReader::new(file)) as _),
            None => return Ok(None),
        }
    };
    tracing::debug!("reading the password");
    let mut line = String::new();
    match source.and_then(|mut source| source.read_line(&mut line)) {
        Ok(1..) => {
            let end = line.trim_end_matches(['\r', '\n']).len();
            line.truncate(end);
            Ok(Some(Secret::new(line)))
        }
        Ok(0) => Err(Failed::usage(
            "the password is missing",
            "its input is empty: give the password and the end of its line",
        )),
        Err(error) => {
            let mut report = Report::new(ExitCode::Usage, "cannot read the password")
                .hint("--password-stdin reads standard input, --password-fd N a file that the shell opened as N");
            report.reasons.push(error.to_string());
            Err(report.into())
        }
    }
}

#[cfg(unix)]
fn descriptor(connection: &Connection) -> Option<io::Result<std::fs::File>> {
    // Opened by its name, which needs no promise about who owns the number.
    let number = connection.password_fd?;
    Some(std::fs::File::open(format!("/dev/fd/{number}")))
}

#[cfg(not(unix))]
fn descriptor(_connection: &Connection) -> Option<io::Result<std::fs::File>> {
    None
}
