//! What is done about lost answers where the server keeps none: nothing runs twice.

use super::bench_tests::{
    Bench, COMMAND, COMMANDED, PIPELINE, SHELL, SIGNALLED, data_of, inside, object, output,
};
use super::{Event, Failure, Sent, Trouble};
use crate::psrp::{Priority, Target};
use crate::wsman::Action;

const GONE: u32 = 0x8033_805B;

#[test]
fn a_lost_create_is_looked_for_where_nothing_is_kept() {
    for there in [true, false] {
        let mut bench = Bench::new(false);
        bench.client.open(SHELL, "S", object(10, true));
        let create = bench.sends(Action::Create);
        bench.lose(&create, Sent::Maybe, Trouble::Network);
        bench.wait();
        let get = bench.sends(Action::Get);
        bench.sends_nothing();
        if there {
            bench.answer(&get, "<rsp:Shell><rsp:ShellId>X</rsp:ShellId></rsp:Shell>");
        } else {
            bench.refuse(&get, GONE);
            let again = bench.sends(Action::Create);
            let id = "MessageID>";
            assert_ne!(inside(&again.envelope, id), inside(&create.envelope, id));
            assert!(
                again
                    .envelope
                    .contains("OperationID s:mustUnderstand=\"false\"")
            );
            // The first one had only been slow.
            bench.refuse(&again, 0x8033_81D7);
        }
        assert!(bench.events().contains(&Event::Opened), "{there}");
    }
}

#[test]
fn a_lost_command_is_looked_for_where_nothing_is_kept() {
    for there in [true, false] {
        let (mut bench, _) = Bench::open(false);
        bench.client.create_pipeline(COMMAND, object(10, true));
        let command = bench.sends(Action::Command);
        bench.lose(&command, Sent::Maybe, Trouble::Network);
        bench.wait();
        let list = bench.sends(Action::Enumerate);
        assert!(list.envelope.contains("windows/shell/Command<"));
        let item = format!("<rsp:Command><rsp:CommandId>{COMMAND}</rsp:CommandId></rsp:Command>");
        let items = if there { item.as_str() } else { "" };
        bench.answer(&list, &format!("<n:EnumerateResponse><w:Items>{items}</w:Items><w:EndOfSequence/></n:EnumerateResponse>"));
        if !there {
            let again = bench.sends(Action::Command);
            bench.answer(&again, COMMANDED);
        }
        assert!(matches!(
            bench.events().last(),
            Some(Event::Acknowledged {
                target: PIPELINE,
                ..
            })
        ));
        bench.sends_nothing();
    }
    // Where the server cannot tell, nobody can.
    let (mut bench, _) = Bench::open(false);
    bench.client.create_pipeline(COMMAND, object(10, true));
    let command = bench.sends(Action::Command);
    bench.lose(&command, Sent::Maybe, Trouble::Network);
    bench.wait();
    let list = bench.sends(Action::Enumerate);
    bench.refuse(&list, 0x8033_8074);
    let events = bench.events();
    assert!(
        matches!(
            events.last(),
            Some(Event::Fault {
                target: PIPELINE,
                failure: Failure::Undecided { .. }
            })
        ),
        "{events:?}"
    );
    bench.client.close_pipeline(COMMAND);
    bench.sends(Action::Signal);
}

#[test]
fn a_lost_send_is_never_repeated_where_nothing_is_kept() {
    let (mut bench, _, _) = Bench::running(false);
    bench
        .client
        .send(PIPELINE, Priority::Default, object(10, true));
    let send = bench.sends(Action::Send);
    bench.lose(&send, Sent::Maybe, Trouble::Network);
    let events = bench.events();
    assert!(
        matches!(
            events.last(),
            Some(Event::Fault {
                target: PIPELINE,
                failure: Failure::Undecided { .. }
            })
        ),
        "{events:?}"
    );
    bench.sends_nothing();
    bench
        .client
        .send(Target::Pool, Priority::Default, object(10, true));
    let send = bench.sends(Action::Send);
    bench.lose(&send, Sent::Maybe, Trouble::Garbage);
    assert!(matches!(
        bench.events()[..],
        [Event::Lost(Failure::Undecided { .. })]
    ));
}

