//! The connectors that every pool has.

use std::sync::Arc;
use std::time::SystemTime;

use uuid::Uuid;

use super::{
    Availability, BoxFuture, Connected, Connector, Description, Listed, Stages, TransportKind,
};
use crate::transport::{
    Ask, Failure, FailureKind, Keeping, Options, TargetAddress, http, process, ssh,
};

/// PowerShell's endpoints of WSMan servers.
pub(super) struct Wsman;

/// PowerShell's subsystem of SSH servers.
pub(super) struct Ssh;

/// A `pwsh` child of this computer.
pub(super) struct Local;

impl Connector for Wsman {
    fn describe(&self, target: &TargetAddress, options: &Options) -> Option<Description> {
        let TargetAddress::Wsman { user, host, .. } = target else {
            return None;
        };
        let configuration = options.configuration_name.as_deref();
        Some(Description {
            transport: TransportKind::WSMan,
            computer_name: host.clone(),
            computer_type: "RemoteMachine",
            configuration_name: configuration.unwrap_or(http::CONFIGURATION).to_owned(),
            user: user.clone().or_else(|| options.user.clone()),
        })
    }

    fn connect(
        &self,
        target: TargetAddress,
        options: Options,
        client: Uuid,
        ask: Arc<dyn Ask>,
        stages: Stages,
    ) -> BoxFuture<'static, Result<Connected, Failure>> {
        Box::pin(async move {
            let stages = |stage| stages(stage);
            let made = http::connect(&target, &options, client, &*ask, stages).await?;
            Ok(Connected {
                connection: made.connection,
                user: Some(made.user),
                authentication: Some(made.authentication),
            })
        })
    }

    fn list(
        &self,
        target: TargetAddress,
        options: Options,
        ask: Arc<dyn Ask>,
    ) -> BoxFuture<'static, Result<Vec<Listed>, Failure>> {
        Box::pin(async move {
            let found = http::list(&target, &options, &*ask).await?;
            let now = SystemTime::now();
            Ok(found
                .into_iter()
                .filter_map(|shelf| listed(shelf, now))
                .collect())
        })
    }

    fn keeps_sessions(&self) -> bool {
        true
    }
}

/// A shell as the list shows it; none if its id is none of PowerShell's.
fn listed(shelf: http::Shelf, now: SystemTime) -> Option<Listed> {
    let http::Shelf {
        shell,
        configuration,
        commands,
    } = shelf;
    let is_left = shell.state.as_deref() == Some("Disconnected");
    let disconnected = match shell.inactivity {
        Some(since) if is_left => now.checked_sub(since),
        _ => None,
    };
    let expires = disconnected.zip(shell.idle_timeout);
    Some(Listed {
        instance_id: Uuid::parse_str(&shell.id).ok()?,
        name: shell.name.unwrap_or_default(),
        configuration_name: configuration,
        availability: if is_left {
            Availability::None
        } else {
            Availability::Busy
        },
        owner: shell.owner,
        client: shell.client,
        running: commands
            .into_iter()
            .filter_map(|one| Some((Uuid::parse_str(&one.id).ok()?, one.line.unwrap_or_default())))
            .collect(),
        keeping: Keeping {
            idle_timeout: shell.idle_timeout,
            max_idle_timeout: shell.max_idle_timeout,
            buffering: shell.buffering.and_then(|mode| mode.parse().ok()),
        },
        disconnected,
        expires: expires.and_then(|(since, kept)| since.checked_add(kept)),
    })
}

impl Connector for Ssh {
    fn describe(&self, target: &TargetAddress, options: &Options) -> Option<Description> {
        let TargetAddress::Ssh { user, host, .. } = target else {
            return None;
        };
        Some(Description {
            transport: TransportKind::Ssh,
            computer_name: host.clone(),
            computer_type: "RemoteMachine",
            configuration_name: "DefaultShell".to_owned(),
            user: user.clone().or_else(|| options.user.clone()),
        })
    }

    fn connect(
        &self,
        target: TargetAddress,
        options: Options,
        _: Uuid,
        ask: Arc<dyn Ask>,
        stages: Stages,
    ) -> BoxFuture<'static, Result<Connected, Failure>> {
        Box::pin(async move {
            let TargetAddress::Ssh { user, host, port } = target else {
                return Err(Failure::new(FailureKind::Usage, "no SSH target"));
            };
            let stages = |stage| stages(stage);
            let made = ssh::connect(&host, user.as_deref(), port, &options, &*ask, stages).await?;
            Ok(Connected {
                connection: made.connection,
                user: Some(made.user),
                authentication: Some(made.authentication),
            })
        })
    }
}

impl Connector for Local {
    fn describe(&self, target: &TargetAddress, _: &Options) -> Option<Description> {
        matches!(target, TargetAddress::Local).then(|| Description {
            transport: TransportKind::Process,
            computer_name: target.computer().to_owned(),
            computer_type: "RemoteMachine",
            configuration_name: String::new(),
            user: None,
        })
    }

    fn connect(
        &self,
        _: TargetAddress,
        options: Options,
        _: Uuid,
        _: Arc<dyn Ask>,
        stages: Stages,
    ) -> BoxFuture<'static, Result<Connected, Failure>> {
        Box::pin(async move {
            Ok(Connected {
                connection: process::connect(&options, |stage| stages(stage))?,
                user: None,
                authentication: None,
            })
        })
    }
}
