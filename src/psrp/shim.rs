//! Temporary.
#![allow(missing_docs, clippy::all, clippy::pedantic)]
use crate::clixml::{Error, Value};
macro_rules! shim { ($($t:ident)*) => { $(
#[derive(Clone, Debug, PartialEq)] pub struct $t(pub Value);
impl $t { pub fn from_value(v: &Value) -> Result<Self, Error> { Ok(Self(v.clone())) } pub fn to_value(&self) -> Value { self.0.clone() } }
)* } }
shim! { ErrorRecord InformationalRecord InformationRecord HostInfo ProgressRecord }
impl Default for HostInfo {
    fn default() -> Self {
        Self(Value::Null)
    }
}
impl ErrorRecord {
    pub fn message(&self) -> String {
        String::new()
    }
}
