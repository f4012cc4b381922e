//! What a host does that has no window and no person of its own: which calls it answers on the spot, shows, or asks.

use crate::clixml::{Content, ListKind, Object, Text, Value, Version};
use crate::psrp::Secret;
use crate::psrp::host::{
    ChoiceDescription, Coordinates, HostAnswer, HostMethod, KeyInfo, Size as Extent, credential,
};
use crate::session::{
    Colour, FieldReply, HostEvent, Line, Prompt, PromptField, PromptReply, Size, StreamKind,
};

/// The answers that need nobody.
pub(super) fn on_the_spot(method: &HostMethod, window: Size) -> Option<HostAnswer> {
    let extent = Extent {
        width: window.columns.into(),
        height: window.rows.into(),
    };
    let origin = Coordinates { x: 0, y: 0 };
    let refused = |why| Some(HostAnswer::refused(method.id(), why));
    Some(match method {
        HostMethod::GetName {} => HostAnswer::Line("psdeck".into()),
        HostMethod::GetVersion {} => HostAnswer::Version(Version::new(
            env!("CARGO_PKG_VERSION_MAJOR").parse().unwrap_or(0),
            env!("CARGO_PKG_VERSION_MINOR").parse().unwrap_or(0),
        )),
        HostMethod::GetInstanceId {} => HostAnswer::Guid(uuid::Uuid::new_v4()),
        HostMethod::GetCurrentCulture {} | HostMethod::GetCurrentUICulture {} => {
            HostAnswer::Line("en-US".into())
        }
        HostMethod::GetForegroundColor {} | HostMethod::GetBackgroundColor {} => {
            HostAnswer::Choice(-1)
        }
        HostMethod::GetCursorPosition {} | HostMethod::GetWindowPosition {} => {
            HostAnswer::Position(origin)
        }
        HostMethod::GetCursorSize {} => HostAnswer::Choice(25),
        HostMethod::GetBufferSize {}
        | HostMethod::GetWindowSize {}
        | HostMethod::GetMaxWindowSize {}
        | HostMethod::GetMaxPhysicalWindowSize {} => HostAnswer::Size(extent),
        HostMethod::GetWindowTitle {} => HostAnswer::Line(String::new()),
        HostMethod::GetKeyAvailable {} | HostMethod::GetIsRunspacePushed {} => {
            HostAnswer::Truth(false)
        }
        // Where the cursor is, what the colours are and what stands on the screen is the terminal's own affair here.
        HostMethod::NotifyBeginApplication {}
        | HostMethod::NotifyEndApplication {}
        | HostMethod::SetForegroundColor { .. }
        | HostMethod::SetBackgroundColor { .. }
        | HostMethod::SetCursorPosition { .. }
        | HostMethod::SetWindowPosition { .. }
        | HostMethod::SetCursorSize { .. }
        | HostMethod::SetBufferSize { .. }
        | HostMethod::SetWindowSize { .. }
        | HostMethod::FlushInputBuffer {}
        | HostMethod::SetBufferContents2 { .. }
        | HostMethod::ScrollBufferContents { .. } => HostAnswer::Void,
        HostMethod::GetBufferContents { .. } => {
            return refused("what stands on the screen is not given to a remote computer");
        }
        HostMethod::EnterNestedPrompt {}
        | HostMethod::ExitNestedPrompt {}
        | HostMethod::PushRunspace {}
        | HostMethod::GetRunspace {} => return refused("not available in a remote session"),
        _ => return None,
    })
}

/// What a void method shows.
pub(super) fn shown(method: HostMethod) -> Option<HostEvent> {
    let write = |text: &Text, newline, foreground: i32, background: i32| {
        Some(HostEvent::Write(Line {
            text: text.to_str_lossy().into_owned(),
            newline,
            foreground: colour(foreground),
            background: colour(background),
        }))
    };
    let stream =
        |kind, text: &Text| Some(HostEvent::Stream(kind, text.to_str_lossy().into_owned()));
    match method {
        HostMethod::Write1 { text } => write(&text, false, -1, -1),
        HostMethod::Write2 {
            foreground,
            background,
            text,
        } => write(&text, false, foreground, background),
        HostMethod::WriteLine1 {} => write(&"".into(), true, -1, -1),
        HostMethod::WriteLine2 { text } => write(&text, true, -1, -1),
        HostMethod::WriteLine3 {
            foreground,
            background,
            text,
        } => write(&text, true, foreground, background),
        HostMethod::WriteErrorLine { text } => stream(StreamKind::Error, &text),
        HostMethod::WriteWarningLine { text } => stream(StreamKind::Warning, &text),
        HostMethod::WriteVerboseLine { text } => stream(StreamKind::Verbose, &text),
        HostMethod::WriteDebugLine { text } => stream(StreamKind::Debug, &text),
        HostMethod::WriteProgress { source, record } => {
            Some(HostEvent::Progress { source, record })
        }
        HostMethod::SetWindowTitle { title } => {
            Some(HostEvent::Title(title.to_str_lossy().into_owned()))
        }
        HostMethod::SetBufferContents1 { rectangle, .. } => {
            let all = [
                rectangle.left,
                rectangle.top,
                rectangle.right,
                rectangle.bottom,
            ] == [-1; 4];
            all.then_some(HostEvent::Clear)
        }
        HostMethod::SetShouldExit { exit_code } => Some(HostEvent::ShouldExit(exit_code)),
        HostMethod::PopRunspace {} => Some(HostEvent::PopRunspace),
        _ => None,
    }
}

