//! Commands that ask and tell the person, and the clock.

use std::time::Duration;

use super::Call;
use crate::clixml::records::ProgressRecord;
use crate::clixml::{DateTime, DateTimeKind, Text, Value};
use crate::psrp::host::{BufferCell, FieldDescription, HostMethod, Rectangle};
use crate::server::demo::evaluator::{Evaluator, Run, Sink};
use crate::server::demo::fault::Fault;
use crate::server::demo::outside::Emission;
use crate::server::demo::values;

/// `System.ConsoleColor`, by number.
const COLOURS: &str = "Black DarkBlue DarkGreen DarkCyan DarkRed DarkMagenta DarkYellow Gray DarkGray Blue Green Cyan Red Magenta Yellow White";

impl<'e> Evaluator<'e> {
    #[expect(clippy::too_many_lines, reason = "a table of commands")]
    pub(super) fn host_command(
        &mut self,
        call: &mut Call,
        input: Option<Value>,
        out: Sink<'_, 'e>,
    ) -> Run<()> {
        let message = || {
            input
                .clone()
                .or_else(|| call.get("Message").or(call.get("MessageData")).cloned())
                .unwrap_or(Value::Null)
        };
        let text = || values::text(&message());
        let wanted = |evaluator: &Self, switch: &str, preference: &str| {
            call.is(switch)
                || values::text(&evaluator.get(preference)).eq_ignore_ascii_case("continue")
        };
        match call.command.name {
            "Clear-Host" => {
                let rectangle = Rectangle {
                    left: -1,
                    top: -1,
                    right: -1,
                    bottom: -1,
                };
                let fill = BufferCell {
                    character: u16::from(b' '),
                    foreground: 7,
                    background: 0,
                    kind: 0,
                };
                self.tell(None, HostMethod::SetBufferContents1 { rectangle, fill })
            }
            "Exit-PSSession" => self.tell(None, HostMethod::PopRunspace {}),
            "Get-Credential" => {
                let credential = self.ask(HostMethod::PromptForCredential2 {
                    caption: "PowerShell credential request".into(),
                    message: call
                        .text("Message")
                        .unwrap_or_else(|| "Enter your credentials.".into()),
                    user: call.text("UserName").unwrap_or_default(),
                    target: String::new(),
                    allowed: 3,
                    options: 1,
                })?;
                out(self, credential)
            }
            "Get-Date" => {
                // 1970 in ticks.
                let ticks = 621_355_968_000_000_000 + self.outside.now() * 10;
                let now = DateTime {
                    ticks,
                    kind: DateTimeKind::Utc,
                };
                let shown = call
                    .text("Format")
                    .map(|format| values::date(now, &format).into());
                out(self, shown.unwrap_or(Value::DateTime(now)))
            }
            "Read-Host" => {
                let secure = call.is("AsSecureString");
                let answer = match call.text("Prompt") {
                    Some(prompt) => {
                        let kind = if secure { "securestring" } else { "string" };
                        self.ask_fields("", "", &[(&prompt, kind)])?
                            .pop()
                            .unwrap_or(Value::Null)
                    }
                    None if secure => self.ask(HostMethod::ReadLineAsSecureString {})?,
                    None => self.ask(HostMethod::ReadLine {})?,
                };
                out(self, answer)
            }
            "Start-Sleep" => {
                let seconds = call.number("Seconds").unwrap_or_default()
                    + call.number("Milliseconds").unwrap_or_default() / 1000.0;
                self.flush()?;
                Ok(self
                    .outside
                    .sleep(Duration::from_secs_f64(seconds.clamp(0.0, 86_400.0)))?)
            }
            "Write-Debug" if !wanted(self, "Debug", "debugpreference") => Ok(()),
            "Write-Debug" => self.tell(
                Some(Emission::Debug(text())),
                HostMethod::WriteDebugLine {
                    text: text().into(),
                },
            ),
            "Write-Error" => {
                let fault = Fault::new("Microsoft.PowerShell.Commands.WriteErrorException", text());
                let fault = fault.kind("WriteErrorException", 0).command("Write-Error");
                self.error(fault, call.action())
            }
            "Write-Host" => self.write_host(call, input),
            "Write-Information" => {
                let tags = call
                    .get("Tags")
                    .cloned()
                    .map(values::items)
                    .unwrap_or_default();
                Ok(self.outside.emit(Emission::Information(
                    message(),
                    tags.iter().map(values::text).collect(),
                ))?)
            }
            "Write-Progress" => {
                let number = |name: &str| {
                    call.get(name)
                        .and_then(Value::as_i64)
                        .and_then(|number| number.try_into().ok())
                };
                let record = Box::new(ProgressRecord {
                    activity: call.text("Activity").unwrap_or_default(),
                    activity_id: number("Id").unwrap_or_default(),
                    status_description: call.text("Status").unwrap_or_else(|| "Processing".into()),
                    current_operation: call.text("CurrentOperation"),
                    parent_activity_id: None,
                    percent_complete: number("PercentComplete"),
                    seconds_remaining: number("SecondsRemaining"),
                    completed: call.is("Completed"),
                });
                self.tell(
                    Some(Emission::Progress(record.clone())),
                    HostMethod::WriteProgress { source: 0, record },
                )
            }
            "Write-Verbose" if !wanted(self, "Verbose", "verbosepreference") => Ok(()),
            "Write-Verbose" => self.tell(
                Some(Emission::Verbose(text())),
                HostMethod::WriteVerboseLine {
                    text: text().into(),
                },
            ),
            _ => self.tell(
                Some(Emission::Warning(text())),
                HostMethod::WriteWarningLine {
                    text: text().into(),
                },
            ),
        }
    }

