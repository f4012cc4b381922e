//! The codes of faults.

use super::Guilty::{self, Network, Server, Us, User};

/// Makes the enum and its table: `Name = code, who, can a new attempt of Create help, PowerShell's word, hint`.
macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $name:ident = $code:literal, $who:ident, $retry:literal, $id:literal, $hint:literal;)+) => {
        /// What a fault means, by the code of Windows (protocol guide 7.7, `robust-connections` 2).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum FaultCode {
            $($(#[doc = $doc])+ $name,)+
            /// Any other.
            Other(u32),
        }

        impl FaultCode {
            /// The meaning of a code.
            pub fn new(code: u32) -> Self {
                match code {
                    $($code => Self::$name,)+
                    other => Self::Other(other),
                }
            }

            /// The code.
            pub fn code(self) -> u32 {
                match self {
                    $(Self::$name => $code,)+
                    Self::Other(code) => code,
                }
            }

            /// Whose fault it is.
            pub fn guilty(self) -> Guilty {
                match self {
                    $(Self::$name => $who,)+
                    Self::Other(_) => Server,
                }
            }

            /// Whether creating the shell once more, after a pause, can help.
            pub fn can_retry(self) -> bool {
                match self {
                    $(Self::$name => $retry,)+
                    Self::Other(_) => false,
                }
            }

            /// What to do next, a sentence; empty if nothing general can be said.
            pub fn hint(self) -> &'static str {
                match self {
                    $(Self::$name => $hint,)+
                    Self::Other(_) => "",
                }
            }

            /// PowerShell's word for it; empty if it has none.
            fn word(self) -> &'static str {
                match self {
                    $(Self::$name => $id,)+
                    Self::Other(_) => "",
                }
            }

            /// Every code that has a meaning here.
            #[cfg(test)]
            const ALL: &'static [Self] = &[$(Self::$name,)+];
        }
    };
}