/// What a method asks of the person.
pub(super) fn asked(method: &HostMethod, computer: &str) -> Option<Prompt> {
    let choices = |choices: &[ChoiceDescription]| {
        choices
            .iter()
            .map(|choice| (choice.label.clone(), choice.help.clone()))
            .collect()
    };
    Some(match method {
        HostMethod::ReadLine {} => Prompt::Line,
        HostMethod::ReadLineAsSecureString {} => Prompt::SecureLine,
        HostMethod::ReadKey { .. } => Prompt::Key,
        HostMethod::Prompt {
            caption,
            message,
            fields,
        } => Prompt::Fields {
            caption: caption.clone(),
            message: message.clone(),
            fields: fields
                .iter()
                .map(|field| PromptField {
                    name: field.name.clone(),
                    label: field.label.clone(),
                    help: field.help.clone(),
                    secure: field.is_secure_string(),
                    credential: field.is_credential(),
                    list: field.type_full_name.ends_with("[]"),
                })
                .collect(),
        },
        HostMethod::PromptForCredential1 {
            caption,
            message,
            user,
            ..
        }
        | HostMethod::PromptForCredential2 {
            caption,
            message,
            user,
            ..
        } => Prompt::Credential {
            caption: format!("PowerShell Credential Request: {caption}"),
            message: format!("{}\n\n{message}", warning(computer)),
            user: (!user.is_empty()).then(|| user.clone()),
        },
        HostMethod::PromptForChoice {
            caption,
            message,
            choices: all,
            default,
        } => Prompt::Choice {
            caption: caption.clone(),
            message: message.clone(),
            choices: choices(all),
            defaults: usize::try_from(*default)
                .ok()
                .filter(|index| *index < all.len())
                .into_iter()
                .collect(),
            several: false,
        },
        HostMethod::PromptForChoiceMultipleSelection {
            caption,
            message,
            choices: all,
            defaults,
        } => Prompt::Choice {
            caption: caption.clone(),
            message: message.clone(),
            choices: choices(all),
            defaults: defaults
                .iter()
                .filter_map(|index| usize::try_from(*index).ok())
                .filter(|index| *index < all.len())
                .collect(),
            several: true,
        },
        _ => return None,
    })
}

/// The answer on the wire; `None` for a refusal, or where the reply does not fit.
pub(super) fn answer(method: &HostMethod, reply: PromptReply) -> Option<HostAnswer> {
    let index = |index: usize| i32::try_from(index).ok();
    Some(match (method, reply) {
        (HostMethod::ReadLine {}, PromptReply::Line(text)) => HostAnswer::Line(text),
        (HostMethod::ReadLineAsSecureString {}, PromptReply::Secure(secret)) => {
            HostAnswer::SecureLine(Secret::new(secret.expose()))
        }
        (
            HostMethod::PromptForCredential1 { .. } | HostMethod::PromptForCredential2 { .. },
            PromptReply::Credential { user, password },
        ) => HostAnswer::Credential {
            user,
            password: Secret::new(password.expose()),
        },
        (HostMethod::Prompt { fields, .. }, PromptReply::Fields(replies)) => {
            if fields.len() != replies.len() {
                return None;
            }
            HostAnswer::Fields(
                fields
                    .iter()
                    .zip(replies)
                    .map(|(field, reply)| (field.name.clone(), field_value(reply)))
                    .collect(),
            )
        }
        (HostMethod::PromptForChoice { choices, .. }, PromptReply::Choice(chosen)) => {
            let chosen = *chosen.first().filter(|chosen| **chosen < choices.len())?;
            HostAnswer::Choice(index(chosen)?)
        }
        (
            HostMethod::PromptForChoiceMultipleSelection { choices, .. },
            PromptReply::Choice(chosen),
        ) => HostAnswer::Choices(
            chosen
                .into_iter()
                .filter(|chosen| *chosen < choices.len())
                .map(index)
                .collect::<Option<_>>()?,
        ),
        (HostMethod::ReadKey { .. }, PromptReply::Key(key)) => {
            let mut units = [0; 2];
            let character = key.encode_utf16(&mut units).first().copied()?;
            HostAnswer::Key(KeyInfo {
                virtual_key_code: u32::from(key.to_ascii_uppercase()).try_into().ok()?,
                character,
                control_key_state: 0,
                key_down: true,
            })
        }
        _ => return None,
    })
}

fn field_value(reply: FieldReply) -> Value {
    match reply {
        FieldReply::Text(text) => text.into(),
        FieldReply::Secure(secret) => Secret::new(secret.expose()).to_value(),
        FieldReply::Credential(user, password) => {
            credential(&user, &Secret::new(password.expose()))
        }
        FieldReply::List(items) => Object {
            content: Content::List(ListKind::List, items.into_iter().map(Value::from).collect()),
            ..Object::default().with_types(["System.Collections.ArrayList", "System.Object"])
        }
        .into(),
    }
}

fn colour(number: i32) -> Option<Colour> {
    u8::try_from(number)
        .ok()
        .filter(|number| *number < 16)
        .map(Colour)
}

pub(super) fn warning(computer: &str) -> String {
    format!(
        "A script or application on the remote computer {computer} asks for a secret. Enter one only if you trust that \
         computer and what runs on it."
    )
}