    fn write_host(&mut self, call: &Call, input: Option<Value>) -> Run<()> {
        let items = input
            .or_else(|| call.get("Object").cloned())
            .map(values::items)
            .unwrap_or_default();
        let text = items.iter().map(values::text).collect::<Vec<_>>().join(" ");
        let colour = |name: &str| {
            let name = call.text(name)?;
            let place = COLOURS
                .split(' ')
                .position(|colour| colour.eq_ignore_ascii_case(&name));
            place.and_then(|place| i32::try_from(place).ok())
        };
        let record = Emission::Information(text.as_str().into(), vec!["PSHOST".into()]);
        let (foreground, background) = (colour("ForegroundColor"), colour("BackgroundColor"));
        let plain = foreground.or(background).is_none();
        let (foreground, background) = (foreground.unwrap_or(-1), background.unwrap_or(-1));
        let text = Text::from(text);
        self.tell(
            Some(record),
            match (plain, call.is("NoNewline")) {
                (true, true) => HostMethod::Write1 { text },
                (true, false) => HostMethod::WriteLine2 { text },
                (false, true) => HostMethod::Write2 {
                    foreground,
                    background,
                    text,
                },
                (false, false) => HostMethod::WriteLine3 {
                    foreground,
                    background,
                    text,
                },
            },
        )
    }

    /// Puts a record out, and shows it.
    fn tell(&mut self, record: Option<Emission>, call: HostMethod) -> Run<()> {
        self.flush()?;
        record.map_or(Ok(()), |record| self.outside.emit(record))?;
        Ok(self.outside.show(call)?)
    }

    /// Asks for fields (name and type), and gives their values in order.
    pub(in crate::server::demo) fn ask_fields(
        &mut self,
        caption: &str,
        message: &str,
        fields: &[(&str, &str)],
    ) -> Run<Vec<Value>> {
        let described = fields.iter().map(|(name, kind)| {
            let full = values::full_type(kind);
            FieldDescription {
                name: (*name).to_owned(),
                type_name: full.rsplit('.').next().unwrap_or_default().to_owned(),
                type_full_name: full.to_owned(),
                assembly_full_name: format!("{full}, System.Private.CoreLib, Version=10.0.0.0, Culture=neutral, PublicKeyToken=7cec85d7bea7798e"),
                mandatory: true,
                ..FieldDescription::default()
            }
        });
        let answers = self.ask(HostMethod::Prompt {
            caption: caption.to_owned(),
            message: message.to_owned(),
            fields: described.collect(),
        })?;
        Ok(fields
            .iter()
            .map(|(name, _)| values::get(&answers, name))
            .collect())
    }
}
