//! `psdeck doctor [TARGET]`.

mod wsman;

use std::fmt::Write as _;
use std::io::{self, IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

use super::connection::Connection;
use super::output::{self, printable};
use super::status::{ExitStatus, Failed};
use super::{Context, opening, targets};
use crate::config::{Config, Resolved};
use crate::session::{OpeningEvent, Report, Session};
use crate::transport::http;
use crate::transport::ssh::{self, KeyState};
use crate::transport::{Options, Stage, TargetAddress};

/// Check what psdeck works with; with a target, each step of getting in.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The computer to get in to: a profile, HOST, https://HOST, USER@HOST (SSH), local, demo:NAME.
    #[arg(value_name = "TARGET")]
    target: Option<String>,
    #[command(flatten)]
    connection: Connection,
}

/// How long a session may take to close.
const GOODBYE: Duration = Duration::from_secs(3);

/// The findings so far.
struct Findings {
    colours: bool,
    status: ExitStatus,
}

/// How a check came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Good,
    /// Worth knowing, and no fault.
    Note,
    Bad,
}

pub(super) fn run(arguments: &Arguments, context: &Context) -> Result<ExitStatus, Failed> {
    let mut findings = Findings {
        colours: context.colours.out,
        status: ExitStatus::DONE,
    };
    findings.terminal(context)?;
    let config = findings.configuration(&arguments.connection, context)?;
    let target = match &arguments.target {
        Some(name) => Some(targets::single(&config, name, &arguments.connection)?),
        None => None,
    };
    super::block_on(async {
        findings.identities(target.as_ref()).await?;
        if let Some(target) = &target {
            if let TargetAddress::Wsman { .. } = target.address {
                let towards =
                    findings.towards_wsman(&target.address, &target.options, context.colours);
                if let Some(failed) = towards.await? {
                    return Ok(failed);
                }
            }
            return findings
                .getting_in(target, &arguments.connection, context)
                .await;
        }
        findings.authorities()?;
        findings.local()?;
        Ok(findings.status)
    })?
}

impl Findings {
    fn tell(&mut self, outcome: Outcome, what: &str, text: &str) -> io::Result<()> {
        let (word, colour) = match outcome {
            Outcome::Good => ("ok", 32),
            Outcome::Note => ("note", 33),
            Outcome::Bad => ("bad", 31),
        };
        let word = if self.colours {
            format!("\u{1b}[{colour}m{word:<5}\u{1b}[0m")
        } else {
            format!("{word:<5}")
        };
        let mut stdout = io::stdout().lock();
        writeln!(
            stdout,
            "{word} {what:<14} {}",
            printable(text).replace('\n', "\n                     ")
        )?;
        stdout.flush()
    }

