//! From an address to an authenticated connection.

use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rustls::pki_types::CertificateDer;
use socket2::{SockRef, TcpKeepalive};
use tokio::net::TcpStream;

use super::access::Access;
use super::lane::Lane;
use super::login::login;
use super::tls::Tls;
use super::wire::{Lost, Wire};
use crate::transport::tcp::{self, Place, seconds};
use crate::transport::{Endpoint, Failure, FailureKind, Scheme, Stage};

/// A connection that is silent for so long is probed by the system,
const QUIET: Duration = Duration::from_secs(20);
/// so often, until it gives up (after nine probes as a rule).
const PROBES: Duration = Duration::from_secs(5);
/// PowerShell's id of a name without an address.
const NOT_FOUND: &str = "ComputerNotFound,PSSessionOpenFailed";
/// PowerShell's id of a port that is not reached.
const CANNOT_CONNECT: &str = "CannotConnect,PSSessionOpenFailed";

/// Makes connections to one server, each of them authenticated.
pub(super) struct Dialer {
    pub(super) access: Access,
    tls: Option<Tls>,
    /// How long each stage may take.
    limit: Duration,
    /// The address that answered last: tried first.
    good: Mutex<Option<SocketAddr>>,
}

/// A connection that stands; under TLS with the server's certificate.
pub(super) struct Open {
    wire: Wire,
    certificate: Option<CertificateDer<'static>>,
}

impl Dialer {
    /// `tls` is there for HTTPS.
    pub(super) fn new(access: Access, tls: Option<Tls>, limit: Duration) -> Self {
        Self {
            access,
            tls,
            limit,
            good: Mutex::default(),
        }
    }

    /// Makes a connection and authenticates it. Dropping the future lets go of it.
    pub(super) async fn dial(&self, stages: &(dyn Fn(Stage) + Sync)) -> Result<Lane, Failure> {
        let open = self.connect(stages).await?;
        stages(Stage::Authenticate);
        self.login(open).await
    }

    /// Authenticates a connection.
    pub(super) async fn login(&self, open: Open) -> Result<Lane, Failure> {
        let login = login(open.wire, &self.access, open.certificate.as_ref());
        match tokio::time::timeout(self.limit, login).await {
            Ok(lane) => lane,
            Err(_) => Err(self.late(Stage::Authenticate, "finish the authentication")),
        }
    }

    /// Makes a connection on which nobody has said anything yet.
    pub(super) async fn connect(&self, stages: &(dyn Fn(Stage) + Sync)) -> Result<Open, Failure> {
        let Endpoint { host, port, .. } = &self.access.endpoint;
        let place = Place {
            host,
            port: *port,
            limit: self.limit,
        };
        stages(Stage::Resolve);
        let mut addresses = resolve(place).await?;
        let good = *self.good.lock().unwrap_or_else(PoisonError::into_inner);
        addresses.sort_by_key(|address| Some(*address) != good);
        stages(Stage::Connect);
        let stream = reach(place, &addresses, self.access.endpoint.scheme).await?;
        *self.good.lock().unwrap_or_else(PoisonError::into_inner) = stream.peer_addr().ok();
        let Some(tls) = &self.tls else {
            return Ok(Open {
                wire: self.wire(stream).await?,
                certificate: None,
            });
        };
        stages(Stage::Handshake);
        let handshake = tls.handshake(stream, *port);
        match tokio::time::timeout(self.limit, handshake).await {
            Ok(done) => {
                let (stream, certificate) = done?;
                Ok(Open {
                    wire: self.wire(stream).await?,
                    certificate: Some(certificate),
                })
            }
            Err(_) => Err(self.late(Stage::Handshake, "finish the TLS handshake")),
        }
    }

    async fn wire<S>(&self, stream: S) -> Result<Wire, Failure>
    where
        S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin + 'static,
    {
        let endpoint = &self.access.endpoint;
        Wire::new(stream, &endpoint.authority(), &endpoint.path)
            .await
            .map_err(|Lost { reason, .. }| {
                Failure::new(FailureKind::Unreachable, reason).at(Stage::Connect)
            })
    }

    fn late(&self, stage: Stage, what: &str) -> Failure {
        let host = &self.access.endpoint.host;
        let message = format!("{host} did not {what} within {}", seconds(self.limit));
        Failure::new(FailureKind::TimedOut, message)
            .at(stage)
            .id("WinRMOperationTimeout,PSSessionOpenFailed")
            .hint("see that the server is not overloaded; --connect-timeout waits longer")
    }
}

/// The addresses of the server.
pub(super) async fn resolve(place: Place<'_>) -> Result<Vec<SocketAddr>, Failure> {
    let found = tcp::resolve(place, |_| true).await;
    found.map_err(|failure| failure.id(NOT_FOUND))
}

/// A stream to the port, where WinRM should listen for this scheme.
pub(super) async fn reach(
    place: Place<'_>,
    addresses: &[SocketAddr],
    scheme: Scheme,
) -> Result<TcpStream, Failure> {
    let Place { host, port, .. } = place;
    let kind = match scheme {
        Scheme::Http => "HTTP",
        Scheme::Https => "HTTPS",
    };
    let refused = format!(
        "see whether WinRM listens for {kind} on port {port} of {host}: Enable-PSRemoting there turns it on, \
         winrm enumerate winrm/config/listener lists its ports"
    );
    let stream = tcp::connect(place, addresses, &refused).await;
    let stream = stream.map_err(|failure| failure.id(CANNOT_CONNECT))?;
    // Without it a dead network would go unnoticed; where it cannot be had, for as long as a Receive may take.
    let probes = TcpKeepalive::new().with_time(QUIET).with_interval(PROBES);
    let _ = SockRef::from(&stream).set_tcp_keepalive(&probes);
    Ok(stream)
}
