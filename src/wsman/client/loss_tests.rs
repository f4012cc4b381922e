//! What is done when answers are lost.

use std::time::Duration;

use super::bench_tests::{
    Bench, COMMAND, COMMANDED, CREATED, PIPELINE, SENT, SHELL, SIGNALLED, data_of, inside, object,
    output,
};
use super::{Client, Event, Failure, Sent, Trouble};
use crate::psrp::{Priority, Target};
use crate::wsman::Action;

const GONE: u32 = 0x8033_805B;

#[test]
fn a_lost_answer_is_asked_for_again_where_the_server_keeps_it() {
    let (mut bench, _, _) = Bench::running(true);
    bench
        .client
        .send(PIPELINE, Priority::Default, object(10, true));
    let send = bench.sends(Action::Send);
    bench.lose(&send, Sent::Maybe, Trouble::Network);
    assert!(matches!(bench.events()[..], [Event::Retrying { .. }]));
    bench.sends_nothing();
    assert!(bench.wait() <= Duration::from_secs(1));
    let again = bench.sends(Action::Send);
    assert!(again.fresh_connection && again.exchange != send.exchange);
    let asks = "OperationID s:mustUnderstand=\"true\">";
    assert_eq!(
        again.envelope,
        send.envelope.replace(&asks.replace("true", "false"), asks)
    );
    let acknowledge = bench.envelope(&send, "Acknowledge", "");
    bench.client.arrived(bench.now, again.exchange, acknowledge);
    assert!(bench.client.process(bench.now));
    assert_eq!(bench.events(), [Event::Back]);
    bench.answer(&again, SENT);
    assert!(matches!(bench.events()[..], [Event::Acknowledged { .. }]));
}

#[test]
fn tries_go_on_until_the_server_may_have_forgotten() {
    let (mut bench, _, receive) = Bench::running(true);
    let start = bench.now;
    let mut lost = receive;
    bench.lose(&lost, Sent::Maybe, Trouble::Network);
    let mut tries = 0;
    loop {
        bench.wait();
        let Some(again) = bench.next() else { break };
        assert!(bench.now - start <= Duration::from_mins(3));
        lost = again;
        tries += 1;
        bench.lose(&lost, Sent::No, Trouble::Network);
        if bench.client.deadline().is_none() {
            break;
        }
    }
    assert!((4..20).contains(&tries), "{tries}");
    assert!(bench.now - start >= Duration::from_secs(175));
    let events = bench.events();
    assert!(
        matches!(
            events[..],
            [
                Event::Retrying { .. },
                Event::Lost(Failure::NoAnswer { .. })
            ]
        ),
        "{events:?}"
    );
    bench.sends_nothing();
}

#[test]
fn silence_after_the_last_try_ends_too() {
    let (mut bench, _, receive) = Bench::running(true);
    let start = bench.now;
    bench.lose(&receive, Sent::Maybe, Trouble::Network);
    bench.wait();
    bench.sends(Action::Receive);
    bench.wait();
    assert_eq!(bench.now - start, Client::WINDOW);
    assert!(matches!(bench.events().last(), Some(Event::Lost(_))));
}

#[test]
fn what_would_run_twice_is_not_asked_for_late() {
    let (mut bench, _, _) = Bench::running(true);
    bench
        .client
        .send(PIPELINE, Priority::Default, object(10, true));
    let send = bench.sends(Action::Send);
    bench.now += Duration::from_secs(181);
    bench.lose(&send, Sent::Maybe, Trouble::Silence);
    assert!(matches!(bench.events()[..], [Event::Lost(_)]));
}

#[test]
fn a_request_that_never_left_is_sent_once_more_as_it_is() {
    let (mut bench, _) = Bench::open(true);
    bench.client.create_pipeline(COMMAND, object(10, true));
    let command = bench.sends(Action::Command);
    // A connection that the server had closed meanwhile, and one that has lost its context.
    for kind in [Trouble::Network, Trouble::Context] {
        bench.lose(&command, Sent::No, kind);
    }
    bench.wait();
    let again = bench.sends(Action::Command);
    assert_eq!(again.envelope, command.envelope);
    assert_eq!(bench.events(), []);
    bench.lose(&again, Sent::No, Trouble::Context);
    bench.wait();
    let again = bench.sends(Action::Command);
    assert!(again.fresh_connection);
    bench.answer(&again, COMMANDED);
    assert!(matches!(bench.events()[..], [Event::Acknowledged { .. }]));
}

