//! What our client reports: compared with the message behind it, and written down for people to look at.

use std::collections::BTreeMap;
use std::fmt::Write;

use psdeck::clixml::{Value, write};
use psdeck::psrp::MessageType;
use psdeck::psrp::client::{Event, RunspaceAnswer};
use psdeck::psrp::host::HostMethod;
use uuid::Uuid;

use super::compare::differences;

/// The events of one conversation, one a line.
#[derive(Default)]
pub struct Transcript {
    pub text: String,
    /// What the host was asked to write, blank lines aside.
    pub lines: Vec<String>,
    numbers: BTreeMap<Uuid, usize>,
}

impl Transcript {
    pub fn add(&mut self, event: &Event) {
        let line = match event {
            Event::PoolState { state, reason } => {
                let reason = reason
                    .as_ref()
                    .map_or(String::new(), |why| format!(": {why}"));
                format!("pool {state:?}{reason}")
            }
            Event::ApplicationPrivateData(entries) => {
                let mut keys: Vec<_> = entries.iter().filter_map(|(key, _)| key.as_str()).collect();
                keys.sort_unstable();
                format!("pool ApplicationPrivateData {}", keys.join(" "))
            }
            Event::UserEvent(event) => format!("pool UserEvent {}", event.source_identifier),
            Event::RunspaceAvailability { ci, answer } => {
                format!("pool answer to {ci}: {answer:?}")
            }
            Event::Output {
                pipeline, value, ..
            } => {
                format!("{} output {}", self.number(*pipeline), short(value))
            }
            Event::Error { pipeline, record } => {
                let number = self.number(*pipeline);
                format!(
                    "{number} error {} ({})",
                    record.display_text(),
                    record.fully_qualified_error_id
                )
            }
            Event::Warning { pipeline, record } => {
                format!("{} warning {}", self.number(*pipeline), record.message)
            }
            Event::Verbose { pipeline, record } => {
                format!("{} verbose {}", self.number(*pipeline), record.message)
            }
            Event::Debug { pipeline, record } => {
                format!("{} debug {}", self.number(*pipeline), record.message)
            }
            Event::Information { pipeline, record } => {
                let number = self.number(*pipeline);
                format!(
                    "{number} information {} {:?}",
                    record.display_text(),
                    record.tags
                )
            }
            Event::Progress { pipeline, record } => {
                let number = self.number(*pipeline);
                format!(
                    "{number} progress {} {:?}",
                    record.activity, record.percent_complete
                )
            }
            Event::PipelineState {
                pipeline,
                state,
                reason,
            } => {
                let reason = reason
                    .as_ref()
                    .map_or(String::new(), |why| format!(": {why}"));
                format!("{} {state:?}{reason}", self.number(*pipeline))
            }
            Event::HostCall { target, call } => {
                let number = match target {
                    psdeck::psrp::Target::Pool => "pool".to_owned(),
                    psdeck::psrp::Target::Pipeline(id) => self.number(*id),
                };
                self.note(&call.method);
                format!("{number} host {} {:?}", call.id, call.method)
            }
            other => format!("{other:?}"),
        };
        writeln!(
            self.text,
            "{}",
            line.replace('\n', "⏎").replace('\u{1b}', "␛")
        )
        .unwrap();
    }

    fn number(&mut self, id: Uuid) -> String {
        let next = self.numbers.len() + 1;
        format!("pipeline {}", self.numbers.entry(id).or_insert(next))
    }

    fn note(&mut self, method: &HostMethod) {
        let line = match method {
            HostMethod::WriteLine2 { text }
            | HostMethod::WriteLine3 { text, .. }
            | HostMethod::Write2 { text, .. }
            | HostMethod::WriteErrorLine { text }
            | HostMethod::WriteDebugLine { text }
            | HostMethod::WriteVerboseLine { text }
            | HostMethod::WriteWarningLine { text } => text.to_string(),
            HostMethod::Prompt { message, .. } => message.clone(),
            _ => return,
        };
        // Colours are not in the record of what was shown.
        let mut plain = String::new();
        let mut rest = line.as_str();
        while let Some((before, after)) = rest.split_once('\u{1b}') {
            plain.push_str(before);
            rest = after.split_once('m').map_or("", |(_, rest)| rest);
        }
        plain.push_str(rest);
        self.lines
            .extend(Some(plain.trim().to_owned()).filter(|line| !line.is_empty()));
    }
}

