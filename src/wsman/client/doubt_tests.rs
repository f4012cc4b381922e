//! What is done where an answer leaves something open: several of them, half of one, one that is not for us.

use std::time::Duration;

use super::bench_tests::{
    Bench, COMMAND, COMMANDED, PIPELINE, SHELL, SIGNALLED, data_of, inside, object, output,
};
use super::{Event, Failure, Sent, Transmit, Trouble};
use crate::psrp::Priority;
use crate::wsman::Action;

const COMMAND_EXISTS: u32 = 0x8033_81D6;

#[test]
fn an_unreadable_answer_whose_place_was_taken_is_a_gap_and_no_second_receive() {
    let (mut bench, _, first) = Bench::running(true);
    let whole = bench.envelope(&first, "ReceiveResponse", &output(&object(9000, true)));
    let spoilt = whole.replace("eHh4eHh4", "?Hh4eHh4");
    assert_ne!(whole, spoilt);
    bench.client.arrived(bench.now, first.exchange, spoilt);
    bench.client.finished(bench.now, first.exchange);
    let second = bench.sends(Action::Receive);
    assert!(bench.client.process(bench.now));
    assert_eq!(bench.events(), [Event::Gap(PIPELINE)]);
    bench.now += Duration::from_secs(20);
    bench.client.handle_timeout(bench.now);
    bench.sends_nothing();
    bench.answer(&second, &output(&object(10, true)));
    assert_eq!(data_of(&bench.events()), 31);
    bench.sends(Action::Receive);
    bench.sends_nothing();
}

/// Two answers of one Receive arrive; none is read.
fn arrive_two(bench: &mut Bench, receive: &Transmit) {
    for _ in 0..2 {
        let envelope = bench.envelope(receive, "ReceiveResponse", &output(&object(9000, true)));
        bench.client.arrived(bench.now, receive.exchange, envelope);
    }
}

#[test]
fn every_answer_of_a_receive_counts_and_so_does_its_credit() {
    for ends_first in [true, false] {
        let (mut bench, _, receive) = Bench::running(true);
        let credit = bench.client.channels[&PIPELINE].credit;
        arrive_two(&mut bench, &receive);
        if ends_first {
            bench.client.finished(bench.now, receive.exchange);
        }
        while bench.client.process(bench.now) {}
        bench.client.finished(bench.now, receive.exchange);
        assert_eq!(data_of(&bench.events()), 2 * 9021, "{ends_first}");
        assert_eq!(
            bench.client.channels[&PIPELINE].credit,
            credit - 2 * 9021,
            "{ends_first}"
        );
        bench.sends(Action::Receive);
        bench.sends_nothing();
    }
}

#[test]
fn a_connection_that_breaks_behind_several_answers_may_have_lost_some() {
    let (mut bench, _, receive) = Bench::running(true);
    arrive_two(&mut bench, &receive);
    bench.lose(&receive, Sent::Maybe, Trouble::Network);
    let events = bench.events();
    assert_eq!(data_of(&events), 2 * 9021);
    assert_eq!(events.last(), Some(&Event::Gap(PIPELINE)));
    bench.sends(Action::Receive);
}

#[test]
fn a_command_that_may_run_is_ended_where_its_answer_never_comes() {
    let (mut bench, _) = Bench::open(true);
    bench.client.create_pipeline(COMMAND, object(10, true));
    for _ in 0..6 {
        let command = bench.sends(Action::Command);
        bench.lose(&command, Sent::Maybe, Trouble::Garbage);
        if bench.client.exchanges.len() > 1 {
            bench.wait();
        }
    }
    assert!(matches!(
        bench.events()[..],
        [Event::Fault {
            target: PIPELINE,
            ..
        }]
    ));
    bench.client.close_pipeline(COMMAND);
    let end = bench.sends(Action::Signal);
    assert!(end.envelope.contains("/signal/terminate<"));
    bench.answer(&end, SIGNALLED);
}

#[test]
fn a_command_that_is_there_when_it_is_asked_for_again_was_made() {
    let (mut bench, _) = Bench::open(true);
    bench.client.create_pipeline(COMMAND, object(10, true));
    let command = bench.sends(Action::Command);
    bench.lose(&command, Sent::Maybe, Trouble::Network);
    bench.wait();
    let again = bench.sends(Action::Command);
    bench.refuse(&again, COMMAND_EXISTS);
    assert!(matches!(
        bench.events().last(),
        Some(Event::Acknowledged {
            target: PIPELINE,
            ..
        })
    ));
}

