//! Requests as envelopes (MS-WSMV 2.2.4, 3.1.4).

use std::fmt::Write as _;
use std::time::Duration;

use uuid::Uuid;

use super::duration;
use super::names::{
    ADDRESSING, ANONYMOUS, Action, ENUMERATION, IDENTITY, MICROSOFT, SELECTOR_FILTER, SHELL, SOAP,
    WSMAN,
};
use super::writer::Xml;

/// The most items of a list that one answer may hold; what PowerShell asks for.
const MAX_ELEMENTS: u32 = 32_000;

/// What all requests of a session have in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// The endpoint's URL.
    pub to: String,
    /// Who asks: the same in all requests of a session, as shells belong to it.
    pub session: Uuid,
    /// The largest answer that is taken, in bytes.
    pub max_envelope: usize,
    /// How long the server may take.
    pub timeout: Duration,
    /// The culture of messages, `en-US` say (PowerShell's UI culture).
    pub locale: String,
    /// The culture of data (PowerShell's culture).
    pub data_locale: String,
}

/// Asks for robust treatment: the answer is kept, and can be asked for again (MS-WSMV 3.1.4.1.39).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operation {
    /// The operation, new for each request.
    pub id: Uuid,
    /// It was sent before: a server that has its answer sends that and does nothing.
    pub again: bool,
}

/// A request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request<'a> {
    /// What is addressed: a session configuration, [`resource::SHELLS`](super::resource::SHELLS), …; empty for Identify.
    pub resource: &'a str,
    /// The shell that is meant, where one is.
    pub shell: Option<&'a str>,
    /// What is asked for.
    pub body: Body<'a>,
}

/// What a request asks for, with its arguments. Identifiers of shells and commands are compared by case on servers:
/// upper case always.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body<'a> {
    /// Who is there?
    Identify,
    /// Creates a shell: a runspace pool.
    Create {
        /// The runspace pool's id.
        id: &'a str,
        /// The session's name; servers list none without.
        name: Option<&'a str>,
        /// The protocol version of PSRP that is offered: `2.3`.
        protocol: &'a str,
        /// Do not load the user's profile on the machine (`-NoMachineProfile`).
        no_profile: bool,
        /// How long the server keeps the shell without a client; the server's own time, if none.
        idle_timeout: Option<Duration>,
        /// What happens to output that nobody takes: `Block` or `Drop`; the server's own way, if none.
        buffering: Option<&'a str>,
        /// Fragments: the first messages, or their beginning.
        creation: &'a [u8],
    },
    /// Creates a command: a pipeline.
    Command {
        /// The pipeline's id.
        id: &'a str,
        /// Fragments: the pipeline, or its beginning.
        arguments: &'a [u8],
    },
    /// Sends fragments.
    Send {
        /// `stdin`, or `pr` for answers to prompts.
        stream: &'a str,
        /// The pipeline; none for the pool.
        command: Option<&'a str>,
        /// The fragments.
        data: &'a [u8],
    },
    /// Waits for output.
    Receive {
        /// The pipeline; none for the pool.
        command: Option<&'a str>,
    },
    /// Stops or ends a command.
    Signal {
        /// The pipeline.
        command: &'a str,
        /// [`STOP`](super::STOP) or [`TERMINATE`](super::TERMINATE).
        code: &'a str,
    },
    /// Leaves the shell running.
    Disconnect {
        /// How long the server keeps it.
        idle_timeout: Option<Duration>,
        /// What happens to output that nobody takes: `Block` or `Drop`.
        buffering: Option<&'a str>,
    },
    /// Takes the shell, or one command of it, up again that this client left.
    Reconnect {
        /// The pipeline; none for the shell.
        command: Option<&'a str>,
    },
    /// Takes up a shell of another client.
    Connect {
        /// The protocol version of PSRP that is offered.
        protocol: &'a str,
        /// Fragments of the connect messages.
        connect: &'a [u8],
    },
    /// Attaches to a command of a shell that was taken up by `Connect`.
    ConnectCommand {
        /// The pipeline.
        command: &'a str,
    },
    /// Deletes the shell.
    Delete,
    /// Reads the resource.
    Get,
    /// Lists shells.
    EnumerateShells,
    /// Lists commands of a shell.
    EnumerateCommands {
        /// The shell.
        shell: &'a str,
    },
    /// More of a list.
    Pull {
        /// What the answer before gave.
        context: &'a str,
    },
}

impl Body<'_> {
    /// The action that it belongs to.
    pub fn action(&self) -> Action {
        match self {
            Self::Identify => Action::Identify,
            Self::Create { .. } => Action::Create,
            Self::Command { .. } => Action::Command,
            Self::Send { .. } => Action::Send,
            Self::Receive { .. } => Action::Receive,
            Self::Signal { .. } => Action::Signal,
            Self::Disconnect { .. } => Action::Disconnect,
            Self::Reconnect { .. } => Action::Reconnect,
            Self::Connect { .. } | Self::ConnectCommand { .. } => Action::Connect,
            Self::Delete => Action::Delete,
            Self::Get => Action::Get,
            Self::EnumerateShells | Self::EnumerateCommands { .. } => Action::Enumerate,
            Self::Pull { .. } => Action::Pull,
        }
    }
}