codes! {
    /// Nothing has come in the time of the operation: a Receive is to be sent again.
    TimedOut = 0x8033_8029, Server, false, "", "the server was busy for longer than --operation-timeout allows";
    /// The selector names nothing: the shell or the command is gone.
    InvalidSelectors = 0x8033_805B, Server, false, "CannotConnectTargetSessionDoesNotExist", "the session has ended on the server: open a new one";
    /// The endpoint is elsewhere for this user.
    RedirectRequested = 0x8033_8199, Server, false, "RedirectInformationRequired", "the session configuration is elsewhere: use the address that the server names";
    /// The server names an impossible address.
    RedirectLocationInvalid = 0x8033_81B7, Server, false, "RedirectLocationInvalid", "the server's redirection is wrong: ask whoever configured it";
    /// The session configuration is unknown.
    InvalidResourceUri = 0x8033_803B, User, false, "InvalidResourceUri", "name a session configuration that the server has: Get-PSSessionConfiguration lists them there";
    /// The session configuration is unknown.
    InvalidResourceUri2 = 0x8033_8002, User, false, "InvalidResourceUri", "name a session configuration that the server has: Get-PSSessionConfiguration lists them there";
    /// Another client is connected.
    InUse = 0x8033_81CD, User, false, "CannotConnectAlreadyConnected", "another client is connected to the session: disconnect it there first";
    /// The session is connected already.
    CannotConnectInvalid = 0x8033_81D0, Server, true, "CannotConnectInvalidOperation", "the session is connected already";
    /// The session is connected to another client.
    CannotConnectMismatch = 0x8033_81C6, User, true, "CannotConnectMismatchSessions", "another client is connected to the session: disconnect it there first";
    /// The command is connected already.
    CommandConnected = 0x8033_81D3, Server, false, "", "";
    /// The shell is disconnected.
    ShellDisconnected = 0x8033_81C4, Server, false, "", "connect the session first";
    /// Another user made the session.
    OtherUser = 0x8033_81A9, User, false, "", "the session is another user's: only who opened it can connect it";
    /// The server cannot disconnect it.
    DisconnectUnsupported = 0x8033_81C5, Server, false, "", "the server cannot keep sessions without a client";
    /// The command has ended.
    CommandTerminated = 0x8033_81CC, Server, false, "", "";
    /// Disconnecting did not wait for what was under way.
    DisconnectNotGraceful = 0x8033_81CE, Server, false, "", "";
    /// It is disconnected already.
    AlreadyDisconnected = 0x8033_81CF, Server, false, "", "";
    /// A command of that id is there already.
    CommandIdExists = 0x8033_81D6, Us, false, "", "";
    /// A shell of that id is there already.
    ShellIdExists = 0x8033_81D7, Us, false, "", "";
    /// The stream is disconnected.
    StreamDisconnected = 0x8033_81DE, Server, false, "", "connect the session first";
    /// The idle time-out is too short or too long for the server.
    IdleTimeoutBounds = 0x8033_81F2, User, false, "", "choose an idle time-out that the server allows";
    /// The service cannot be reached.
    CannotConnect = 0x8033_8012, Network, true, "CannotConnect", "check that WinRM runs there (Enable-PSRemoting) and that its firewall lets you in";
    /// The service cannot be reached in time.
    CannotComplete = 0x8033_8126, Network, false, "WinRMOperationTimeout", "check the name, the network and the firewall";
    /// Nothing serves the URL.
    UrlNotAvailable = 0x8033_8113, Server, true, "URLNotAvailable", "check the application name (wsman) and the port";
    /// HTTP 503.
    ServiceUnavailable = 0x8033_8112, Network, true, "CannotConnectWinRMService", "the service is starting or overloaded: try again";
    /// Another error of HTTP.
    HttpError = 0x8033_8170, Network, true, "WinRMHttpError", "";
    /// The method of authentication is not accepted.
    InvalidAuthentication = 0x8033_810E, User, false, "InvalidAuthentication", "choose a method that the server offers with --auth";
    /// The session's name is not valid.
    InvalidName = 0x8033_81C2, User, false, "SessionCreateFailedInvalidName", "choose another name";
    /// The server allows no remote shells.
    RemoteShellsDisallowed = 0x8033_81AC, Server, false, "RemoteSessionDisallowed", "allow remote shells there: Set-Item WSMan:\\localhost\\Shell\\AllowRemoteShellAccess $true";
    /// The configuration allows no remote access.
    RemoteAccessDisallowed = 0x8033_81E3, Server, false, "RemoteConnectionDisallowed", "allow remote access to the session configuration there: Enable-PSSessionConfiguration";
    /// The account that the configuration runs as cannot log on.
    RunAsFailed = 0x8033_81DF, Server, false, "CannotConnectRunAsFailed", "the RunAs credential of the session configuration is wrong there";
    /// The service's configuration is damaged.
    ConfigurationCorrupt = 0x8033_8005, Server, false, "CorruptedWinRMConfig", "restore the service's configuration there: winrm invoke restore winrm/config";
    /// The URI is too long.
    UriTooLong = 0x8033_802D, User, false, "URIExceedsMaxAllowedSize", "";
    /// Kerberos is switched off.
    KerberosDisabled = 0x8033_80E2, User, false, "ClientKerberosDisabled", "choose another method with --auth";
    /// The server is not trusted.
    ServerNotTrusted = 0x8033_80E4, User, false, "ServerNotTrusted", "use HTTPS, or add the server to trusted_hosts";
    /// No Kerberos outside of a domain.
    WorkgroupNoKerberos = 0x8033_810C, User, false, "WorkgroupCannotUseKerberos", "choose another method with --auth";
    /// A user and password must be given.
    ExplicitCredentials = 0x8033_80E5, User, false, "ExplicitCredentialsRequired", "name a user with --user";
    /// An address cannot be used as the server's name.
    CannotUseAddress = 0x8033_81BB, User, false, "CannotUseIPAddress", "name the server, or use HTTPS or trusted_hosts and name a user";
    /// The name was not found.
    NameNotFound = 0x8033_81B9, User, false, "ComputerNotFound", "check the name";
    /// The server's principal is unknown.
    TargetUnknown = 0x8009_0303, User, false, "TargetUnknown", "check the name: the domain knows no service of that host";
    /// The method is not known.
    BadMethod = 0x8033_8074, Server, false, "WinRMOperationNotSupportedOnServer", "";
    /// A header that must be understood is not.
    NotUnderstood = 0x8033_8010, Us, false, "", "";
    /// The request is larger than the server takes.
    EnvelopeTooLarge = 0x8033_8035, Us, false, "", "raise MaxEnvelopeSizekb there";
    /// The answer may be larger than the server sends.
    EnvelopeLimit = 0x8033_8047, Us, false, "", "raise MaxEnvelopeSizekb there";
    /// Too many shells.
    QuotaShells = 0x8033_81A5, Server, false, "", "close sessions on the server, or raise MaxShellsPerUser there";
    /// Too many operations.
    QuotaOperations = 0x8033_81A6, Server, false, "", "wait, or raise MaxConcurrentOperationsPerUser there";
    /// Too much for one user.
    QuotaUser = 0x8033_81A7, Server, false, "", "close sessions on the server, or raise its quotas";
    /// Too much for the system.
    QuotaSystem = 0x8033_81A8, Server, false, "", "the server is at its limits: try again later";
    /// Too many users with shells.
    QuotaShellUsers = 0x8033_81AB, Server, false, "", "raise MaxConcurrentUsers there";
    /// Too many shells of the configuration for one user.
    QuotaPluginShells = 0x8033_81E4, Server, false, "", "close sessions on the server, or raise MaxShellsPerUser of the session configuration there";
    /// Too many users of the configuration.
    QuotaPluginUsers = 0x8033_81E5, Server, false, "", "raise MaxConcurrentUsers of the session configuration there";
    /// Too many shells of the configuration.
    QuotaPlugin = 0x8033_81E6, Server, false, "", "raise MaxShells of the session configuration there";
    /// Too many operations of the configuration.
    QuotaPluginOperations = 0x8033_81E7, Server, false, "", "wait, or raise MaxConcurrentCommandsPerShell of the session configuration there";
    /// Too many operations of one user in the configuration.
    QuotaPluginUserOperations = 0x8033_81E8, Server, false, "", "wait, or raise the quotas of the session configuration there";
    /// Too many commands in the shell.
    QuotaShellCommands = 0x8033_81E9, Server, false, "", "wait until commands have ended";
    /// Access is denied.
    AccessDenied = 5, User, false, "AccessDenied", "the account must be an administrator there or in Remote Management Users, and the session configuration must let it in";
    /// The server has no memory left.
    OutOfMemory = 14, Server, false, "ServerOutOfMemory", "";
    /// The network path was not found.
    PathNotFound = 53, Network, false, "NetworkPathNotFound", "check the name and the network";
    /// A parameter is wrong.
    InvalidParameter = 87, Us, false, "", "";
    /// Ended by the server: the service stops, or the shell is closed.
    Aborted = 995, Server, true, "WinRMOperationAborted", "";
    /// The server shuts down.
    ShutdownInProgress = 1115, Server, false, "ShutDownInProgress", "wait until the server is up again";
    /// No server to log on with.
    AuthenticationFailed = 1311, Server, false, "AuthenticationFailed", "the server reaches no domain controller";
    /// No session to log on with.
    NoLogonSession = 1312, Server, false, "", "";
    /// The user or the password is wrong.
    LogonFailure = 1326, User, false, "LogonFailure", "check the user and the password";
    /// The answer was not what it should be.
    ImproperResponse = 1722, Network, true, "ImproperResponse", "";
    /// PowerShell's plug-in: wrong input.
    PluginInput = 0x8054_0BB8, Us, false, "", "";
    /// PowerShell's plug-in: unknown shell.
    PluginShell = 0x8054_0BBC, Server, false, "", "the session has ended on the server: open a new one";
    /// PowerShell's plug-in: unknown command.
    PluginCommand = 0x8054_0BBD, Server, false, "", "";
    /// PowerShell's plug-in: wrong input stream.
    PluginInputStream = 0x8054_0BBE, Us, false, "", "";
    /// PowerShell's plug-in: wrong output stream.
    PluginOutputStream = 0x8054_0BC0, Us, false, "", "";
    /// PowerShell's plug-in: wrong arguments.
    PluginArguments = 0x8054_0BC4, Us, false, "", "";
    /// PowerShell's plug-in: it speaks another version of the protocol.
    PluginProtocol = 0x8054_0BC5, Server, false, "", "the server's PowerShell speaks another version of the protocol";
    /// PowerShell's plug-in: an option that it does not know.
    PluginOption = 0x8054_0BC6, Us, false, "", "";
    /// PowerShell's plug-in: no version of the protocol was named.
    PluginNoProtocol = 0x8054_0BC7, Us, false, "", "";
    /// PowerShell's plug-in failed.
    PluginException = 0x8054_0FA0, Server, false, "IncorrectProtocolVersion", "";
    /// PowerShell's plug-in has ended the operation.
    PluginClosed = 0x8054_0FA1, Server, false, "", "";
    /// PowerShell's plug-in got no connect messages.
    PluginNoConnect = 0x8054_0FA2, Us, false, "", "";
    /// PowerShell's plug-in could not connect.
    PluginConnect = 0x8054_0FA3, Server, false, "", "";
}

impl FaultCode {
    /// Reads a code as faults hold it: decimal, of either sign.
    pub(super) fn read(text: &str) -> Option<Self> {
        let number: i64 = text.trim().parse().ok()?;
        let bits = u32::try_from(number).or_else(|_| i32::try_from(number).map(i32::cast_unsigned));
        bits.ok().map(Self::new)
    }

    /// The first part of PowerShell's error id: its word, or the number where it has none.
    pub(super) fn error_id(self) -> String {
        match self.word() {
            "" => self.code().cast_signed().to_string(),
            word => word.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_code_has_one_meaning() {
        let mut seen = std::collections::HashSet::new();
        for code in FaultCode::ALL {
            assert!(seen.insert(code.code()), "{code:?}");
            assert_eq!(FaultCode::new(code.code()), *code);
        }
        assert_eq!(FaultCode::new(7), FaultCode::Other(7));
    }
}
