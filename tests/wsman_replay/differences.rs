//! Where our client means to differ from pypsrp's, and why. A row that no recording needs fails the test.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use psdeck::clixml::{Limits, Value, read};
use psdeck::psrp::MessageType;
use uuid::Uuid;

use crate::replay::compare::differences;
use crate::replay::recording::{Recorded, whole};

/// An element or attribute of the envelope, or a message and a member of it; and the reason.
pub const DIFFERENCES: &[(&str, &str)] = &[
    ("Header/MessageID", "new in each request"),
    (
        "Header/OperationID",
        "the recorded client asks for no robust treatment; Windows' own does (1.1)",
    ),
    ("Header/OperationID@mustUnderstand", "as above"),
    ("Header/SequenceId", "as above"),
    ("Header/SequenceId@mustUnderstand", "as above"),
    (
        "Header/OperationTimeout",
        "PowerShell writes milliseconds: PT20.000S",
    ),
    ("Body/Shell/IdleTimeOut", "as above"),
    (
        "Header/MaxEnvelopeSize",
        "a second session does not know yet what the first has learnt of the server",
    ),
    (
        "Header/OptionSet/Option[WINRS_NOPROFILE]",
        "Windows' own client writes 1 (7.4)",
    ),
    (
        "Header/OptionSet/Option[WINRS_NOPROFILE]@MustComply",
        "as above",
    ),
    (
        "Header/OptionSet/Option[WSMAN_CMDSHELL_OPTION_KEEPALIVE]",
        "Windows' own client writes TRUE (7.4)",
    ),
    (
        "Body/Shell@Name",
        "servers list no session without a name (7.4)",
    ),
    (
        "Body/Reconnect",
        "the specification has the element (7.4), the recorded client an empty body",
    ),
    (
        "Body/Signal/Code",
        "the misspelling is the protocol: crtl_c; and terminate is written small (7.6)",
    ),
    (
        "Body/Send/Stream@CommandId",
        "the answer to a pipeline's host call goes to that pipeline",
    ),
    (
        "INIT_RUNSPACEPOOL ApartmentState:types",
        "PowerShell's type is System.Threading.ApartmentState",
    ),
    (
        "INIT_RUNSPACEPOOL ApartmentState:string",
        "and its name is Unknown",
    ),
    ("CREATE_PIPELINE ApartmentState:types", "as above"),
    ("CREATE_PIPELINE ApartmentState:string", "as above"),
    (
        "CREATE_PIPELINE RemoteStreamOptions:types",
        "PowerShell's type is System.Management.Automation.RemoteStreamOptions",
    ),
    (
        "CREATE_PIPELINE RemoteStreamOptions:string",
        "and flags have the names that it gives them",
    ),
    (
        "CREATE_PIPELINE PowerShell.Cmds:types",
        "any list will do, so ours names no assembly of a version that we are not (4.1)",
    ),
    ("CREATE_PIPELINE PowerShell.Cmds[].Args:types", "as above"),
    ("CREATE_PIPELINE PowerShell.ExtraCmds:types", "as above"),
    (
        "CREATE_PIPELINE PowerShell.ExtraCmds[].Cmds:types",
        "as above",
    ),
    (
        "CREATE_PIPELINE PowerShell.ExtraCmds[].Cmds[].Args:types",
        "as above",
    ),
    (
        "CREATE_PIPELINE PowerShell.ExtraCmds:missing",
        "PowerShell leaves it out where there is one statement",
    ),
    (
        "CREATE_PIPELINE PowerShell.Cmds[].MergePreviousResults:string",
        "PowerShell's name of 3 is Warning",
    ),
    (
        "CREATE_PIPELINE PowerShell.ExtraCmds[].Cmds[].MergePreviousResults:string",
        "as above",
    ),
    (
        "CREATE_PIPELINE PowerShell.Cmds[].Args[].V",
        "a secure string, sealed with another session key",
    ),
    (
        "CREATE_PIPELINE PowerShell.ExtraCmds[].Cmds[].Args[].V",
        "as above",
    ),
    (
        "PIPELINE_OUTPUT SS",
        "the same one back: what the recorded key has sealed cannot be read with ours",
    ),
    ("PUBLIC_KEY PublicKey", "each client makes its own key"),
    (
        "ENCRYPTED_SESSION_KEY",
        "sealed for the recorded client's key",
    ),
    (
        "GET_COMMAND_METADATA CommandType",
        "PowerShell writes the enumeration, the recorded client its number",
    ),
    (
        "GET_COMMAND_METADATA FullyQualifiedModule:added",
        "PowerShell 5.1 and later have it",
    ),
    (
        "GET_COMMAND_METADATA Namespace:types",
        "PowerShell writes an array of strings",
    ),
    (
        "GET_AVAILABLE_RUNSPACES ci",
        "our calls are counted from 1, as PowerShell's",
    ),
    ("RESET_RUNSPACE_STATE ci", "as above"),
    (
        "SET_MAX_RUNSPACES CI:missing",
        "PowerShell's name is ci; and as above",
    ),
    ("SET_MAX_RUNSPACES ci:added", "as above"),
    ("SET_MIN_RUNSPACES CI:missing", "as above"),
    ("SET_MIN_RUNSPACES ci:added", "as above"),
];