impl Request<'_> {
    /// The envelope. A request that is sent again keeps its `message` and everything else but
    /// [`Operation::again`].
    pub fn write(&self, header: &Header, message: Uuid, operation: Option<Operation>) -> String {
        let mut xml = Xml(String::with_capacity(2048 + self.body.data() * 4 / 3));
        xml.raw("<s:Envelope xmlns:s=\"").raw(SOAP);
        if self.body == Body::Identify {
            xml.raw("\" xmlns:wsmid=\"").raw(IDENTITY);
            xml.raw("\"><s:Header/><s:Body><wsmid:Identify/></s:Body></s:Envelope>");
            return xml.0;
        }
        for (prefix, namespace) in [("a", ADDRESSING), ("w", WSMAN), ("p", MICROSOFT)] {
            xml.raw("\" xmlns:").raw(prefix).raw("=\"").raw(namespace);
        }
        if self.body.action().prefix() == Some(ENUMERATION) {
            xml.raw("\" xmlns:n=\"").raw(ENUMERATION);
        }
        xml.raw("\" xmlns:rsp=\"").raw(SHELL).raw("\"><s:Header>");
        self.header(&mut xml, header, message, operation);
        xml.raw("</s:Header><s:Body>");
        self.body.write(&mut xml);
        xml.raw("</s:Body></s:Envelope>");
        xml.0
    }

    /// How many bytes of fragments fit into this request (which holds none yet), if its envelope may have `limit` bytes.
    pub fn room(&self, header: &Header, limit: usize) -> usize {
        let operation = Operation {
            id: Uuid::nil(),
            again: false,
        };
        let frame = self.write(header, Uuid::nil(), Some(operation)).len();
        limit.saturating_sub(frame + SLACK) / 4 * 3
    }

    fn header(&self, xml: &mut Xml, header: &Header, message: Uuid, operation: Option<Operation>) {
        xml.element("a:To", &header.to);
        xml.raw("<a:ReplyTo><a:Address s:mustUnderstand=\"true\">");
        xml.raw(ANONYMOUS).raw("</a:Address></a:ReplyTo>");
        let action = self.body.action();
        xml.raw("<a:Action s:mustUnderstand=\"true\">");
        xml.raw(action.prefix().unwrap_or_default()).raw("/");
        xml.raw(action.name()).raw("</a:Action>");
        xml.raw("<w:MaxEnvelopeSize s:mustUnderstand=\"true\">");
        let _ = write!(xml.0, "{}</w:MaxEnvelopeSize>", header.max_envelope);
        xml.raw("<a:MessageID>").id(message).raw("</a:MessageID>");
        for (name, culture) in [
            ("w:Locale", &header.locale),
            ("p:DataLocale", &header.data_locale),
        ] {
            xml.raw("<").raw(name).raw(" xml:lang=\"").text(culture);
            xml.raw("\" s:mustUnderstand=\"false\"/>");
        }
        xml.raw("<p:SessionId s:mustUnderstand=\"false\">");
        xml.id(header.session).raw("</p:SessionId>");
        if let Some(operation) = operation {
            xml.raw("<p:OperationID s:mustUnderstand=\"");
            xml.raw(if operation.again { "true" } else { "false" });
            xml.raw("\">").id(operation.id).raw("</p:OperationID>");
            // First requests and repeated ones say 1: only servers count on.
            xml.raw("<p:SequenceId s:mustUnderstand=\"false\">1</p:SequenceId>");
        }
        xml.raw("<w:ResourceURI s:mustUnderstand=\"true\">");
        xml.text(self.resource).raw("</w:ResourceURI>");
        self.body.options(xml);
        if let Some(shell) = self.shell {
            xml.raw("<w:SelectorSet><w:Selector Name=\"ShellId\">");
            xml.text(shell).raw("</w:Selector></w:SelectorSet>");
        }
        xml.element("w:OperationTimeout", &duration::write(header.timeout));
    }
}

/// Left free in a filled envelope: headers whose length the server counts otherwise.
const SLACK: usize = 256;