fn short(value: &Value) -> String {
    let text = write(value);
    match text.char_indices().nth(160) {
        Some((end, _)) => format!("{}… {} bytes", &text[..end], text.len()),
        None => text,
    }
}

/// Panics unless the event says what the message says.
pub fn agrees(event: &Event, kind: MessageType, body: &Value) {
    use MessageType as T;
    let member = |name: &str| {
        body.member(name)
            .unwrap_or_else(|| panic!("{name} in {body:?}"))
    };
    let text = |name: &str| member(name).as_str().unwrap();
    match (kind, event) {
        (T::ApplicationPrivateData, Event::ApplicationPrivateData(entries)) => {
            let data = member("ApplicationPrivateData");
            assert_eq!(data.as_dictionary().unwrap(), entries);
        }
        (T::RunspacePoolState, Event::PoolState { state, .. }) => {
            assert_eq!(member("RunspaceState"), &Value::Int32(*state as i32));
        }
        (T::PipelineState, Event::PipelineState { state, reason, .. }) => {
            assert_eq!(member("PipelineState"), &Value::Int32(*state as i32));
            assert_eq!(
                reason.is_some(),
                body.member("ExceptionAsErrorRecord").is_some()
            );
        }
        (T::PipelineOutput, Event::Output { value, .. }) => assert_eq!(write(value), write(body)),
        (T::ErrorRecord, Event::Error { record, .. }) => {
            assert_eq!(
                record.fully_qualified_error_id,
                text("FullyQualifiedErrorId")
            );
            assert_eq!(record.to_value(), *body);
        }
        (T::WarningRecord, Event::Warning { record, .. })
        | (T::VerboseRecord, Event::Verbose { record, .. })
        | (T::DebugRecord, Event::Debug { record, .. }) => {
            assert_eq!(record.message, text("InformationalRecord_Message"));
            let serialized = member("InformationalRecord_SerializeInvocationInfo").as_bool();
            assert_eq!(Some(record.invocation.is_some()), serialized);
        }
        (T::InformationRecord, Event::Information { record, .. }) => {
            assert_eq!(&record.message_data, member("MessageData"));
            assert_eq!(record.source, text("Source"));
            // Numbers of threads say nothing to anybody here, and a list is a list.
            let mut missed = differences(body, &record.to_value());
            missed.retain(|path| !path.ends_with("ThreadId") && path != "Tags:types");
            assert_eq!(missed, [""; 0]);
        }
        (T::ProgressRecord, Event::Progress { record, .. }) => {
            assert_eq!(record.activity, text("Activity"));
            assert_eq!(record.activity_id, member("ActivityId").as_i32().unwrap());
            assert_eq!(differences(body, &record.to_value()), [""; 0]);
        }
        (T::PipelineHostCall, Event::HostCall { call, .. }) => {
            let mut missed = differences(body, &call.to_value());
            // A list is a list.
            missed.retain(|path| !path.ends_with("mal:types"));
            assert_eq!(missed, [""; 0]);
        }
        (T::UserEvent, Event::UserEvent(event)) => {
            assert_eq!(
                event.source_identifier,
                text("PSEventArgs.SourceIdentifier")
            );
            assert_eq!(
                &Value::Guid(event.runspace_id),
                member("PSEventArgs.RunspaceId")
            );
        }
        (T::RunspaceAvailability, Event::RunspaceAvailability { ci, answer }) => {
            assert_eq!(member("ci"), &Value::Int64(*ci));
            let told = member("SetMinMaxRunspacesResponse");
            match answer {
                RunspaceAnswer::Done(done) => assert_eq!(told, &Value::Bool(*done)),
                RunspaceAnswer::Free(count) => {
                    let number = told.as_i32().map(i64::from).or(told.as_i64());
                    assert_eq!(number, Some(*count));
                }
            }
        }
        _ => panic!("{kind} led to {event:?}"),
    }
}
