//! What is done where an answer leaves something open: several of them, half of one, one that is not for us.

use super::bench_tests::{
    Bench, COMMAND, COMMANDED, PIPELINE, SHELL, SIGNALLED, data_of, object, output,
};
use super::{Event, Sent, Transmit, Trouble};
use crate::wsman::Action;

const GONE: u32 = 0x8033_805B;
const COMMAND_EXISTS: u32 = 0x8033_81D6;

#[test]
fn a_close_looks_at_once_for_the_shell_of_a_lost_create() {
    for there in [true, false] {
        let mut bench = Bench::new(false);
        bench.client.open(SHELL, "S", object(10, true));
        let create = bench.sends(Action::Create);
        bench.lose(&create, Sent::Maybe, Trouble::Network);
        bench.events();
        bench.client.close();
        let get = bench.sends(Action::Get);
        if there {
            bench.answer(&get, "<rsp:Shell><rsp:ShellId>X</rsp:ShellId></rsp:Shell>");
            let delete = bench.sends(Action::Delete);
            bench.answer(&delete, "");
        } else {
            bench.refuse(&get, GONE);
        }
        assert_eq!(bench.events().last(), Some(&Event::Closed), "{there}");
        bench.sends_nothing();
    }
    // Where the answer is kept, it is asked for at once.
    let mut bench = Bench::new(true);
    bench.client.open(SHELL, "S", object(10, true));
    let create = bench.sends(Action::Create);
    bench.client.robust = true;
    bench.lose(&create, Sent::Maybe, Trouble::Network);
    bench.client.close();
    bench.sends(Action::Create);
}

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
    bench.now += std::time::Duration::from_secs(20);
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
