//! Computers that parameters name, and how to get in.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use super::Error;
use super::binding::Bound;
use super::host::ToldIn;
use super::interpreter::Run;
use super::options::SessionOption;
use super::value::{Credential, Value};
use crate::config::{Resolved, TargetError, overlay};
use crate::session::{OpenRequest, Pool, Report, Session, SessionId};
use crate::transport::{Answer, Ask, Options, Question, Secret, TargetAddress};
use tokio_util::sync::CancellationToken;

/// A computer, and how to get in.
#[derive(Clone)]
pub(super) struct Reach {
    /// As the user named it.
    pub(super) name: String,
    pub(super) target: TargetAddress,
    pub(super) options: Options,
    pub(super) ask: Arc<dyn Ask>,
    told_in: ToldIn,
}

impl Reach {
    /// Opens a session.
    pub(super) async fn open(
        self,
        pool: Pool,
        request: OpenRequest,
        cancel: CancellationToken,
    ) -> Result<Session, Report> {
        let opened = pool.open(&request, self.ask, cancel).await.session().await;
        (self.told_in)(self.target.computer(), opened.is_ok());
        opened
    }

    /// Asks the server for the sessions that it holds.
    pub(super) async fn list(
        self,
        pool: Pool,
        cancel: CancellationToken,
    ) -> Result<Vec<SessionId>, Report> {
        // The parameter picks among what is there; it is not how the server is asked.
        let options = Options {
            configuration_name: None,
            ..self.options
        };
        let listed = pool.refresh(&self.target, &options, self.ask, cancel).await;
        (self.told_in)(self.target.computer(), listed.is_ok());
        listed
    }

    /// What is asked of the pool.
    pub(super) fn request(&self, name: Option<String>, run: &Run<'_>) -> OpenRequest {
        OpenRequest {
            target: self.target.clone(),
            name,
            options: self.options.clone(),
            window: Some(run.console.host.window()),
            deadline: self.options.operation_timeout,
            kept: false,
        }
    }
}