    fn terminal(&mut self, context: &Context) -> io::Result<()> {
        if !io::stdout().is_terminal() || !io::stdin().is_terminal() {
            return self.tell(
                Outcome::Note,
                "terminal",
                "none: the app and questions need one",
            );
        }
        let mut text = std::env::var("TERM").unwrap_or_else(|_| "TERM is not set".to_owned());
        if let Ok((columns, rows)) = crossterm::terminal::size() {
            let _ = write!(text, ", {columns}x{rows}");
        }
        text.push_str(if context.colours.out {
            ", colours"
        } else {
            ", no colours"
        });
        let language = ["LC_ALL", "LC_CTYPE", "LANG"]
            .iter()
            .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()));
        let utf8 = cfg!(windows)
            || language
                .as_ref()
                .is_some_and(|value| value.to_lowercase().replace('-', "").contains("utf8"));
        if utf8 {
            self.tell(Outcome::Good, "terminal", &text)
        } else {
            text.push_str("\nthe locale is not UTF-8: set LANG to one that is, such as C.UTF-8");
            self.tell(Outcome::Note, "terminal", &text)
        }
    }

    fn configuration(
        &mut self,
        connection: &Connection,
        context: &Context,
    ) -> Result<Config, Failed> {
        let config = connection.config(context)?;
        let place = config
            .path
            .as_ref()
            .map(|path| path.display().to_string())
            .unwrap_or_default();
        if config.path.as_deref().is_none_or(|path| !path.exists()) {
            self.tell(
                Outcome::Good,
                "configuration",
                &format!("none; it would be {place}"),
            )?;
            return Ok(config);
        }
        let wrong: Vec<_> = config
            .computers
            .keys()
            .filter_map(|name| config.resolve(name).err())
            .collect();
        if let Some(first) = wrong.first() {
            self.status = ExitStatus::USAGE;
            self.tell(
                Outcome::Bad,
                "configuration",
                &format!("{place}\n{first}\nhint: {}", first.hint()),
            )?;
        } else if config.warnings.is_empty() {
            self.tell(Outcome::Good, "configuration", &place)?;
        } else {
            self.tell(
                Outcome::Note,
                "configuration",
                &format!("{place}\nit holds unknown keys, see above"),
            )?;
        }
        Ok(config)
    }

    /// The agent and the key files, as the login to a target would use them.
    async fn identities(&mut self, target: Option<&Resolved>) -> Result<(), Failed> {
        let options = target.map_or_else(Options::default, |target| target.options.clone());
        let (host, user, port) = match target.map(|target| &target.address) {
            Some(TargetAddress::Ssh { user, host, port }) => {
                (host.as_str(), user.as_deref(), *port)
            }
            Some(_) => return Ok(()),
            None => ("localhost", None, None),
        };
        let survey = match ssh::survey(host, user, port, &options).await {
            Ok(survey) => survey,
            Err(failure) => {
                let text = format!("{failure}\n{}", failure.details.join("\n"));
                return Ok(self.tell(Outcome::Bad, "ssh settings", text.trim_end())?);
            }
        };
        if target.is_some() {
            let text = format!("{}@{}, port {}", survey.user, survey.host, survey.port);
            self.tell(Outcome::Good, "ssh settings", &text)?;
        }
        match &survey.agent {
            None => self.tell(
                Outcome::Note,
                "ssh agent",
                "none answers; SSH_AUTH_SOCK names it where there is one",
            )?,
            Some(keys) if keys.is_empty() => self.tell(
                Outcome::Note,
                "ssh agent",
                "it holds no keys; ssh-add adds one",
            )?,
            Some(keys) => self.tell(Outcome::Good, "ssh agent", &keys.join("\n"))?,
        }
        if survey.keys.is_empty() {
            self.tell(
                Outcome::Note,
                "ssh keys",
                "no key files; ssh-keygen makes one",
            )?;
        }
        for (file, state) in &survey.keys {
            let (outcome, text) = match state {
                KeyState::Open(name) => (Outcome::Good, name.clone()),
                KeyState::Locked => (Outcome::Good, "under a passphrase".to_owned()),
                KeyState::Unusable(why) => (Outcome::Bad, why.clone()),
            };
            self.tell(outcome, "ssh key", &format!("{}: {text}", file.display()))?;
        }
        Ok(())
    }

    /// The authorities of this computer, which HTTPS needs.
    fn authorities(&mut self) -> io::Result<()> {
        match http::check_authorities() {
            Ok(()) => self.tell(Outcome::Good, "authorities", "HTTPS trusts the platform's"),
            Err(failure) => {
                let text = format!("{failure}\nHTTPS needs --ca FILE here");
                self.tell(Outcome::Note, "authorities", &text)
            }
        }
    }

    /// PowerShell of this computer, which the target `local` needs.
    fn local(&mut self) -> io::Result<()> {
        let program = if cfg!(windows) { "pwsh.exe" } else { "pwsh" };
        let folders = std::env::var_os("PATH").unwrap_or_default();
        match std::env::split_paths(&folders)
            .map(|folder| folder.join(program))
            .find(|file| file.is_file())
        {
            Some(file) => self.tell(Outcome::Good, "local", &file.display().to_string()),
            None => self.tell(
                Outcome::Note,
                "local",
                "no pwsh on this computer: only the target local needs it",
            ),
        }
    }

    /// Opens a session, step by step, runs something, and closes it.
    async fn getting_in(
        &mut self,
        target: &Resolved,
        connection: &Connection,
        context: &Context,
    ) -> Result<ExitStatus, Failed> {
        let (ask, cancel, mut interrupts) = opening::asker(connection, true)?;
        let pool = opening::forgetful();
        let mut opening = pool
            .open(&opening::request(target, None), ask, cancel.clone())
            .await;
        let mut step: Option<(Stage, Instant)> = None;
        let address = &target.address;
        let opened = loop {
            let event = tokio::select! {
                event = opening.next() => event,
                () = interrupts.next() => {
                    cancel.cancel();
                    continue;
                }
            };
            match event {
                Some(OpeningEvent::Queued) => {}
                Some(OpeningEvent::Stage(stage)) => {
                    self.step(
                        address,
                        step.replace((stage, Instant::now())),
                        Outcome::Good,
                    )?;
                }
                Some(OpeningEvent::Opened(session)) => {
                    self.step(address, step.take(), Outcome::Good)?;
                    break Ok(session);
                }
                Some(OpeningEvent::Failed(report)) => break Err(report),
                None => {
                    break Err(Box::new(Report::new(
                        crate::session::ExitCode::Defect,
                        "the opening has no result",
                    )));
                }
            }
        };
        let status = match opened {
            Ok(session) => {
                self.inside(&session)?;
                self.status
            }
            Err(report) => {
                self.step(address, step.take(), Outcome::Bad)?;
                output::error(&report, context.colours);
                report.code.into()
            }
        };
        opening::goodbye(&pool, GOODBYE, &mut interrupts).await;
        Ok(status)
    }

    fn step(
        &mut self,
        target: &TargetAddress,
        step: Option<(Stage, Instant)>,
        outcome: Outcome,
    ) -> io::Result<()> {
        let Some((stage, begun)) = step else {
            return Ok(());
        };
        // Of WSMan, the steps before were told already.
        let told = stage < Stage::Authenticate && outcome == Outcome::Good;
        if is_wsman(target) && (told || stage == Stage::Start) {
            return Ok(());
        }
        self.tell(
            outcome,
            step_name(target, stage),
            &format!("{} ms", begun.elapsed().as_millis()),
        )
    }

    fn inside(&mut self, session: &Session) -> io::Result<()> {
        let info = session.info();
        let mut text = format!("{} on {}", info.configuration_name, info.computer_name);
        let known = [
            ("as", &info.user),
            ("by", &info.authentication),
            ("protocol", &info.protocol),
            ("PowerShell", &info.ps_version),
        ];
        for (word, value) in known {
            if let Some(value) = value {
                let _ = write!(text, ", {word} {value}");
            }
        }
        self.tell(Outcome::Good, "opened", text.trim_start_matches(" on "))
    }
}

fn is_wsman(target: &TargetAddress) -> bool {
    matches!(target, TargetAddress::Wsman { .. })
}

/// What a step towards a target is called.
fn step_name(target: &TargetAddress, stage: Stage) -> &'static str {
    match stage {
        Stage::Resolve => "address",
        Stage::Connect => "connection",
        Stage::Handshake if is_wsman(target) => "certificate",
        Stage::Handshake => "server's key",
        Stage::Authenticate => "login",
        Stage::Start => "subsystem",
        Stage::Open => "session",
    }
}
