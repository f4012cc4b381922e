//! The steps towards a WSMan server, as far as nobody has to say who he is.

use std::io;

use super::{Findings, Outcome};
use crate::cli::output::{self, Colours};
use crate::cli::status::{ExitStatus, Failed};
use crate::session::Report;
use crate::transport::http::{self, Finding};
use crate::transport::{Authentication, Endpoint, Options, Scheme, TargetAddress};

impl Findings {
    /// Tells each step. The status, if one of them failed.
    pub(super) async fn towards_wsman(
        &mut self,
        target: &TargetAddress,
        options: &Options,
        colours: Colours,
    ) -> Result<Option<ExitStatus>, Failed> {
        let mut told = Ok(());
        let mut tell = |finding: Finding| {
            if told.is_ok() {
                told = self.finding(&finding);
            }
        };
        let surveyed = http::survey(target, options, &mut tell).await;
        told?;
        match surveyed.and_then(|()| Endpoint::of(target, options)) {
            Ok(endpoint) => {
                self.trust(&endpoint, options)?;
                Ok(None)
            }
            Err(failure) => {
                let what = failure
                    .stage
                    .map_or("target", |stage| super::step_name(target, stage));
                self.tell(Outcome::Bad, what, &failure.message)?;
                let report = Report::of(&failure, "cannot get in", target.computer());
                output::error(&report, colours);
                Ok(Some(report.code.into()))
            }
        }
    }

    fn finding(&mut self, finding: &Finding) -> io::Result<()> {
        match finding {
            Finding::Addresses(addresses) => {
                let addresses: Vec<_> = addresses.iter().map(ToString::to_string).collect();
                self.tell(Outcome::Good, "address", &addresses.join(", "))
            }
            Finding::Port(address) => {
                self.tell(Outcome::Good, "connection", &format!("{address} answers"))
            }
            Finding::Certificate(lines) => {
                let text = format!("trusted\n{}", lines.join("\n"));
                self.tell(Outcome::Good, "certificate", text.trim_end())
            }
            Finding::Service(text) => self.tell(Outcome::Good, "service", text),
            Finding::Silent(text) => {
                let text = format!("it does not tell strangers what it is ({text})");
                self.tell(Outcome::Note, "service", &text)
            }
            Finding::Methods(text) if text == "none" => {
                self.tell(Outcome::Bad, "methods", "none: this is hardly WSMan")
            }
            Finding::Methods(text) => self.tell(Outcome::Good, "methods", text),
        }
    }

    /// Whether NTLM over HTTP would be trusted.
    fn trust(&mut self, endpoint: &Endpoint, options: &Options) -> io::Result<()> {
        let basic = options.auth == Some(Authentication::Basic);
        let (outcome, text) = match (endpoint.scheme, options.trust_host) {
            (Scheme::Https, _) => return Ok(()),
            (Scheme::Http, _) if basic => (
                Outcome::Note,
                "Basic over HTTP: whoever listens reads the password and everything else",
            ),
            (Scheme::Http, Some(true)) => (
                Outcome::Good,
                "by trusted_hosts, the profile or --trust-host: NTLM does not prove who the server is",
            ),
            (Scheme::Http, _) => (
                Outcome::Note,
                "not in trusted_hosts: over HTTP, NTLM does not prove who the server is; psdeck asks first\n\
                 --use-ssl proves it, --trust-host or trusted_hosts says yes without",
            ),
        };
        self.tell(outcome, "trust", text)
    }
}
