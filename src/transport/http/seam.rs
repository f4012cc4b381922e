//! The session's commands and events, as the state machine has them.

use crate::psrp::Priority;
use crate::transport::{Buffering, Command, Event, Failure, Keeping};
use crate::wsman::client::{self, Client};

/// Hands a command to the state machine.
pub(super) fn order(client: &mut Client, command: Command) {
    match command {
        Command::Open { id, name, opening } => client.open(id, &name, opening),
        Command::CreatePipeline { id, first } => client.create_pipeline(id, first),
        Command::Send {
            target,
            priority,
            data,
        } => client.send(target, priority, data),
        Command::Read { target, credit } => client.read(target, credit),
        Command::Stop(id) => client.stop(id),
        Command::ClosePipeline(id) => client.close_pipeline(id),
        Command::Close => client.close(),
        Command::Disconnect(leave) => {
            client.disconnect(leave.idle_timeout, leave.buffering.map(Buffering::name));
        }
        Command::Reconnect => client.reconnect(),
        Command::Connect { id, opening, ours } => client.connect(id, opening, ours),
        Command::ConnectPipeline(id) => client.connect_pipeline(id),
    }
}

/// What the state machine tells; `failed` finds the words for a failure.
pub(super) fn event(
    event: client::Event,
    failed: impl FnOnce(&client::Failure) -> Failure,
) -> Event {
    match event {
        client::Event::Opened => Event::Opened,
        client::Event::Data { target, data } => Event::Data { target, data },
        client::Event::Acknowledged { target, priority } => match priority {
            Priority::Default => Event::Acknowledged(target),
            Priority::PromptResponse => Event::Answered(target),
        },
        client::Event::StopAcknowledged(id) => Event::StopAcknowledged(id),
        client::Event::PipelineClosed(id) => Event::PipelineClosed(id),
        client::Event::Fault { target, failure } => Event::Fault {
            target,
            failure: failed(&failure),
        },
        client::Event::Disconnected(why) => Event::Disconnected(why.as_ref().map(failed)),
        client::Event::NotDisconnected(failure) => Event::NotDisconnected(failed(&failure)),
        client::Event::Kept(kept) => Event::Kept(Keeping {
            idle_timeout: kept.idle_timeout,
            max_idle_timeout: kept.max_idle_timeout,
            buffering: kept.buffering.and_then(|mode| mode.parse().ok()),
        }),
        client::Event::Reconnected => Event::Reconnected,
        client::Event::Connected(answer) => Event::Connected(answer),
        client::Event::Closed(why) => Event::Closed(why.as_ref().map(failed)),
        client::Event::Lost(failure) => Event::Lost(failed(&failure)),
        client::Event::Retrying { why, window } => Event::Interrupted {
            why: why.text,
            window,
        },
        client::Event::Back => Event::Restored,
        client::Event::Gap(target) => Event::Gap(target),
        client::Event::Notice(text) => Event::Notice(text),
    }
}
