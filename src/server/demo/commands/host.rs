//! Commands that ask and tell the person.

use super::Call;
use crate::clixml::records::ProgressRecord;
use crate::clixml::{Text, Value};
use crate::psrp::host::{ChoiceDescription, FieldDescription, HostAnswer, HostMethod, credential};
use crate::server::demo::evaluator::{Evaluator, Run};
use crate::server::demo::fault::Fault;
use crate::server::demo::outside::Emission;

/// `System.ConsoleColor`, by number.
const COLOURS: &str = "Black DarkBlue DarkGreen DarkCyan DarkRed DarkMagenta DarkYellow Gray DarkGray Blue Green Cyan Red Magenta Yellow White";

impl Evaluator<'_> {
    /// `Write-Debug` to `Write-Warning`: puts a record out, and shows it.
    pub(super) fn write(&mut self, call: &Call<'_>, item: Value) -> Run<()> {
        let record = item.text();
        let text = Text::from(record.as_str());
        let (record, show) = match call.code.name.as_str() {
            "Write-Debug" if call.is("debug") => {
                (Emission::Debug(record), HostMethod::WriteDebugLine { text })
            }
            "Write-Error" => {
                let id = "Microsoft.PowerShell.Commands.WriteErrorException";
                let fault = Fault::new(id, record).kind("WriteErrorException", 0, "");
                return self.failed(call, fault);
            }
            "Write-Host" => {
                let wanted = call.text("foregroundcolor");
                let mut colours = COLOURS.split(' ').zip(0..);
                let colour = colours.find(|(name, _)| name.eq_ignore_ascii_case(&wanted));
                let (foreground, background) = (colour.map_or(-1, |(_, number)| number), -1);
                let show = if call.is("nonewline") {
                    HostMethod::Write2 {
                        foreground,
                        background,
                        text,
                    }
                } else {
                    HostMethod::WriteLine3 {
                        foreground,
                        background,
                        text,
                    }
                };
                (
                    Emission::Information(record.into(), vec!["PSHOST".into()]),
                    show,
                )
            }
            "Write-Information" => {
                let record = Emission::Information(item, Vec::new());
                return Ok(self.outside.emit(record)?);
            }
            "Write-Progress" => {
                let record = Box::new(ProgressRecord {
                    activity: record,
                    status_description: call.text("status"),
                    percent_complete: call.get("percentcomplete").as_i32(),
                    completed: call.is("completed"),
                    ..ProgressRecord::default()
                });
                let show = HostMethod::WriteProgress {
                    source: 0,
                    record: record.clone(),
                };
                (Emission::Progress(record), show)
            }
            "Write-Verbose" if call.is("verbose") => (
                Emission::Verbose(record),
                HostMethod::WriteVerboseLine { text },
            ),
            "Write-Warning" => (
                Emission::Warning(record),
                HostMethod::WriteWarningLine { text },
            ),
            _ => return Ok(()),
        };
        self.flush()?;
        self.outside.emit(record)?;
        Ok(self.outside.show(show)?)
    }

    /// What the person answers to `Read-Host` or `Get-Credential`.
    pub(super) fn question(&mut self, call: &Call<'_>) -> Run<Value> {
        let prompt = call.text("prompt");
        let secure = call.is("assecurestring");
        self.ask(match call.code.name.as_str() {
            "Get-Credential" => HostMethod::PromptForCredential2 {
                caption: "PowerShell credential request".into(),
                message: call.text("message"),
                user: call.text("username"),
                target: String::new(),
                allowed: 3,
                options: 1,
            },
            _ if !prompt.is_empty() => return self.ask_field(&prompt, secure),
            _ if secure => HostMethod::ReadLineAsSecureString {},
            _ => HostMethod::ReadLine {},
        })
    }

    /// Asks for one value by its name.
    pub(in crate::server::demo) fn ask_field(&mut self, name: &str, secure: bool) -> Run<Value> {
        let kind = if secure {
            "Security.SecureString"
        } else {
            "String"
        };
        let field = FieldDescription {
            name: name.to_owned(),
            type_name: kind.trim_start_matches("Security.").to_owned(),
            type_full_name: format!("System.{kind}"),
            assembly_full_name: format!("System.{kind}, System.Private.CoreLib"),
            mandatory: true,
            ..FieldDescription::default()
        };
        self.ask(HostMethod::Prompt {
            caption: String::new(),
            message: String::new(),
            fields: vec![field],
        })
    }

    /// `$Host.UI.PromptForChoice(caption, message, labels, default)`.
    pub(in crate::server::demo) fn prompt_for_choice(&mut self, given: &[Value]) -> Run<Value> {
        let given = |place| given.get(place).cloned().unwrap_or_default();
        let choice = |label: Value| ChoiceDescription {
            label: label.text(),
            ..ChoiceDescription::default()
        };
        self.ask(HostMethod::PromptForChoice {
            caption: given(0).text(),
            message: given(1).text(),
            choices: given(2).items().into_iter().map(choice).collect(),
            default: given(3).as_i32().unwrap_or(-1),
        })
    }

    fn ask(&mut self, call: HostMethod) -> Run<Value> {
        self.flush()?;
        Ok(match self.outside.ask(call)? {
            HostAnswer::Line(line) => line.into(),
            HostAnswer::SecureLine(secret) => secret.to_value(),
            HostAnswer::Credential { user, password } => credential(&user, &password),
            HostAnswer::Choice(place) => place.into(),
            HostAnswer::Fields(mut fields) => fields.pop().unwrap_or_default().1,
            _ => {
                let message = "A command that prompts the user failed because the host program or the command type does not support user interaction.";
                let fault = Fault::new("HostException", message);
                return Err(fault.kind("HostException", 0, "").into());
            }
        })
    }
}
