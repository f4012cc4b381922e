//! The parameters that every cmdlet has.

use super::convert::mismatch;
use crate::cmdlets::Error;
use crate::cmdlets::value::Value;

/// What the common parameters said.
#[derive(Clone, Debug, Default)]
pub(in crate::cmdlets) struct Common {
    pub(in crate::cmdlets) verbose: Option<bool>,
    pub(in crate::cmdlets) error_action: Option<Action>,
    pub(in crate::cmdlets) warning_action: Option<Action>,
    pub(in crate::cmdlets) information_action: Option<Action>,
    pub(in crate::cmdlets) progress_action: Option<Action>,
    pub(in crate::cmdlets) error_variable: Option<String>,
    pub(in crate::cmdlets) warning_variable: Option<String>,
    pub(in crate::cmdlets) information_variable: Option<String>,
    pub(in crate::cmdlets) out_variable: Option<String>,
}

/// What becomes of a message of a stream (`ActionPreference`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cmdlets) enum Action {
    SilentlyContinue,
    Stop,
    Continue,
    Inquire,
    Ignore,
}

/// A common parameter: its name and its alias.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Name(pub(super) &'static str, pub(super) &'static str);

pub(super) const NAMES: &[Name] = &[
    Name("Verbose", "vb"),
    Name("Debug", "db"),
    Name("ErrorAction", "ea"),
    Name("WarningAction", "wa"),
    Name("InformationAction", "infa"),
    Name("ProgressAction", "proga"),
    Name("ErrorVariable", "ev"),
    Name("WarningVariable", "wv"),
    Name("InformationVariable", "iv"),
    Name("OutVariable", "ov"),
    Name("OutBuffer", "ob"),
    Name("PipelineVariable", "pv"),
];

impl Name {
    pub(super) fn is_switch(self) -> bool {
        matches!(self.0, "Verbose" | "Debug")
    }
}

impl Common {
    pub(super) fn set(&mut self, name: Name, value: &Value) -> Result<(), Error> {
        let action = || {
            Action::read(value).ok_or_else(|| {
                mismatch(
                    name.0,
                    value,
                    "System.Management.Automation.ActionPreference",
                )
            })
        };
        let variable = || Some(value.text());
        match name.0 {
            "Verbose" => self.verbose = Some(value.truth()),
            // Nothing here has debug messages of its own.
            "Debug" => {}
            "ErrorAction" => self.error_action = Some(action()?),
            "WarningAction" => self.warning_action = Some(action()?),
            "InformationAction" => self.information_action = Some(action()?),
            "ProgressAction" => self.progress_action = Some(action()?),
            "ErrorVariable" => self.error_variable = variable(),
            "WarningVariable" => self.warning_variable = variable(),
            "InformationVariable" => self.information_variable = variable(),
            "OutVariable" => self.out_variable = variable(),
            "PipelineVariable" => return Err(Error::unsupported("-PipelineVariable")),
            // How many objects are held back: nobody sees a difference here.
            _ => {
                value
                    .as_i64()
                    .ok_or_else(|| mismatch(name.0, value, "System.Int32"))?;
            }
        }
        Ok(())
    }
}

impl Action {
    /// By its name, or an unambiguous beginning of it, or its number.
    pub(in crate::cmdlets) fn read(value: &Value) -> Option<Self> {
        const ALL: [(&str, Action); 5] = [
            ("SilentlyContinue", Action::SilentlyContinue),
            ("Stop", Action::Stop),
            ("Continue", Action::Continue),
            ("Inquire", Action::Inquire),
            ("Ignore", Action::Ignore),
        ];
        if let Some(number) = value.as_i64() {
            return ALL
                .get(usize::try_from(number).ok()?)
                .map(|(_, action)| *action);
        }
        let text = value.as_str()?.to_ascii_lowercase();
        let fits = |name: &str| !text.is_empty() && name.to_ascii_lowercase().starts_with(&text);
        let mut found = ALL.iter().filter(|(name, _)| fits(name));
        let (_, action) = found.next()?;
        found.next().is_none().then_some(*action)
    }
}
