//! `CREATE_PIPELINE` ([MS-PSRP] 2.2.2.10).

use super::CommandSpec;
use super::opening::{ApartmentState, host_info};
use crate::clixml::records::HostInfo;
use crate::clixml::{Text, Value, Version};
use crate::psrp::members::{Member, bag, enumeration, list};
use crate::psrp::{MemberError, MessageType};

/// A pipeline to run.
#[derive(Clone, Debug, PartialEq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "they are the members of the message"
)]
pub struct PipelineSpec {
    /// The statements, each a list of commands piped one to the next. Several need protocol 2.2.
    pub statements: Vec<Vec<CommandSpec>>,
    /// That no input will be sent. Without it the input must be ended, or the pipeline never ends.
    pub no_input: bool,
    /// Whether the server remembers it.
    pub add_to_history: bool,
    /// What the server remembers it as.
    pub history: Option<String>,
    /// Whose host the pipeline uses; fresh for each pipeline where the window may have changed.
    pub host: HostInfo,
    /// Which records say where they came from.
    pub stream_options: StreamOptions,
    /// Whether it runs inside the one that is running.
    pub is_nested: bool,
    /// Whether the error stream of the shell goes nowhere else; false for interactive lines.
    pub redirect_shell_error_output_pipe: bool,
}

/// `RemoteStreamOptions`, flags: which records say where they came from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StreamOptions(pub i32);

impl StreamOptions {
    /// None.
    pub const NONE: Self = Self(0);
    /// Errors.
    pub const ERROR: Self = Self(1);
    /// Warnings.
    pub const WARNING: Self = Self(2);
    /// Debug records.
    pub const DEBUG: Self = Self(4);
    /// Verbose records.
    pub const VERBOSE: Self = Self(8);
    /// All of them.
    pub const ALL: Self = Self(15);

    fn encode(self) -> Value {
        let name: Text = match self {
            Self::ALL => "AddInvocationInfo".into(),
            Self::ERROR => "AddInvocationInfoToErrorRecord".into(),
            Self::WARNING => "AddInvocationInfoToWarningRecord".into(),
            Self::DEBUG => "AddInvocationInfoToDebugRecord".into(),
            Self::VERBOSE => "AddInvocationInfoToVerboseRecord".into(),
            Self(other) => other.to_string().into(),
        };
        enumeration(
            "System.Management.Automation.RemoteStreamOptions",
            name,
            self.0,
        )
    }
}

impl PipelineSpec {
    /// A pipeline of these commands, without input, under the pool's host.
    pub fn new(commands: Vec<CommandSpec>) -> Self {
        Self {
            statements: vec![commands],
            no_input: true,
            add_to_history: false,
            history: None,
            host: HostInfo::default(),
            stream_options: StreamOptions::NONE,
            is_nested: false,
            redirect_shell_error_output_pipe: true,
        }
    }

    /// A pipeline of one script.
    pub fn script(text: impl Into<Text>) -> Self {
        Self::new(vec![CommandSpec::script(text)])
    }

    /// The body as a server of that protocol version wants it: it has no members that came later.
    pub(crate) fn encode(&self, protocol: Version) -> Value {
        let commands = |statement: &[CommandSpec]| {
            list(
                statement
                    .iter()
                    .map(|command| command.encode(protocol))
                    .collect(),
            )
        };
        let mut shell = Vec::with_capacity(5);
        if self.statements.len() > 1 {
            let all = self.statements.iter();
            shell.push((
                "ExtraCmds",
                list(all.map(|one| bag([("Cmds", commands(one))])).collect()),
            ));
        }
        let first = self.statements.first().map_or(&[][..], Vec::as_slice);
        shell.extend([
            ("Cmds", commands(first)),
            ("IsNested", self.is_nested.into()),
            (
                "History",
                self.history.as_deref().map_or(Value::Null, Value::from),
            ),
            (
                "RedirectShellErrorOutputPipe",
                self.redirect_shell_error_output_pipe.into(),
            ),
        ]);
        let mut members = vec![
            ("PowerShell", bag(shell)),
            ("NoInput", self.no_input.into()),
            ("ApartmentState", ApartmentState::Unknown.encode()),
            ("RemoteStreamOptions", self.stream_options.encode()),
            ("AddToHistory", self.add_to_history.into()),
            ("HostInfo", self.host.to_value()),
        ];
        if protocol >= Version::new(2, 2) {
            members.push(("IsNested", self.is_nested.into()));
        }
        bag(members)
    }

    pub(crate) fn decode(value: &Value) -> Result<Self, MemberError> {
        let body = Member::body(MessageType::CreatePipeline, value);
        let shell = body.get("PowerShell")?;
        let commands = |from: &Member<'_>| -> Result<Vec<CommandSpec>, MemberError> {
            from.get("Cmds")?
                .items()?
                .map(|command| CommandSpec::decode(&command))
                .collect()
        };
        let statements = match shell.optional("ExtraCmds") {
            Some(extra) => extra
                .items()?
                .map(|statement| commands(&statement))
                .collect::<Result<_, _>>()?,
            None => vec![commands(&shell)?],
        };
        let history = shell.get("History")?.text_or_null()?;
        Ok(Self {
            statements,
            no_input: body.get("NoInput")?.bool()?,
            add_to_history: body.get("AddToHistory")?.bool()?,
            history: history.map(|text| text.to_str_lossy().into_owned()),
            host: host_info(&body.get("HostInfo")?)?,
            stream_options: StreamOptions(body.get("RemoteStreamOptions")?.enumeration()?),
            is_nested: shell.get("IsNested")?.bool()?,
            redirect_shell_error_output_pipe: shell.get("RedirectShellErrorOutputPipe")?.bool()?,
        })
    }
}