/// The elements that hold fragments.
const DATA: [&str; 4] = [
    "Body/Shell/creationXml",
    "Body/CommandLine/Arguments",
    "Body/Send/Stream",
    "Body/Connect/connectXml",
];

/// The table, and which rows were needed.
pub struct Table<'a> {
    pub file: &'a str,
    pub used: &'a mut BTreeSet<usize>,
}

impl Table<'_> {
    /// Compares a request; `ids` are the recorded commands and ours. How many messages it holds.
    pub fn compare(
        &mut self,
        recorded: &BTreeMap<String, String>,
        ours: &BTreeMap<String, String>,
        ids: &[(Uuid, Uuid)],
    ) -> usize {
        let mut messages = 0;
        let places: BTreeSet<_> = recorded.keys().chain(ours.keys()).collect();
        for place in places {
            let theirs = recorded.get(place).map(String::as_str);
            let own = ours.get(place).map(|text| {
                let known = ids.iter().find(|(_, id)| same(*id, text));
                known.map_or(text.clone(), |(id, _)| id.to_string().to_uppercase())
            });
            match (theirs, &own) {
                (Some(theirs), Some(own)) if DATA.contains(&place.as_str()) => {
                    messages += self.messages(theirs, own, ids);
                }
                (theirs, own) if theirs == own.as_deref() => {}
                (theirs, own) => self.differs(place, &format!("{theirs:?}, ours {own:?}")),
            }
        }
        messages
    }

    pub fn differs(&mut self, place: &str, how: &str) {
        let row = DIFFERENCES.iter().position(|(at, _)| *at == place);
        let Some(row) = row else {
            panic!("{}: {place}: {how}", self.file);
        };
        self.used.insert(row);
    }

    fn messages(&mut self, recorded: &str, ours: &str, ids: &[(Uuid, Uuid)]) -> usize {
        let decoded = |text: &str| whole(&STANDARD.decode(text).unwrap());
        let (recorded, ours) = (decoded(recorded), decoded(ours));
        let kinds = |messages: &[Recorded]| {
            let kinds = messages
                .iter()
                .map(|message| MessageType::from(message.kind).to_string());
            kinds.collect::<Vec<_>>()
        };
        assert_eq!(kinds(&recorded), kinds(&ours), "{}", self.file);
        for (recorded, ours) in recorded.iter().zip(&ours) {
            let kind = MessageType::from(recorded.kind);
            assert_eq!(recorded.destination, ours.destination);
            assert!(ours.pipeline.is_nil() || ids.iter().any(|(_, id)| *id == ours.pipeline));
            let (theirs, own) = (body(recorded), body(ours));
            for path in differences(&theirs, &own) {
                let how = format!("\n{recorded:?}\n{ours:?}");
                self.differs(&format!("{kind} {path}"), &how);
            }
        }
        recorded.len()
    }
}

fn same(id: Uuid, text: &str) -> bool {
    text.parse() == Ok(id)
}

pub fn body(message: &Recorded) -> Value {
    if message.body.is_empty() {
        Value::Null
    } else {
        read(&message.body, &Limits::default()).unwrap()
    }
}
