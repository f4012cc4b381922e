//! Names of the specifications: namespaces, actions, resources, signals.

/// SOAP 1.2.
pub(super) const SOAP: &str = "http://www.w3.org/2003/05/soap-envelope";
/// WS-Addressing.
pub(super) const ADDRESSING: &str = "http://schemas.xmlsoap.org/ws/2004/08/addressing";
/// Whoever sent the request: where answers go.
pub(super) const ANONYMOUS: &str =
    "http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous";
/// WS-Management.
pub(super) const WSMAN: &str = "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd";
/// Microsoft's extensions of WS-Management.
pub(super) const MICROSOFT: &str = "http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd";
/// Shells, and the resource that stands for any of them.
pub(super) const SHELL: &str = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell";
/// WS-Enumeration.
pub(super) const ENUMERATION: &str = "http://schemas.xmlsoap.org/ws/2004/09/enumeration";
/// Identify.
pub(super) const IDENTITY: &str = "http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd";
/// PowerShell's part of a shell's messages, and the beginning of its resources.
pub(super) const POWERSHELL: &str = "http://schemas.microsoft.com/powershell";
/// A filter that is a set of selectors.
pub(super) const SELECTOR_FILTER: &str =
    "http://schemas.dmtf.org/wbem/wsman/1/wsman/SelectorFilter";

/// The signal that stops a pipeline. The misspelling is the protocol: any other code closes the command.
pub const STOP: &str = "powershell/signal/crtl_c";
/// The signal that ends a command, finished or not; due after every pipeline.
pub const TERMINATE: &str =
    "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/signal/terminate";

/// What a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Action {
    /// Who is there? Has no action on the wire.
    Identify,
    /// Create a shell.
    Create,
    /// Delete a shell.
    Delete,
    /// Read a shell, or a part of the configuration.
    Get,
    /// List shells or commands.
    Enumerate,
    /// More of a list.
    Pull,
    /// Create a command: a pipeline.
    Command,
    /// Send to a stream of a shell or command.
    Send,
    /// Wait for output of a shell or command.
    Receive,
    /// Stop or end a command.
    Signal,
    /// Leave a shell running.
    Disconnect,
    /// Take up a shell that this client left.
    Reconnect,
    /// Take up a shell that another client left, or a command of it.
    Connect,
}

impl Action {
    /// Its name, as logs and errors say it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Identify => "Identify",
            Self::Create => "Create",
            Self::Delete => "Delete",
            Self::Get => "Get",
            Self::Enumerate => "Enumerate",
            Self::Pull => "Pull",
            Self::Command => "Command",
            Self::Send => "Send",
            Self::Receive => "Receive",
            Self::Signal => "Signal",
            Self::Disconnect => "Disconnect",
            Self::Reconnect => "Reconnect",
            Self::Connect => "Connect",
        }
    }

    /// What precedes the name in its URI; none for Identify.
    pub(super) fn prefix(self) -> Option<&'static str> {
        match self {
            Self::Identify => None,
            Self::Create | Self::Delete | Self::Get => {
                Some("http://schemas.xmlsoap.org/ws/2004/09/transfer")
            }
            Self::Enumerate | Self::Pull => Some(ENUMERATION),
            _ => Some(SHELL),
        }
    }
}

/// The resources that requests name.
pub mod resource {
    /// Any shell, to list and to read.
    pub const SHELLS: &str = super::SHELL;
    /// The commands of a shell, to list.
    pub const COMMANDS: &str = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/Command";
    /// The service's configuration; administrators alone may read it.
    pub const CONFIG: &str = "http://schemas.microsoft.com/wbem/wsman/1/config";

    /// The resource of a session configuration: `Microsoft.PowerShell` say. One that is a URI already stays as it is.
    pub fn configuration(name: &str) -> String {
        if name.contains("://") {
            name.to_owned()
        } else {
            format!("{}/{name}", super::POWERSHELL)
        }
    }
}
