//! Methods of values, and the host object.

use super::{Evaluator, Fault, Run};
use crate::clixml::Value;
use crate::psrp::host::{ChoiceDescription, HostAnswer, HostMethod, credential};
use crate::server::demo::values;

impl Evaluator<'_> {
    /// `$value.name(…)`.
    pub(super) fn method(&mut self, value: &Value, name: &str, arguments: &[Value]) -> Run<Value> {
        let text = values::text(value);
        let argument = |index: usize| arguments.get(index).map(values::text).unwrap_or_default();
        let number = |index: usize| {
            arguments
                .get(index)
                .and_then(Value::as_i64)
                .and_then(|number| usize::try_from(number).ok())
        };
        Ok(match (value, name.to_lowercase().as_str()) {
            (Value::Null, _) => {
                let message = "You cannot call a method on a null-valued expression.";
                return Err(Fault::new("InvokeMethodOnNull", message).into());
            }
            (_, "tostring") => text.into(),
            (_, "gettype") => {
                let full = values::type_name(value);
                let short = full.rsplit('.').next().unwrap_or_default().to_owned();
                values::object(
                    Some("System.RuntimeType"),
                    [("Name", Value::from(short)), ("FullName", full.into())],
                )
            }
            (Value::String(_), "toupper") => text.to_uppercase().into(),
            (Value::String(_), "tolower") => text.to_lowercase().into(),
            (Value::String(_), "trim") => text.trim().into(),
            (Value::String(_), "contains") => text.contains(&argument(0)).into(),
            (Value::String(_), "startswith") => text.starts_with(&argument(0)).into(),
            (Value::String(_), "split") => {
                values::array(text.split(&argument(0)).map(Value::from).collect())
            }
            (Value::String(_), "substring") => {
                let rest = text.chars().skip(number(0).unwrap_or_default());
                rest.take(number(1).unwrap_or(usize::MAX))
                    .collect::<String>()
                    .into()
            }
            (Value::Object(_), "promptforchoice") => {
                let label = |label: &Value| ChoiceDescription {
                    label: values::text(label),
                    help: String::new(),
                };
                self.ask(HostMethod::PromptForChoice {
                    caption: argument(0),
                    message: argument(1),
                    choices: arguments
                        .get(2)
                        .and_then(Value::as_list)
                        .unwrap_or_default()
                        .iter()
                        .map(label)
                        .collect(),
                    default: arguments.get(3).and_then(Value::as_i32).unwrap_or(-1),
                })?
            }
            _ => {
                let kind = values::type_name(value);
                let message = format!(
                    "Method invocation failed because [{kind}] does not contain a method named '{name}'."
                );
                return Err(Fault::new("MethodNotFound", message).target(name).into());
            }
        })
    }

    /// `$Host`.
    pub(in crate::server::demo) fn host(&self) -> Value {
        let (width, height) = self.outside.window();
        let size = [
            ("Width", values::count(width)),
            ("Height", values::count(height)),
        ];
        let size = values::object(Some("System.Management.Automation.Host.Size"), size);
        let raw = values::object(None, [("WindowSize", size)]);
        let ui = values::object(None, [("RawUI", raw)]);
        values::object(None, [("Name", "ServerRemoteHost".into()), ("UI", ui)])
    }

    /// Asks the person, and takes the answer as a value.
    pub(in crate::server::demo) fn ask(&mut self, call: HostMethod) -> Run<Value> {
        self.flush()?;
        Ok(match self.outside.ask(call)? {
            HostAnswer::Line(line) => line.into(),
            HostAnswer::SecureLine(secret) => secret.to_value(),
            HostAnswer::Credential { user, password } => credential(&user, &password),
            HostAnswer::Choice(index) => Value::Int32(index),
            HostAnswer::Fields(fields) => values::hashtable(
                fields
                    .into_iter()
                    .map(|(name, value)| (name.into(), value))
                    .collect(),
            ),
            _ => {
                let message = "A command that prompts the user failed because the host program or the command type does not support user interaction.";
                return Err(Fault::new("HostException", message)
                    .kind("HostException", 0)
                    .into());
            }
        })
    }
}