impl Run<'_> {
    /// The computers of `-ComputerName`, `-ConnectionUri`, `-HostName` or `-SSHConnection`; those that mean nothing are
    /// told.
    pub(super) fn computers(&mut self, bound: &Bound) -> super::interpreter::Result<Vec<Reach>> {
        let mut found = Vec::new();
        let options = self.connection(bound)?;
        for (parameter, prefix) in [
            ("ComputerName", ""),
            ("ConnectionUri", ""),
            ("HostName", "ssh:"),
        ] {
            for name in bound.texts(parameter) {
                match self.computer(&name, prefix, options.clone(), bound) {
                    Ok(some) => found.extend(some),
                    Err(error) => self.complain(error)?,
                }
            }
        }
        for table in bound.all("SSHConnection") {
            match self.ssh_connection(&table, bound) {
                Ok(some) => found.extend(some),
                Err(error) => self.complain(error)?,
            }
        }
        for parameter in ["VMId", "VMName", "ContainerId"] {
            if bound.get(parameter).is_some() {
                let what = if parameter == "ContainerId" {
                    "containers"
                } else {
                    "virtual machines"
                };
                let error = Error::unsupported(&format!("a way to {what} yet"));
                return Err(error.into());
            }
        }
        Ok(found)
    }

    /// The computers that a name stands for (a group has several), reached with these options over its profile's.
    pub(super) fn computer(
        &self,
        name: &str,
        prefix: &str,
        options: Options,
        bound: &Bound,
    ) -> Result<Vec<Reach>, Error> {
        let config = &self.console.config;
        let known = config
            .computers
            .keys()
            .any(|own| own.eq_ignore_ascii_case(name));
        let wanted = if known {
            name.to_owned()
        } else {
            format!("{prefix}{name}")
        };
        let no_target = |wrong: TargetError| {
            let mut error = Error::new(
                "InvalidArgument",
                "PSSessionInvalidComputerName",
                format!("{wrong}."),
            );
            error.report = Some(Box::new(Report::new(error.code, "").hint(wrong.hint())));
            error.target(name)
        };
        let found = config.resolve(&wanted).map_err(no_target)?;
        let found = found.into_iter().map(|computer| {
            if !prefix.is_empty() && !matches!(computer.address, TargetAddress::Ssh { .. }) {
                return Err(no_ssh(&computer));
            }
            let mut computer = computer.with(options.clone()).map_err(no_target)?;
            // Who the command names goes before who its target names.
            if options.user.is_some()
                && prefix.is_empty()
                && let TargetAddress::Wsman { user, .. } | TargetAddress::Ssh { user, .. } =
                    &mut computer.address
            {
                *user = None;
            }
            Ok(Reach {
                name: computer.name,
                target: computer.address,
                ask: self.asker(bound),
                told_in: self.console.host.told_in(),
                options: computer.options,
            })
        });
        found.collect()
    }

    /// What the parameters, `-SessionOption` and the preference variables say about the connection.
    pub(super) fn connection(&self, bound: &Bound) -> Result<Options, Error> {
        let preference = |name: &str| {
            let value = self.console.variables.get(name)?.text();
            Some(value).filter(|value| !value.is_empty())
        };
        let option = bound
            .get("SessionOption")
            .or_else(|| self.console.variables.get("PSSessionOption"));
        let base = match option {
            Some(Value::Option(option)) => option.options()?,
            Some(Value::Hash(entries)) => {
                let mut option = SessionOption::default();
                for (name, value) in entries.iter() {
                    option.set(&name.text(), value.clone())?;
                }
                option.options()?
            }
            _ => Options::default(),
        };
        let auth = match bound.text("Authentication") {
            None => None,
            Some(name) => Some(name.parse().map_err(|()| {
                Error::unsupported(&format!("the authentication {name} yet")).target(name)
            })?),
        };
        if bound.get("CertificateThumbprint").is_some() {
            return Err(Error::unsupported("client certificates yet"));
        }
        let user = match bound.get("Credential") {
            Some(Value::Credential(credential)) => Some(credential.user.clone()),
            _ => bound.text("UserName"),
        };
        let milliseconds = bound
            .number("ConnectingTimeout")
            .and_then(|time| u64::try_from(time).ok());
        let over = Options {
            user,
            port: bound.number("Port").and_then(|port| port.try_into().ok()),
            use_ssl: bound.switch("UseSSL").then_some(true),
            auth,
            application_name: bound
                .text("ApplicationName")
                .or_else(|| preference("PSSessionApplicationName")),
            configuration_name: bound
                .text("ConfigurationName")
                .or_else(|| preference("PSSessionConfigurationName")),
            identity: bound
                .texts("KeyFilePath")
                .into_iter()
                .map(Into::into)
                .collect(),
            subsystem: bound.text("Subsystem"),
            connect_timeout: milliseconds
                .filter(|time| *time > 0)
                .map(Duration::from_millis),
            ssh_options: ssh_options(bound.get("Options")),
            ..Options::default()
        };
        Ok(overlay(over, base))
    }

    /// One target, as it is.
    pub(super) fn at(
        &self,
        name: &str,
        target: TargetAddress,
        options: Options,
        bound: &Bound,
    ) -> Reach {
        Reach {
            name: name.to_owned(),
            target,
            options,
            ask: self.asker(bound),
            told_in: self.console.host.told_in(),
        }
    }

    /// Takes a session up again.
    pub(super) fn connecting(
        &self,
        id: SessionId,
        bound: &Bound,
    ) -> impl Future<Output = Result<Session, Report>> + use<> {
        let (pool, cancel) = (self.console.pool.clone(), self.cancel.clone());
        let (ask, told_in) = (self.asker(bound), self.console.host.told_in());
        async move {
            let connected = pool.connect(id, ask, cancel).await;
            if let Some((target, _)) = pool.target(id) {
                told_in(target.computer(), connected.is_ok());
            }
            connected
        }
    }

    /// Whoever answers the questions of getting in; a credential answers those for its password.
    pub(super) fn asker(&self, bound: &Bound) -> Arc<dyn Ask> {
        let ask = self.console.host.ask();
        match bound.get("Credential") {
            Some(Value::Credential(credential)) if credential.password.is_some() => {
                Arc::new(Known {
                    credential: Arc::clone(credential),
                    ask,
                })
            }
            _ => ask,
        }
    }

    fn ssh_connection(&self, table: &Value, bound: &Bound) -> Result<Vec<Reach>, Error> {
        let Value::Hash(entries) = table else {
            return Ok(Vec::new());
        };
        let mut options = Options::default();
        let mut host = None;
        for (name, value) in entries.iter() {
            let text = value.text();
            match name.text().to_ascii_lowercase().as_str() {
                "hostname" | "computername" => host = Some(text),
                "port" => options.port = text.parse().ok(),
                "username" => options.user = Some(text),
                "keyfilepath" | "identityfilepath" => options.identity = vec![text.into()],
                "subsystem" => options.subsystem = Some(text),
                "connectingtimeout" => {
                    options.connect_timeout = text.parse().ok().map(Duration::from_millis)
                }
                "options" => options.ssh_options = ssh_options(Some(value)),
                other => {
                    let message = format!("A connection of SSH has no '{other}'.");
                    return Err(
                        Error::new("InvalidArgument", "UnknownSSHConnectionKey", message)
                            .target(other),
                    );
                }
            }
        }
        let Some(host) = host else {
            let message = "A connection of SSH needs a HostName or ComputerName.";
            return Err(Error::new("InvalidArgument", "MissingSSHHostName", message));
        };
        self.computer(&host, "ssh:", options, bound)
    }
}

/// `-HostName` is SSH's.
fn no_ssh(computer: &Resolved) -> Error {
    let (name, way) = (&computer.name, &computer.address);
    let message = format!("-HostName means SSH, and the profile of {name} leads to {way}.");
    let mut error = Error::new("InvalidArgument", "PSSessionInvalidComputerName", message);
    let hint = "-ComputerName takes the profile; -ComputerName ssh:HOST goes past it";
    error.report = Some(Box::new(Report::new(error.code, "").hint(hint)));
    error.target(name)
}

/// The table of `-Options` as `ssh -o` takes it.
fn ssh_options(table: Option<&Value>) -> Vec<String> {
    match table {
        Some(Value::Hash(entries)) => {
            let entries = entries.iter();
            entries
                .map(|(name, value)| format!("{}={}", name.text(), value.text()))
                .collect()
        }
        _ => Vec::new(),
    }
}

/// Answers for a password with the one that is known.
struct Known {
    credential: Arc<Credential>,
    ask: Arc<dyn Ask>,
}

impl Known {
    fn password(&self) -> Option<Secret> {
        self.credential.password.clone()
    }
}

impl Ask for Known {
    fn ask(&self, question: Question) -> Pin<Box<dyn Future<Output = Answer> + Send + '_>> {
        let answer = match &question {
            Question::UserName { .. } => Some(Secret::new(self.credential.user.clone())),
            Question::Password { again: false, .. } => self.password(),
            Question::KeyboardInteractive { prompt, echo, .. }
                if Question::is_for_password(prompt, *echo) =>
            {
                self.password()
            }
            // It was refused: another one is not asked for in its place.
            Question::Password { .. } => return Box::pin(std::future::ready(Answer::Refuse)),
            _ => None,
        };
        match answer {
            Some(secret) => Box::pin(std::future::ready(Answer::Secret(secret))),
            None => self.ask.ask(question),
        }
    }
}
