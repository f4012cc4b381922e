//! What is done when answers are lost.

use std::time::Duration;

use super::bench_tests::{
    Bench, COMMAND, COMMANDED, CREATED, PIPELINE, SENT, SHELL, data_of, object, output,
};
use super::retry::WINDOW;
use super::{Event, Failure, Sent, Trouble};
use crate::psrp::Priority;
use crate::wsman::Action;

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
fn tries_go_on_until_the_window_is_over_and_the_session_is_kept() {
    let (mut bench, _, receive) = Bench::running(true);
    let start = bench.now;
    bench.lose(&receive, Sent::Maybe, Trouble::Network);
    let mut tries = Vec::new();
    while bench.client.deadline().is_some() {
        bench.wait();
        while let Some(again) = bench.next() {
            tries.push((again.action, bench.now - start));
            bench.lose(&again, Sent::No, Trouble::Network);
        }
    }
    assert!((20..200).contains(&tries.len()), "{tries:?}");
    let of = |action| tries.iter().filter(move |(of, _)| *of == action);
    assert!(of(Action::Receive).all(|(_, at)| *at < Duration::from_mins(1)));
    let last = of(Action::Reconnect).map(|(_, at)| *at).max().unwrap();
    assert!(last > Duration::from_secs(220) && last <= WINDOW);
    assert_eq!(bench.now - start, WINDOW);
    let events = bench.events();
    assert!(
        matches!(
            events[..],
            [
                Event::Retrying { window: WINDOW, .. },
                Event::Disconnected(Some(Failure::NoAnswer { .. }))
            ]
        ),
        "{events:?}"
    );
    bench.sends_nothing();
    assert_eq!(bench.client.wants_spare(), 0);
    // Much later; the server has what was under way no more, and says so once.
    bench.now += Duration::from_hours(3);
    bench.client.reconnect();
    let reconnect = bench.sends(Action::Reconnect);
    bench.sends_nothing();
    bench.answer(&reconnect, "<rsp:ReconnectResponse/>");
    assert_eq!(bench.events(), [Event::Reconnected]);
    let again = [bench.sends(Action::Receive), bench.sends(Action::Receive)];
    bench.sends_nothing();
    let [of_command] = again
        .iter()
        .filter(|one| one.envelope.contains("DesiredStream CommandId"))
        .collect::<Vec<_>>()[..]
    else {
        panic!("{again:?}")
    };
    bench.answer(of_command, &output(&object(10, true)));
    let events = bench.events();
    assert!(matches!(events[0], Event::Gap(PIPELINE)), "{events:?}");
    assert_eq!(data_of(&events), 31);
    let more = bench.sends(Action::Receive);
    bench.answer(&more, &output(&object(10, true)));
    assert_eq!(data_of(&bench.events()), 31);
}

#[test]
fn a_window_that_is_over_ends_what_is_under_way() {
    let (mut bench, _, receive) = Bench::running(true);
    let start = bench.now;
    bench.lose(&receive, Sent::Maybe, Trouble::Network);
    bench.wait();
    bench.sends(Action::Receive);
    while bench.client.deadline().is_some() {
        bench.wait();
        bench.next();
    }
    assert_eq!(bench.now - start, WINDOW);
    let events = bench.events();
    assert!(
        matches!(events.last(), Some(Event::Disconnected(Some(_)))),
        "{events:?}"
    );
}

#[test]
fn a_network_that_is_back_is_used_at_once() {
    let (mut bench, pool, receive) = Bench::running(true);
    for lost in [&pool, &receive] {
        bench.lose(lost, Sent::Maybe, Trouble::Network);
    }
    let first = loop {
        bench.wait();
        if let Some(first) = bench.next() {
            break first;
        }
    };
    bench.client.written(bench.now, first.exchange);
    bench.sends(Action::Receive);
    assert!(matches!(
        bench.events()[..],
        [Event::Retrying { .. }, Event::Back]
    ));
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
    let events = bench.events();
    assert!(
        matches!(
            events[..],
            [
                Event::Retrying { .. },
                Event::Fault {
                    target: PIPELINE,
                    failure: Failure::Undecided { .. }
                }
            ]
        ),
        "{events:?}"
    );
    // A command can be looked for.
    let (mut bench, _) = Bench::open(true);
    bench.client.create_pipeline(COMMAND, object(10, true));
    let command = bench.sends(Action::Command);
    bench.now += Duration::from_secs(181);
    bench.lose(&command, Sent::Maybe, Trouble::Silence);
    let reconnect = bench.sends(Action::Reconnect);
    bench.sends_nothing();
    bench.answer(&reconnect, "<rsp:ReconnectResponse/>");
    bench.sends(Action::Enumerate);
    bench.sends_nothing();
}

#[test]
fn a_computer_that_slept_takes_the_session_up_first() {
    let (mut bench, pool, receive) = Bench::running(true);
    bench.client.slept(Duration::from_hours(1));
    for lost in [&pool, &receive] {
        bench.lose(lost, Sent::Maybe, Trouble::Network);
    }
    bench.events();
    let reconnect = bench.sends(Action::Reconnect);
    bench.wait();
    bench.sends_nothing();
    bench.answer(&reconnect, "<rsp:ReconnectResponse/>");
    let again = bench.sends(Action::Receive);
    bench.answer(&again, &output(&object(10, true)));
    let gap = |event: &Event| matches!(event, Event::Gap(_));
    assert!(bench.events().iter().any(gap));
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
    for kind in [Trouble::Busy, Trouble::Context] {
        let (mut bench, _) = Bench::open(true);
        bench.client.create_pipeline(COMMAND, object(10, true));
        let mut pauses = Vec::new();
        loop {
            let command = bench.sends(Action::Command);
            bench.lose(&command, Sent::No, kind);
            if bench.client.exchanges.len() == 1 {
                break;
            }
            pauses.push(bench.wait().as_secs());
        }
        let first = u64::from(kind == Trouble::Busy);
        assert_eq!(pauses, [first, 2, 4, 8, 16]);
        assert!(matches!(
            bench.events()[..],
            [Event::Fault {
                target: PIPELINE,
                ..
            }]
        ));
    }
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

#[test]
fn too_large_a_request_that_may_have_run_is_looked_for_before_it_is_sent_in_parts() {
    let (mut bench, _) = Bench::open(true);
    bench.client.create_pipeline(COMMAND, object(60_000, true));
    let command = bench.sends(Action::Command);
    bench.lose(&command, Sent::Maybe, Trouble::TooLarge);
    bench.wait();
    let list = bench.sends(Action::Enumerate);
    bench.sends_nothing();
    bench.answer(
        &list,
        "<n:EnumerateResponse><w:Items/><w:EndOfSequence/></n:EnumerateResponse>",
    );
    let smaller = bench.sends(Action::Command);
    assert!(smaller.envelope.len() <= 153_600);
}
