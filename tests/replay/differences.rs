//! Where our client means to differ from PowerShell 7.6's, and why. A row that no recording needs fails the test.

/// One difference.
pub struct Difference {
    /// The message.
    pub message: &'static str,
    /// What differs in it.
    pub what: What,
    /// Why.
    pub reason: &'static str,
}

/// What differs in a message.
pub enum What {
    /// A member, as [`super::compare::differences`] writes it.
    Member(&'static str),
    /// All of it: we do not send a pipeline of this one command.
    Pipeline(&'static str),
    /// The same, where it is part of an interactive line.
    Interactive(&'static str),
}

use What::{Interactive, Member, Pipeline};

const LIST: &str =
    "guide 4.1: any list will do, so ours names no assembly of a version that we are not";
const DEBUGGER: &str = "guide 10.8: without the debugger's support its set-up is left out";

/// All of them.
pub const DIFFERENCES: &[Difference] = &[
    Difference {
        message: "INIT_RUNSPACEPOOL",
        what: Member("ApplicationArguments"),
        reason: "guide 3.3: a PSVersionTable of 4 or later switches the remote debugger on",
    },
    Difference {
        message: "CREATE_PIPELINE",
        what: Member("PowerShell.Cmds:types"),
        reason: LIST,
    },
    Difference {
        message: "CREATE_PIPELINE",
        what: Member("PowerShell.Cmds[].Args:types"),
        reason: LIST,
    },
    Difference {
        message: "CREATE_PIPELINE",
        what: Member("PowerShell.ExtraCmds:types"),
        reason: LIST,
    },
    Difference {
        message: "CREATE_PIPELINE",
        what: Member("PowerShell.ExtraCmds[].Cmds:types"),
        reason: LIST,
    },
    Difference {
        message: "CREATE_PIPELINE",
        what: Member("PowerShell.ExtraCmds[].Cmds[].Args:types"),
        reason: LIST,
    },
    Difference {
        message: "CREATE_PIPELINE",
        what: Pipeline("__Set-PSDebugMode"),
        reason: DEBUGGER,
    },
    Difference {
        message: "CREATE_PIPELINE",
        what: Pipeline("__Set-PSUnhandledBreakpointMode"),
        reason: DEBUGGER,
    },
    Difference {
        message: "CREATE_PIPELINE",
        what: Interactive("prompt"),
        reason: "measured, Interactive: the prompt rides in the line's own pipeline, without a round trip of its own",
    },
];
