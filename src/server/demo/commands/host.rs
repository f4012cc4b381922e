//! Commands that ask and tell the person.

use super::Call;
use crate::clixml::Value;
use crate::clixml::records::ProgressRecord;
use crate::psrp::host::{ChoiceDescription, FieldDescription, HostAnswer, HostMethod, credential};
use crate::server::demo::evaluator::{Evaluator, Run};
use crate::server::demo::fault::Fault;
use crate::server::demo::outside::Emission;

impl Evaluator<'_> {
    /// `Write-Debug` to `Write-Warning`.
    pub(super) fn write(&mut self, call: &Call<'_>, item: Value) -> Run<()> {
        let text = item.text();
        self.tell(match call.code.name.as_str() {
            "Write-Debug" if call.is("debug") => Emission::Debug(text),
            "Write-Error" => {
                let id = "Microsoft.PowerShell.Commands.WriteErrorException";
                let fault = Fault::new(id, text).kind("WriteErrorException", 0, "");
                Emission::Error(fault.of("Write-Error"))
            }
            "Write-Host" => Emission::Information(text.into(), vec!["PSHOST".into()]),
            "Write-Information" => Emission::Information(item, Vec::new()),
            "Write-Progress" => Emission::Progress(Box::new(ProgressRecord {
                activity: text,
                status_description: call.get("status").text(),
                percent_complete: call.get("percentcomplete").as_i32(),
                completed: call.is("completed"),
                ..ProgressRecord::default()
            })),
            "Write-Verbose" if call.is("verbose") => Emission::Verbose(text),
            "Write-Warning" => Emission::Warning(text),
            _ => return Ok(()),
        })
    }

    /// `Read-Host` and `Get-Credential`.
    pub(super) fn question(&mut self, call: &Call<'_>) -> Run<Value> {
        let (first, secure) = (call.first().text(), call.is("assecurestring"));
        let kind = if secure {
            "System.Security.SecureString"
        } else {
            "System.String"
        };
        let command = call.code.name.as_str();
        let question = match command {
            "Get-Credential" => HostMethod::PromptForCredential2 {
                caption: "PowerShell credential request".into(),
                message: call.get("message").text(),
                user: first,
                target: String::new(),
                allowed: 3,
                options: 1,
            },
            _ if !first.is_empty() => HostMethod::Prompt {
                caption: String::new(),
                message: String::new(),
                fields: vec![FieldDescription::mandatory(&first, kind)],
            },
            _ if secure => HostMethod::ReadLineAsSecureString {},
            _ => HostMethod::ReadLine {},
        };
        self.ask(command, question)
    }

    /// `$Host.UI.PromptForChoice(caption, message, labels, default)`.
    pub(in crate::server::demo) fn prompt_for_choice(&mut self, given: &[Value]) -> Run<Value> {
        let given = |place| given.get(place).cloned().unwrap_or_default();
        let choice = |label: Value| ChoiceDescription {
            label: label.text(),
            ..ChoiceDescription::default()
        };
        let question = HostMethod::PromptForChoice {
            caption: given(0).text(),
            message: given(1).text(),
            choices: given(2).items().into_iter().map(choice).collect(),
            default: given(3).as_i32().unwrap_or(-1),
        };
        self.ask("PromptForChoice", question)
    }

    fn ask(&mut self, command: &str, question: HostMethod) -> Run<Value> {
        self.flush()?;
        Ok(match self.outside.ask(question)? {
            HostAnswer::Line(line) => line.into(),
            HostAnswer::SecureLine(secret) => secret.to_value(),
            HostAnswer::Credential { user, password } => credential(&user, &password),
            HostAnswer::Choice(place) => place.into(),
            HostAnswer::Fields(mut fields) => fields.pop().unwrap_or_default().1,
            _ => {
                let message = "A command that prompts the user failed because the host program or the command type does not support user interaction.";
                let fault = Fault::new("HostException", message);
                return Err(fault.kind("HostException", 0, "").of(command).into());
            }
        })
    }
}