#[test]
fn a_lost_receive_is_a_new_one_and_a_gap_where_nothing_is_kept() {
    let (mut bench, _, receive) = Bench::running(false);
    bench.lose(&receive, Sent::Maybe, Trouble::Network);
    assert_eq!(bench.events().last(), Some(&Event::Gap(PIPELINE)));
    bench.wait();
    let list = bench.sends(Action::Enumerate);
    bench.client.written(bench.now, list.exchange);
    bench.answer(&list, &listed("Running"));
    let again = bench.sends(Action::Receive);
    let id = "MessageID>";
    assert_ne!(inside(&again.envelope, id), inside(&receive.envelope, id));
    assert!(
        again
            .envelope
            .contains("OperationID s:mustUnderstand=\"false\"")
    );
    bench.client.written(bench.now, again.exchange);
    assert_eq!(bench.events(), [Event::Back]);
    bench.answer(&again, &output(&object(10, true)));
    assert_eq!(data_of(&bench.events()), 31);
}

#[test]
fn a_command_whose_end_was_lost_fails_instead_of_being_waited_for() {
    for state in ["Done", ""] {
        let (mut bench, _, receive) = Bench::running(false);
        bench.lose(&receive, Sent::Maybe, Trouble::Network);
        bench.wait();
        let list = bench.sends(Action::Enumerate);
        bench.answer(&list, &listed(state));
        let events = bench.events();
        assert!(
            events.contains(&Event::Fault {
                target: PIPELINE,
                failure: Failure::ResultLost
            }),
            "{events:?}"
        );
    }
    // A server that lists no commands.
    let (mut bench, _, receive) = Bench::running(false);
    bench.lose(&receive, Sent::Maybe, Trouble::Network);
    bench.wait();
    let list = bench.sends(Action::Enumerate);
    bench.refuse(&list, 0x8033_8074);
    bench.sends(Action::Receive);
}

#[test]
fn lost_signals_and_deletes_are_repeated() {
    let (mut bench, _, _) = Bench::running(false);
    bench.client.stop(COMMAND);
    let stop = bench.sends(Action::Signal);
    bench.lose(&stop, Sent::Maybe, Trouble::Network);
    bench.wait();
    let again = bench.sends(Action::Signal);
    bench.refuse(&again, 0x8033_81CC);
    assert!(bench.events().contains(&Event::StopAcknowledged(COMMAND)));
    bench.client.close_pipeline(COMMAND);
    let end = bench.sends(Action::Signal);
    bench.lose(&end, Sent::Maybe, Trouble::Network);
    bench.wait();
    let again = bench.sends(Action::Signal);
    bench.answer(&again, SIGNALLED);
    bench.client.close();
    let delete = bench.sends(Action::Delete);
    bench.lose(&delete, Sent::Maybe, Trouble::Network);
    bench.wait();
    let again = bench.sends(Action::Delete);
    bench.refuse(&again, GONE);
    assert_eq!(bench.events().last(), Some(&Event::Closed(None)));
}

/// A list with the command in a state, or without it.
fn listed(state: &str) -> String {
    let item = format!(
        "<rsp:Command><rsp:CommandId>{COMMAND}</rsp:CommandId>\
         <rsp:CommandState>http://schemas.microsoft.com/wbem/wsman/1/windows/shell/CommandState/{state}</rsp:CommandState></rsp:Command>"
    );
    let items = if state.is_empty() { "" } else { &item };
    format!(
        "<n:EnumerateResponse><w:Items>{items}</w:Items><w:EndOfSequence/></n:EnumerateResponse>"
    )
}