impl Body<'_> {
    /// How many bytes of fragments it carries.
    fn data(&self) -> usize {
        match self {
            Self::Create { creation: data, .. }
            | Self::Command {
                arguments: data, ..
            }
            | Self::Send { data, .. }
            | Self::Connect { connect: data, .. } => data.len(),
            _ => 0,
        }
    }

    fn options(&self, xml: &mut Xml) {
        let options: &[(&str, &str, bool)] = match self {
            Self::Create {
                protocol,
                no_profile: true,
                ..
            } => &[
                ("protocolversion", protocol, true),
                ("WINRS_NOPROFILE", "1", false),
            ],
            Self::Create { protocol, .. } | Self::Connect { protocol, .. } => {
                &[("protocolversion", protocol, true)]
            }
            Self::Command { .. } => &[("WINRS_SKIP_CMD_SHELL", "False", false)],
            Self::Receive { .. } => &[("WSMAN_CMDSHELL_OPTION_KEEPALIVE", "TRUE", false)],
            _ => return,
        };
        xml.raw("<w:OptionSet s:mustUnderstand=\"true\">");
        for (name, value, must) in options {
            xml.raw("<w:Option Name=\"").raw(name);
            xml.raw(if *must {
                "\" MustComply=\"true\">"
            } else {
                "\">"
            });
            xml.text(value).raw("</w:Option>");
        }
        xml.raw("</w:OptionSet>");
    }

    fn write(&self, xml: &mut Xml) {
        match self {
            Self::Identify | Self::Delete | Self::Get => {}
            Self::Create {
                id,
                name,
                idle_timeout,
                buffering,
                creation,
                ..
            } => {
                xml.raw("<rsp:Shell ShellId=\"").text(id);
                if let Some(name) = name {
                    xml.raw("\" Name=\"").text(name);
                }
                xml.raw("\">");
                if let Some(time) = idle_timeout {
                    xml.element("rsp:IdleTimeOut", &duration::write(*time));
                }
                xml.element("rsp:InputStreams", "stdin pr");
                xml.element("rsp:OutputStreams", "stdout");
                if let Some(mode) = buffering {
                    xml.element("rsp:BufferMode", mode);
                }
                xml.powershell("creationXml", creation).raw("</rsp:Shell>");
            }
            Self::Command { id, arguments } => {
                xml.raw("<rsp:CommandLine CommandId=\"").text(id);
                // PowerShell's plug-in takes the pipeline from the arguments; the element must be there.
                xml.raw("\"><rsp:Command/><rsp:Arguments>");
                xml.base64(arguments)
                    .raw("</rsp:Arguments></rsp:CommandLine>");
            }
            Self::Send {
                stream,
                command,
                data,
            } => {
                xml.raw("<rsp:Send><rsp:Stream Name=\"").text(stream);
                if let Some(command) = command {
                    xml.raw("\" CommandId=\"").text(command);
                }
                xml.raw("\">").base64(data).raw("</rsp:Stream></rsp:Send>");
            }
            Self::Receive { command } => {
                xml.raw("<rsp:Receive><rsp:DesiredStream");
                if let Some(command) = command {
                    xml.raw(" CommandId=\"").text(command).raw("\"");
                }
                xml.raw(">stdout</rsp:DesiredStream></rsp:Receive>");
            }
            Self::Signal { command, code } => {
                xml.raw("<rsp:Signal CommandId=\"").text(command).raw("\">");
                xml.element("rsp:Code", code).raw("</rsp:Signal>");
            }
            Self::Disconnect {
                idle_timeout,
                buffering,
            } => {
                xml.raw("<rsp:Disconnect>");
                if let Some(time) = idle_timeout {
                    xml.element("rsp:IdleTimeOut", &duration::write(*time));
                }
                if let Some(mode) = buffering {
                    xml.element("rsp:BufferMode", mode);
                }
                xml.raw("</rsp:Disconnect>");
            }
            Self::Reconnect { command } => {
                xml.raw("<rsp:Reconnect");
                if let Some(command) = command {
                    xml.raw(" CommandId=\"").text(command).raw("\"");
                }
                xml.raw("/>");
            }
            Self::Connect { connect, .. } => {
                xml.raw("<rsp:Connect>");
                xml.powershell("connectXml", connect).raw("</rsp:Connect>");
            }
            Self::ConnectCommand { command } => {
                xml.raw("<rsp:Connect CommandId=\"")
                    .text(command)
                    .raw("\"/>");
            }
            Self::EnumerateShells => enumerate(xml, None),
            Self::EnumerateCommands { shell } => enumerate(xml, Some(shell)),
            Self::Pull { context } => {
                xml.raw("<n:Pull>").element("n:EnumerationContext", context);
                let _ = write!(
                    xml.0,
                    "<n:MaxElements>{MAX_ELEMENTS}</n:MaxElements></n:Pull>"
                );
            }
        }
    }
}

fn enumerate(xml: &mut Xml, shell: Option<&str>) {
    xml.raw("<n:Enumerate><w:OptimizeEnumeration/>");
    let _ = write!(xml.0, "<w:MaxElements>{MAX_ELEMENTS}</w:MaxElements>");
    if let Some(shell) = shell {
        xml.raw("<w:Filter Dialect=\"").raw(SELECTOR_FILTER);
        xml.raw("\"><w:SelectorSet><w:Selector Name=\"ShellId\">")
            .text(shell);
        xml.raw("</w:Selector></w:SelectorSet></w:Filter>");
    }
    xml.raw("</n:Enumerate>");
}