#[test]
fn a_request_that_did_arrive_after_all_is_asked_for_its_answer() {
    let (mut bench, _) = Bench::open(true);
    bench.client.create_pipeline(COMMAND, object(10, true));
    let command = bench.sends(Action::Command);
    bench.now += Duration::from_millis(1);
    bench.lose(&command, Sent::No, Trouble::Network);
    bench.wait();
    let again = bench.sends(Action::Command);
    let known = "<s:Fault><s:Code><s:Subcode><s:Value>a:InvalidMessageInformationHeader</s:Value></s:Subcode></s:Code></s:Fault>";
    bench.answer(&again, known);
    let again = bench.sends(Action::Command);
    assert!(
        again
            .envelope
            .contains("OperationID s:mustUnderstand=\"true\"")
    );
    bench.answer(&again, COMMANDED);
    assert!(matches!(bench.events()[..], [Event::Acknowledged { .. }]));
}

#[test]
fn a_busy_server_is_asked_again_a_few_times() {
    let (mut bench, _) = Bench::open(true);
    bench.client.create_pipeline(COMMAND, object(10, true));
    let mut pauses = Vec::new();
    loop {
        let command = bench.sends(Action::Command);
        bench.lose(&command, Sent::No, Trouble::Busy);
        if bench.client.deadline().is_none() {
            break;
        }
        pauses.push(bench.wait().as_secs());
    }
    assert_eq!(pauses, [1, 2, 4, 8, 16]);
    assert!(matches!(
        bench.events()[..],
        [Event::Fault {
            target: PIPELINE,
            ..
        }]
    ));
}

#[test]
fn an_answer_that_cannot_be_read_counts_as_lost() {
    let (mut bench, _, receive) = Bench::running(true);
    for text in ["<html/>", "<s:Envelope", ""] {
        bench
            .client
            .arrived(bench.now, receive.exchange, text.to_owned());
    }
    bench.client.finished(bench.now, receive.exchange);
    while bench.client.process(bench.now) {}
    assert_eq!(bench.wait(), Duration::from_secs(1));
    let again = bench.sends(Action::Receive);
    assert!(
        again
            .envelope
            .contains("OperationID s:mustUnderstand=\"true\"")
    );
    // The rest of the old answer is nobody's.
    bench.client.finished(bench.now, receive.exchange);
    bench.answer(&again, &output(&object(10, true)));
    assert_eq!(data_of(&bench.events()), 31);
    bench.sends(Action::Receive);
    // The answer of another request.
    let (mut bench, pool, receive) = Bench::running(true);
    let other = bench.envelope(&pool, "ReceiveResponse", &output(&object(10, true)));
    bench.client.arrived(bench.now, receive.exchange, other);
    bench.client.finished(bench.now, receive.exchange);
    assert!(bench.client.process(bench.now));
    assert_eq!(bench.events(), []);
    bench.wait();
    bench.sends(Action::Receive);
}

#[test]
fn a_connection_that_breaks_after_the_answer_has_lost_nothing() {
    let (mut bench, _, receive) = Bench::running(true);
    let envelope = bench.envelope(&receive, "ReceiveResponse", &output(&object(10, true)));
    bench.client.arrived(bench.now, receive.exchange, envelope);
    bench.lose(&receive, Sent::Maybe, Trouble::Network);
    assert_eq!(data_of(&bench.events()), 31);
    bench.sends(Action::Receive);
}

#[test]
fn an_answer_of_words_that_say_nothing_is_cut_short() {
    let (mut bench, _, receive) = Bench::running(true);
    let keep_alive = bench.envelope(&receive, "Keepalive", "");
    bench
        .client
        .arrived(bench.now, receive.exchange, keep_alive);
    bench.client.finished(bench.now, receive.exchange);
    assert!(bench.client.process(bench.now));
    bench.wait();
    bench.sends(Action::Receive);
}

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
    assert_eq!(bench.events().last(), Some(&Event::Closed));
}

#[test]
fn hopeless_trouble_ends_the_session() {
    let (mut bench, receive) = Bench::open(true);
    bench.lose(&receive, Sent::No, Trouble::Final);
    let events = bench.events();
    let [Event::Lost(failure)] = &events[..] else {
        panic!("{events:?}")
    };
    assert_eq!(failure.to_string(), "Receive got no answer: lost");
    bench.sends_nothing();
    assert_eq!(bench.client.deadline(), None);
    assert_eq!(bench.client.wants_spare(), 0);
}

#[test]
fn too_large_a_request_is_sent_in_parts() {
    let mut bench = Bench::new(true);
    let opening = [object(30_000, false), object(30_000, true)].concat();
    bench.client.open(SHELL, "S", opening.into());
    let create = bench.sends(Action::Create);
    bench.lose(&create, Sent::No, Trouble::TooLarge);
    let create = bench.sends(Action::Create);
    bench.answer(&create, CREATED);
    let send = bench.sends(Action::Send);
    bench.answer(&send, SENT);
    assert!(bench.events().contains(&Event::Opened));
}
