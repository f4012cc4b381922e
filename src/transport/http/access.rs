//! By which way and as whom: what every connection of a session has in common.

use crate::auth::challenges::Offered;
use crate::auth::{self, Credential, Method, Password};
use crate::transport::{
    Answer, Ask, Authentication, Endpoint, Failure, FailureKind, Options, Question, Scheme, Stage,
};

use super::login::names;

/// PowerShell's id of refused credentials.
const REFUSED: &str = "AccessDenied,PSSessionOpenFailed";

/// How to get in.
pub(super) struct Access {
    pub(super) endpoint: Endpoint,
    pub(super) method: Method,
    pub(super) credential: Credential,
    /// Messages over HTTP go in the clear, as the user wants it.
    no_encryption: bool,
}

impl Access {
    /// What is known without asking. `user` is what the target names; empty where nobody names one.
    pub(super) fn new(
        endpoint: Endpoint,
        user: Option<&str>,
        options: &Options,
    ) -> Result<Self, Failure> {
        let no_encryption = options.no_encryption.unwrap_or(false);
        let method = method(&endpoint, options, no_encryption)?;
        let user = user.or(options.user.as_deref()).unwrap_or_default();
        let access = Self {
            endpoint,
            method,
            credential: Credential {
                user: user.to_owned(),
                password: Password::new(""),
            },
            no_encryption,
        };
        if !user.is_empty() {
            access.check_user()?;
        }
        Ok(access)
    }

    /// Settles trust and credentials; asks for what is missing.
    pub(super) async fn settle(&mut self, options: &Options, ask: &dyn Ask) -> Result<(), Failure> {
        if self.endpoint.scheme == Scheme::Http && self.method != Method::Basic {
            trust(&self.endpoint, options, ask).await?;
        }
        if self.credential.user.is_empty() {
            self.credential.user = ask_user(&self.endpoint, ask).await?;
            self.check_user()?;
        }
        self.ask_password(false, options, ask).await?;
        Ok(())
    }

    fn check_user(&self) -> Result<(), Failure> {
        let parsed = auth::Identity::parse(&self.credential.user);
        parsed.map(drop).map_err(|error| {
            Failure::new(FailureKind::Usage, error.to_string()).at(Stage::Authenticate)
        })
    }

    /// Asks for the password, `again` if one was refused. `false`: it is the one that we had.
    pub(super) async fn ask_password(
        &mut self,
        again: bool,
        options: &Options,
        ask: &dyn Ask,
    ) -> Result<bool, Failure> {
        let question = Question::Password {
            user: self.credential.user.clone(),
            host: self.endpoint.host.clone(),
            again,
            command: options.password_command.clone(),
        };
        match ask.ask(question).await {
            Answer::Secret(secret) => {
                let password = Password::new(secret.expose());
                let is_new = password != self.credential.password;
                self.credential.password = password;
                Ok(is_new)
            }
            Answer::Failed(failure) => Err(*failure),
            Answer::Accept | Answer::AcceptOnce | Answer::Refuse => {
                let Credential { user, .. } = &self.credential;
                let message = format!(
                    "{} wants a password for {user}, and nobody is there to type it",
                    self.endpoint.host
                );
                Err(Failure::new(FailureKind::Refused, message)
                    .at(Stage::Authenticate)
                    .hint("--password-stdin, --password-fd or a profile's password_command gives it without a terminal"))
            }
        }
    }

    /// Whether messages are sealed by us: under TLS they need not be.
    pub(super) fn seals(&self) -> bool {
        self.endpoint.scheme == Scheme::Http && self.method.seals() && !self.no_encryption
    }

    /// Whether nobody on the way can read.
    pub(super) fn is_encrypted(&self) -> bool {
        self.endpoint.scheme == Scheme::Https || self.seals()
    }

    /// The server does not take our method.
    pub(super) fn not_offered(&self, offers: &[Offered]) -> Failure {
        let host = &self.endpoint.host;
        let ours = match self.method {
            Method::Basic => "Basic",
            Method::Negotiate => "Negotiate",
            Method::Ntlm => "NTLM",
        };
        let basic = Method::Basic.is_offered(offers);
        let message = format!("{host} does not take {ours} authentication");
        let failure = Failure::new(FailureKind::Refused, message)
            .at(Stage::Authenticate)
            .detail(format!("the server offers: {}", names(offers)));
        if basic && self.endpoint.scheme == Scheme::Https {
            failure.hint(
                "--auth basic sends the password itself through TLS; it works for local accounts",
            )
        } else if Method::Negotiate.is_offered(offers) {
            failure.hint("--auth negotiate is what it takes")
        } else if basic {
            failure.hint("Basic sends the password in the clear over HTTP: use HTTPS (--use-ssl) with --auth basic")
        } else {
            failure.hint(
                "turn Negotiate on there: winrm set winrm/config/service/auth @{Negotiate=\"true\"}",
            )
        }
    }