#[test]
fn an_answer_to_another_operation_is_none() {
    let (mut bench, _) = Bench::open(true);
    bench.client.create_pipeline(COMMAND, object(10, true));
    let command = bench.sends(Action::Command);
    let answer = bench.envelope(&command, "Response", COMMANDED);
    let (before, after) = answer.split_once("<p:OperationID>uuid:").unwrap();
    let other = format!(
        "{before}<p:OperationID>uuid:{}{}",
        uuid::Uuid::nil(),
        &after[36..]
    );
    bench.client.arrived(bench.now, command.exchange, other);
    bench.client.finished(bench.now, command.exchange);
    assert!(bench.client.process(bench.now));
    assert_eq!(bench.events(), []);
    bench.wait();
    bench.sends(Action::Command);
}

#[test]
fn words_without_end_are_no_answer() {
    let (mut bench, _, receive) = Bench::running(true);
    let keep_alive = bench.envelope(&receive, "KeepAlive", "");
    let mut words = 0;
    while !bench.client.exchanges.values().any(|one| one.attempts > 0) {
        words += 1;
        assert!(words < 100);
        bench
            .client
            .arrived(bench.now, receive.exchange, keep_alive.clone());
        assert!(bench.client.process(bench.now));
    }
    assert!(words > 60, "{words}");
    bench.wait();
    bench.sends(Action::Receive);
}

#[test]
fn answers_that_nobody_reads_are_read_as_they_come() {
    let (mut bench, _, receive) = Bench::running(true);
    let words = bench.envelope(&receive, "KeepAlive", &"x".repeat(6 << 20));
    for _ in 0..10 {
        bench
            .client
            .arrived(bench.now, receive.exchange, words.clone());
    }
    assert!(bench.client.unread.len() <= 5);
}

const APART: u32 = 0x8033_81C4;

#[test]
fn a_shell_that_the_server_disconnected_by_itself_is_taken_up_again() {
    let (mut bench, pool, receive) = Bench::running(true);
    bench
        .client
        .send(PIPELINE, Priority::Default, object(10, true));
    let send = bench.sends(Action::Send);
    bench.refuse(&pool, APART);
    bench.refuse(&receive, APART);
    bench.refuse(&send, APART);
    let reconnect = bench.sends(Action::Reconnect);
    assert!(!reconnect.envelope.contains("CommandId="));
    bench.sends_nothing();
    bench.answer(&reconnect, "<rsp:ReconnectResponse/>");
    for action in [Action::Send, Action::Receive, Action::Receive] {
        bench.sends(action);
    }
    bench.sends_nothing();
    assert_eq!(bench.events(), []);
}

#[test]
fn a_shell_that_stays_disconnected_is_lost() {
    let (mut bench, pool) = Bench::open(true);
    bench.refuse(&pool, APART);
    let reconnect = bench.sends(Action::Reconnect);
    bench.answer(&reconnect, "<rsp:ReconnectResponse/>");
    let pool = bench.sends(Action::Receive);
    bench.refuse(&pool, APART);
    assert!(matches!(bench.events()[..], [Event::Lost(_)]));
}

#[test]
fn after_a_long_interruption_the_shell_is_taken_up_before_anything_is_received() {
    let (mut bench, pool) = Bench::open(true);
    let start = bench.now;
    let mut lost = pool;
    while bench.now - start < Duration::from_secs(50) {
        assert_eq!(lost.action, Action::Receive);
        bench.lose(&lost, Sent::Maybe, Trouble::Network);
        bench.wait();
        lost = bench.next().unwrap();
    }
    assert_eq!(lost.action, Action::Reconnect);
    bench.sends_nothing();
    bench.answer(&lost, "<rsp:ReconnectResponse/>");
    let again = bench.sends(Action::Receive);
    assert!(
        again
            .envelope
            .contains("OperationID s:mustUnderstand=\"true\"")
    );
    bench.sends_nothing();
}

#[test]
fn a_receive_that_the_server_may_have_forgotten_is_a_gap() {
    for (late, known) in [(true, false), (true, true), (false, false)] {
        let (mut bench, _, receive) = Bench::running(true);
        bench.now += Duration::from_secs(if late { 210 } else { 20 });
        bench.lose(&receive, Sent::Maybe, Trouble::Silence);
        bench.wait();
        let again = bench.sends(Action::Receive);
        bench.events();
        if known {
            let acknowledge = bench.envelope(&receive, "Acknowledge", "");
            bench.client.arrived(bench.now, again.exchange, acknowledge);
        }
        bench.answer(&again, &output(&object(10, true)));
        let events = bench.events();
        assert_eq!(data_of(&events), 31);
        let gap = events.contains(&Event::Gap(PIPELINE));
        assert_eq!(gap, late && !known, "{events:?}");
    }
    // The end may have been in it.
    let (mut bench, _, receive) = Bench::running(true);
    bench.now += Duration::from_secs(210);
    bench.lose(&receive, Sent::Maybe, Trouble::Silence);
    bench.wait();
    let again = bench.sends(Action::Receive);
    bench.refuse(&again, 0x8033_8029);
    let list = bench.sends(Action::Enumerate);
    bench.answer(
        &list,
        "<n:EnumerateResponse><w:Items/><w:EndOfSequence/></n:EnumerateResponse>",
    );
    assert!(bench.events().contains(&Event::Fault {
        target: PIPELINE,
        failure: Failure::ResultLost
    }));
}

