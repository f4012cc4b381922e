//! The commands of a pipeline ([MS-PSRP] 2.2.3.11 to 2.2.3.13).

use crate::clixml::{Text, Value, Version};
use crate::psrp::MemberError;
use crate::psrp::members::{Member, bag, enumeration, list};

/// One command of a pipeline.
#[derive(Clone, Debug, PartialEq)]
pub struct CommandSpec {
    /// A command's name, or a script.
    pub text: Text,
    /// Whether `text` is a script.
    pub is_script: bool,
    /// Whether it runs in a scope of its own; the server's choice if nothing is said.
    pub use_local_scope: Option<bool>,
    /// The arguments in order: positional where there is no name, a switch where the value is true. Secure strings are
    /// made with [`Secret::to_value`](crate::psrp::Secret::to_value).
    pub args: Vec<(Option<String>, Value)>,
    /// Which streams go to another one.
    pub merge: Merge,
}

/// `PipelineResultTypes`: a stream or several. Not all combinations have a name; PowerShell adds up Output and Error.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ResultTypes(pub i32);

impl ResultTypes {
    /// Nothing.
    pub const NONE: Self = Self(0);
    /// The output stream.
    pub const OUTPUT: Self = Self(1);
    /// The error stream.
    pub const ERROR: Self = Self(2);
    /// The warning stream. As a sum: output and errors.
    pub const WARNING: Self = Self(3);
    /// The verbose stream.
    pub const VERBOSE: Self = Self(4);
    /// The debug stream.
    pub const DEBUG: Self = Self(5);
    /// The information stream.
    pub const INFORMATION: Self = Self(6);
    /// All streams.
    pub const ALL: Self = Self(7);
    /// Nowhere.
    pub const NULL: Self = Self(8);

    fn encode(self) -> Value {
        const NAMES: [&str; 9] = [
            "None",
            "Output",
            "Error",
            "Warning",
            "Verbose",
            "Debug",
            "Information",
            "All",
            "Null",
        ];
        let name = usize::try_from(self.0)
            .ok()
            .and_then(|index| NAMES.get(index));
        enumeration(
            "System.Management.Automation.Runspaces.PipelineResultTypes",
            name.map_or_else(|| self.0.to_string().into(), |name| Text::from(*name)),
            self.0,
        )
    }
}

/// Which streams of a command go to another one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Merge {
    /// What of the command is merged into `to_result`.
    pub my_result: ResultTypes,
    /// Where `my_result` goes.
    pub to_result: ResultTypes,
    /// What of the commands before goes into this one's input.
    pub previous_results: ResultTypes,
    /// Where errors go; from protocol 2.2.
    pub error: ResultTypes,
    /// Where warnings go; from protocol 2.2.
    pub warning: ResultTypes,
    /// Where verbose records go; from protocol 2.2.
    pub verbose: ResultTypes,
    /// Where debug records go; from protocol 2.2.
    pub debug: ResultTypes,
    /// Where information records go; from protocol 2.3.
    pub information: ResultTypes,
}

impl Merge {
    /// `2>&1`.
    pub const ERRORS_TO_OUTPUT: Self = Self {
        my_result: ResultTypes::ERROR,
        to_result: ResultTypes::OUTPUT,
        error: ResultTypes::OUTPUT,
        ..Self::NOTHING
    };

    /// Nothing is merged.
    pub const NOTHING: Self = Self {
        my_result: ResultTypes::NONE,
        to_result: ResultTypes::NONE,
        previous_results: ResultTypes::NONE,
        error: ResultTypes::NONE,
        warning: ResultTypes::NONE,
        verbose: ResultTypes::NONE,
        debug: ResultTypes::NONE,
        information: ResultTypes::NONE,
    };
}

impl CommandSpec {
    /// A command by name.
    pub fn command(name: impl Into<Text>) -> Self {
        Self {
            text: name.into(),
            is_script: false,
            use_local_scope: None,
            args: Vec::new(),
            merge: Merge::NOTHING,
        }
    }

    /// A script.
    pub fn script(text: impl Into<Text>) -> Self {
        Self {
            is_script: true,
            ..Self::command(text)
        }
    }

    /// The tail that shows what an interactive line gives, errors among it: `Out-Default`.
    pub fn out_default() -> Self {
        Self {
            use_local_scope: Some(true),
            merge: Merge {
                // Output and errors as a sum, although the number spells Warning.
                previous_results: ResultTypes::WARNING,
                ..Merge::NOTHING
            },
            ..Self::command("Out-Default")
        }
    }

    /// Adds a positional argument.
    #[must_use]
    pub fn arg(mut self, value: impl Into<Value>) -> Self {
        self.args.push((None, value.into()));
        self
    }

    /// Adds a named argument.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.args.push((Some(name.into()), value.into()));
        self
    }

    /// Says which streams go to another one.
    #[must_use]
    pub fn merging(mut self, merge: Merge) -> Self {
        self.merge = merge;
        self
    }

    /// The command as a server of that protocol version wants it: it has no members that came later.
    pub(super) fn encode(&self, protocol: Version) -> Value {
        let Merge {
            my_result,
            to_result,
            previous_results,
            error,
            warning,
            verbose,
            debug,
            information,
        } = self.merge;
        let mut members = vec![
            ("Cmd", Value::String(self.text.clone())),
            ("IsScript", self.is_script.into()),
            (
                "UseLocalScope",
                self.use_local_scope.map_or(Value::Null, Value::from),
            ),
            ("MergeMyResult", my_result.encode()),
            ("MergeToResult", to_result.encode()),
            ("MergePreviousResults", previous_results.encode()),
        ];
        if protocol >= Version::new(2, 2) {
            members.extend([
                ("MergeError", error.encode()),
                ("MergeWarning", warning.encode()),
                ("MergeVerbose", verbose.encode()),
                ("MergeDebug", debug.encode()),
            ]);
        }
        if protocol >= Version::new(2, 3) {
            members.push(("MergeInformation", information.encode()));
        }
        let args = self.args.iter().map(|(name, value)| {
            let name = name.as_deref().map_or(Value::Null, Value::from);
            bag([("N", name), ("V", value.clone())])
        });
        members.push(("Args", list(args.collect())));
        bag(members)
    }

    pub(super) fn decode(member: &Member<'_>) -> Result<Self, MemberError> {
        let merge = |name: &str| -> Result<ResultTypes, MemberError> {
            member
                .optional(name)
                .map_or(Ok(ResultTypes::NONE), |stream| {
                    stream.enumeration().map(ResultTypes)
                })
        };
        let scope = member.get("UseLocalScope")?;
        let mut args = Vec::new();
        for arg in member.get("Args")?.items()? {
            let name = arg.get("N")?.text_or_null()?;
            let name = name.map(|name| name.to_str_lossy().into_owned());
            args.push((name, arg.get("V")?.value().clone()));
        }
        Ok(Self {
            text: member.get("Cmd")?.text()?,
            is_script: member.get("IsScript")?.bool()?,
            use_local_scope: if scope.is_null() {
                None
            } else {
                Some(scope.bool()?)
            },
            args,
            merge: Merge {
                my_result: merge("MergeMyResult")?,
                to_result: merge("MergeToResult")?,
                previous_results: merge("MergePreviousResults")?,
                error: merge("MergeError")?,
                warning: merge("MergeWarning")?,
                verbose: merge("MergeVerbose")?,
                debug: merge("MergeDebug")?,
                information: merge("MergeInformation")?,
            },
        })
    }
}