    /// The server refused the credentials; `told` is the reason, where it gave one.
    pub(super) fn refused(&self, told: Option<&auth::Error>) -> Failure {
        let host = &self.endpoint.host;
        let Credential { user, .. } = &self.credential;
        let failure = Failure::new(
            FailureKind::Refused,
            format!("{host} refused the credentials of {user}"),
        )
        .at(Stage::Authenticate)
        .id(REFUSED);
        if let Some(told) = told {
            return failure
                .detail(told.to_string())
                .hint("log on there another way to mend it, or use another account");
        }
        let bare = user.rsplit(['\\']).next().unwrap_or(user);
        let failure = failure
            .detail("the server does not say why; it may be any of what follows")
            .hint("the password: type it anew, and mind the keyboard's layout")
            .hint(match self.method {
                Method::Basic => format!(
                    "the user name: Basic takes local accounts only, written without a domain; Get-LocalUser on {host} lists them"
                ),
                _ => format!(
                    "the user name: {host}\\{bare} means an account of that computer, DOMAIN\\{bare} one of a domain"
                ),
            })
            .hint(format!(
                "the account may be disabled, locked or expired: Get-LocalUser {bare} on {host}, or Get-ADUser {bare} -Properties LockedOut,Enabled,PasswordExpired"
            ))
            .hint("the right to log on: 'Access this computer from the network' in secpol.msc there; event 4625 in its Security log names the cause");
        if self.endpoint.scheme == Scheme::Https && self.method != Method::Basic {
            failure.hint("channel bindings: something between that ends TLS makes a server with CbtHardeningLevel Strict refuse all")
        } else {
            failure
        }
    }

    /// The exchange of tokens failed.
    pub(super) fn failed(&self, error: &auth::Error) -> Failure {
        let host = &self.endpoint.host;
        match error {
            auth::Error::Refused => self.refused(None),
            auth::Error::Told(_) => self.refused(Some(error)),
            auth::Error::UserName(_) | auth::Error::NotForBasic => {
                Failure::new(FailureKind::Usage, error.to_string()).at(Stage::Authenticate)
            }
            _ => Failure::new(
                FailureKind::Protocol,
                format!("the authentication with {host} went wrong"),
            )
            .at(Stage::Authenticate)
            .detail(error.to_string())
            .hint("see what stands between: a proxy, or something that inspects traffic"),
        }
    }
}

/// Whether a failure says that the credentials were refused: another password may be right.
pub(super) fn is_refusal(failure: &Failure) -> bool {
    failure.error_id.as_deref() == Some(REFUSED)
}

fn method(endpoint: &Endpoint, options: &Options, bare: bool) -> Result<Method, Failure> {
    let method = match options.auth.unwrap_or_default() {
        Authentication::Basic => Method::Basic,
        Authentication::Ntlm => Method::Ntlm,
        Authentication::Default | Authentication::Negotiate => Method::Negotiate,
    };
    if method == Method::Basic && endpoint.scheme == Scheme::Http && !bare {
        let message = "Basic over HTTP would send the password in the clear";
        return Err(Failure::new(FailureKind::Usage, message)
            .at(Stage::Authenticate)
            .hint("--use-ssl goes over HTTPS; leaving --auth out goes by NTLM, which shows nobody the password")
            .hint("--no-encryption besides --auth basic does it all the same: everybody on the way reads the password and all else"));
    }
    Ok(method)
}

/// NTLM does not prove to us who the server is: somebody has to trust it.
async fn trust(endpoint: &Endpoint, options: &Options, ask: &dyn Ask) -> Result<(), Failure> {
    if options.trust_host.unwrap_or(false) {
        return Ok(());
    }
    let question = Question::TrustHost {
        host: endpoint.host.clone(),
        url: endpoint.to_string(),
    };
    let host = &endpoint.host;
    match ask.ask(question).await {
        Answer::Accept | Answer::AcceptOnce => Ok(()),
        Answer::Failed(failure) => Err(*failure),
        Answer::Secret(_) | Answer::Refuse => Err(Failure::new(
            FailureKind::Refused,
            format!("{host} is not trusted: over HTTP, NTLM does not prove that it is the right server"),
        )
        .at(Stage::Authenticate)
        .id("ServerNotTrusted,PSSessionOpenFailed")
        .hint("--use-ssl goes over HTTPS, where its certificate proves it")
        .hint(format!(
            "--trust-host trusts it this time; trusted_hosts = [\"{host}\"] in the configuration does so for good"
        ))),
    }
}

async fn ask_user(endpoint: &Endpoint, ask: &dyn Ask) -> Result<String, Failure> {
    let question = Question::UserName {
        host: endpoint.host.clone(),
    };
    match ask.ask(question).await {
        Answer::Secret(user) if !user.expose().trim().is_empty() => {
            Ok(user.expose().trim().to_owned())
        }
        Answer::Failed(failure) => Err(*failure),
        _ => {
            let host = &endpoint.host;
            let (message, id) = if endpoint.is_address() {
                let message = format!("{host} is an address, which needs an account to be named");
                (message, "CannotUseIPAddress,PSSessionOpenFailed")
            } else {
                let message = format!("no account is named for {host}, and nobody is there to ask");
                (message, "ExplicitCredentialsRequired,PSSessionOpenFailed")
            };
            Err(Failure::new(FailureKind::Refused, message)
                .at(Stage::Authenticate)
                .id(id)
                .hint("--user NAME names it; DOMAIN\\USER and USER@DOMAIN are taken too"))
        }
    }
}
