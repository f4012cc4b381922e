//! What is not sent any more once a network was lost for too long.

use std::time::Duration;

use super::bench_tests::{Bench, COMMAND, PIPELINE, SENT, object};
use super::{Event, Failure, Sent, Trouble};
use crate::psrp::Priority;
use crate::wsman::Action;

#[test]
fn nothing_begins_to_run_once_the_window_is_over() {
    for sent in [Sent::No, Sent::Maybe] {
        let (mut bench, _) = Bench::open(true);
        bench.client.create_pipeline(COMMAND, object(10, true));
        let command = bench.sends(Action::Command);
        bench.lose(&command, sent, Trouble::Network);
        while bench.client.deadline().is_some() {
            bench.wait();
            while let Some(again) = bench.next() {
                bench.lose(&again, Sent::No, Trouble::Network);
            }
        }
        let not_arrived = |event: Event| {
            matches!(
                event,
                Event::Fault {
                    target: PIPELINE,
                    failure: Failure::NotArrived { .. }
                }
            )
        };
        let told = bench.events().into_iter().any(not_arrived);
        assert_eq!(told, sent == Sent::No);
        bench.now += Duration::from_hours(3);
        bench.client.reconnect();
        let reconnect = bench.sends(Action::Reconnect);
        bench.answer(&reconnect, "<rsp:ReconnectResponse/>");
        let mut asked = Vec::new();
        while let Some(next) = bench.next() {
            if next.action == Action::Enumerate {
                let none =
                    "<n:EnumerateResponse><w:Items/><w:EndOfSequence/></n:EnumerateResponse>";
                bench.answer(&next, none);
            }
            asked.push(next.action);
        }
        assert!(!asked.contains(&Action::Command), "{asked:?}");
        // The server has no such command, so that is decided too.
        let told = bench.events().into_iter().any(not_arrived);
        assert_eq!(told, sent == Sent::Maybe);
    }
}

#[test]
fn input_that_was_not_sent_goes_on_once_its_command_is_taken_up_again() {
    let (mut bench, pool, receive) = Bench::running(true);
    let priority = Priority::Default;
    bench.client.send(PIPELINE, priority, object(10, true));
    let send = bench.sends(Action::Send);
    for lost in [&pool, &receive] {
        bench.lose(lost, Sent::Maybe, Trouble::Network);
    }
    bench.lose(&send, Sent::No, Trouble::Network);
    bench.client.send(PIPELINE, priority, object(10, true));
    while bench.client.deadline().is_some() {
        bench.wait();
        while let Some(again) = bench.next() {
            bench.lose(&again, Sent::No, Trouble::Network);
        }
    }
    let events = bench.events();
    assert!(
        !events
            .iter()
            .any(|event| matches!(event, Event::Fault { .. })),
        "{events:?}"
    );
    bench.client.reconnect();
    let reconnect = bench.sends(Action::Reconnect);
    bench.answer(&reconnect, "<rsp:ReconnectResponse/>");
    for _ in 0..2 {
        let sent: Vec<_> = std::iter::from_fn(|| bench.next())
            .filter(|next| next.action == Action::Send)
            .collect();
        assert_eq!(sent.len(), 1, "in their order");
        bench.answer(&sent[0], SENT);
    }
}