#[test]
fn a_receive_that_the_server_ran_anew_is_told_before_it_is_answered() {
    for runs in [true, false] {
        let (mut bench, _, receive) = Bench::running(true);
        bench.now += Duration::from_secs(210);
        bench.lose(&receive, Sent::Maybe, Trouble::Silence);
        bench.wait();
        let again = bench.sends(Action::Receive);
        bench.client.written(bench.now, again.exchange);
        bench.events();
        assert_eq!(bench.wait(), Duration::from_secs(3));
        let list = bench.sends(Action::Enumerate);
        let command = if runs {
            "<rsp:Command><rsp:CommandId>000000C0-0000-0000-0000-000000000000</rsp:CommandId></rsp:Command>"
        } else {
            ""
        };
        let id = inside(&again.envelope, "CommandId=\"").split('"').next();
        let command = command.replace("000000C0-0000-0000-0000-000000000000", id.unwrap());
        bench.answer(
            &list,
            &format!("<n:EnumerateResponse><w:Items>{command}</w:Items><w:EndOfSequence/></n:EnumerateResponse>"),
        );
        let events = bench.events();
        assert_eq!(events[0], Event::Gap(PIPELINE));
        if runs {
            assert_eq!(events.len(), 1);
            bench.answer(&again, &output(&object(10, true)));
            let events = bench.events();
            assert!(!events.contains(&Event::Gap(PIPELINE)));
            assert_eq!(data_of(&events), 31);
        } else {
            assert!(matches!(
                events[1],
                Event::Fault {
                    failure: Failure::ResultLost,
                    ..
                }
            ));
        }
    }
}

#[test]
fn a_forced_end_waits_for_no_server_that_is_not_there() {
    for closes_first in [true, false] {
        let (mut bench, pool, _) = Bench::running(true);
        bench.client.stop(COMMAND);
        bench.sends(Action::Signal);
        if closes_first {
            bench.client.close_pipeline(COMMAND);
            assert_eq!(bench.events(), []);
        }
        bench.lose(&pool, Sent::Maybe, Trouble::Network);
        bench.client.close_pipeline(COMMAND);
        let events = bench.events();
        let closed = events
            .iter()
            .filter(|one| **one == Event::PipelineClosed(COMMAND));
        assert_eq!(closed.count(), 1, "{events:?}");
    }
}

#[test]
fn a_create_is_waited_for_as_long_as_an_operation_may_take() {
    let mut bench = Bench::new(true);
    bench.client.open(SHELL, "S", object(10, true));
    assert!(bench.sends(Action::Create).patience > Duration::from_mins(3));
}

#[test]
fn an_exchange_that_whoever_carries_it_forgot_counts_as_lost() {
    let (mut bench, _) = Bench::open(true);
    bench.client.create_pipeline(COMMAND, object(10, true));
    let command = bench.sends(Action::Command);
    assert!(bench.wait() > command.patience);
    assert!(matches!(
        bench.events().last(),
        Some(Event::Lost(_) | Event::Retrying { .. })
    ));
    assert_eq!(bench.client.flight(command.exchange), None);
}

#[test]
fn a_shell_is_deleted_though_its_session_is_lost_where_the_server_is_there() {
    let (mut bench, receive) = Bench::open(true);
    bench.refuse(&receive, 5);
    assert!(matches!(bench.events()[..], [Event::Lost(_)]));
    assert!(!bench.client.is_over());
    let delete = bench.sends(Action::Delete);
    bench.refuse(&delete, 5);
    assert!(bench.client.is_over());
    for kind in [Trouble::Final, Trouble::Garbage] {
        let (mut bench, receive) = Bench::open(true);
        if kind == Trouble::Garbage {
            bench.refuse(&receive, 5);
            let delete = bench.sends(Action::Delete);
            bench.lose(&delete, Sent::Maybe, kind);
        } else {
            bench.lose(&receive, Sent::No, kind);
        }
        assert!(bench.client.is_over());
        bench.sends_nothing();
        assert_eq!(bench.events().len(), 1);
    }
}
