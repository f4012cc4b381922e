//! Sessions with the servers of the embedded demonstration.

use std::sync::Arc;

use uuid::Uuid;

use super::{
    Availability, BoxFuture, Connected, Connector, Description, Listed, Stages, TransportKind,
};
use crate::server::Demonstration;
use crate::transport::{Ask, Failure, Keeping, Memory, Options, TargetAddress};

/// Reaches the servers of a demonstration: `demo:Server01`.
#[derive(Clone, Debug)]
pub struct Demo(pub Demonstration);

impl Connector for Demo {
    fn describe(&self, target: &TargetAddress, _: &Options) -> Option<Description> {
        let TargetAddress::Demo(name) = target else {
            return None;
        };
        let user = self.0.user(name);
        Some(Description {
            transport: TransportKind::Demo,
            computer_name: name.clone(),
            computer_type: "RemoteMachine",
            configuration_name: self.0.configuration(name).to_owned(),
            user: user.map(str::to_owned),
        })
    }

    fn connect(
        &self,
        target: TargetAddress,
        _: Options,
        _: Uuid,
        _: Arc<dyn Ask>,
        stages: Stages,
    ) -> BoxFuture<'static, Result<Connected, Failure>> {
        let demonstration = self.0.clone();
        Box::pin(async move {
            let computer = target.computer();
            let connection =
                Memory::connect(&demonstration, computer, |stage| stages(stage)).await?;
            Ok(Connected {
                connection: Box::new(connection),
                user: demonstration.user(computer).map(str::to_owned),
                authentication: None,
            })
        })
    }

    fn list(
        &self,
        target: TargetAddress,
        _: Options,
        _: Arc<dyn Ask>,
    ) -> BoxFuture<'static, Result<Vec<Listed>, Failure>> {
        let held = self.0.list(target.computer());
        let held = held.map_err(|refusal| Failure::from(&refusal));
        let configuration = self.0.configuration(target.computer()).to_owned();
        let listed = held.map(|held| {
            let listed = held.into_iter().map(|held| Listed {
                instance_id: held.id,
                name: held.name,
                configuration_name: configuration.clone(),
                availability: if held.client.is_some() {
                    Availability::Busy
                } else {
                    Availability::None
                },
                owner: None,
                client: held.client.map(str::to_owned),
                running: held.running.into_iter().collect(),
                keeping: Keeping::default(),
                disconnected: None,
                expires: held.expires,
            });
            listed.collect()
        });
        Box::pin(std::future::ready(listed))
    }
}
