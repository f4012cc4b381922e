//! Leaving a pool running on the server, and taking it up again ([MS-PSRP] 3.1.4.9, 3.1.4.10).

use bytes::Bytes;

use super::Client;
use crate::clixml::Version;
use crate::psrp::messages::ConnectPool;
use crate::psrp::{Error, MessageType, PipelineState, PoolState, Target};

impl Client {
    /// Takes up a pool that another client left. Gives the fragments of `SESSION_CAPABILITY` and `CONNECT_RUNSPACEPOOL`,
    /// each in one. [`Client::handle_connected`] takes the answer.
    pub fn connect(&mut self) -> Result<Bytes, Error> {
        self.expect(PoolState::BeforeOpen)?;
        self.send_capability();
        let body = ConnectPool { runspaces: None }.encode();
        self.push_pool(MessageType::ConnectRunspacePool, &body);
        self.set_state(PoolState::Connecting, None);
        Ok(self.transmit_all(Target::Pool))
    }

    /// Takes the answer to [`Client::connect`]: `SESSION_CAPABILITY` and `RUNSPACEPOOL_INIT_DATA`. The pool is open then;
    /// `APPLICATION_PRIVATE_DATA` follows through the pool's channel.
    pub fn handle_connected(&mut self, answer: &[u8]) -> Result<(), Error> {
        self.expect(PoolState::Connecting)?;
        self.handle(Target::Pool, answer)?;
        if self.state == PoolState::Connecting {
            let error = Error::Incomplete(MessageType::RunspacePoolInitData);
            self.fail(Target::Pool, &error);
            return Err(error);
        }
        self.resynchronise();
        Ok(())
    }

    /// The connection is asked to leave the pool. Pipelines must have been sent whole, and keys exchanged.
    pub fn disconnect(&mut self) -> Result<(), Error> {
        self.expect(PoolState::Opened)?;
        self.needs("disconnecting", Version::new(2, 2))?;
        if self.is_exchanging() {
            return Err(Error::CannotDisconnect("keys are exchanged"));
        }
        let creating = |id| self.outbox.is_creating(Target::Pipeline(id));
        if self.pipelines().any(creating) {
            return Err(Error::CannotDisconnect("a pipeline is sent"));
        }
        self.set_state(PoolState::Disconnecting, None);
        Ok(())
    }

    /// The server does not let us leave the pool, which is open as before.
    pub fn not_disconnected(&mut self) {
        if self.state == PoolState::Disconnecting {
            self.set_state(PoolState::Opened, None);
        }
    }

    /// The pool could not be taken up; it is still left.
    pub fn not_reconnected(&mut self) {
        if self.state == PoolState::Connecting {
            self.set_state(PoolState::Disconnected, None);
        }
    }

    /// Whether the server drops output that finds no room while nobody is connected. What is missing then is told with
    /// [`Event::Missing`](super::Event::Missing).
    pub fn set_lossy(&mut self, lossy: bool) {
        self.lossy = lossy;
        for channel in self.channels.values_mut() {
            channel.set_lossy(lossy);
        }
    }

    /// The pool runs on without us, asked for or not. So do its pipelines.
    pub fn disconnected(&mut self) {
        if !self.state.is_final() {
            self.move_pipelines(PipelineState::Running, PipelineState::Disconnected);
            self.set_state(PoolState::Disconnected, None);
        }
    }

    /// The connection is asked to take up the pool that it left.
    pub fn reconnect(&mut self) -> Result<(), Error> {
        self.expect(PoolState::Disconnected)?;
        self.set_state(PoolState::Connecting, None);
        Ok(())
    }

    /// The pool that we left is ours again, and so are its pipelines.
    pub fn reconnected(&mut self) {
        if matches!(
            self.state,
            PoolState::Connecting | PoolState::Disconnected | PoolState::Disconnecting
        ) {
            self.resynchronise();
            self.move_pipelines(PipelineState::Disconnected, PipelineState::Running);
            self.set_state(PoolState::Opened, None);
        }
    }

    fn resynchronise(&mut self) {
        for channel in self.channels.values_mut() {
            channel.resynchronise();
        }
    }
}
