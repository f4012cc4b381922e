//! What is not sent any more once a network was lost for too long.

use std::time::Duration;

use super::bench_tests::{Bench, COMMAND, PIPELINE, object};
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
fn input_that_was_not_sent_is_not_sent_once_the_window_is_over_and_its_command_fails() {
    let (mut bench, pool, receive) = Bench::running(true);
    let priority = Priority::Default;
    bench.client.send(PIPELINE, priority, object(10, true));
    let send = bench.sends(Action::Send);
    for lost in [&pool, &receive] {
        bench.lose(lost, Sent::Maybe, Trouble::Network);
    }
    bench.lose(&send, Sent::No, Trouble::Network);
    // What waits for it is not sent either.
    bench.client.send(PIPELINE, priority, object(10, true));
    while bench.client.deadline().is_some() {
        bench.wait();
        while let Some(again) = bench.next() {
            bench.lose(&again, Sent::No, Trouble::Network);
        }
    }
    let faults = bench.events().into_iter().filter(|event| {
        matches!(
            event,
            Event::Fault {
                target: PIPELINE,
                failure: Failure::NotArrived {
                    action: Action::Send,
                    ..
                }
            }
        )
    });
    assert_eq!(faults.count(), 1);
    bench.client.close_pipeline(COMMAND);
    bench.client.reconnect();
    let reconnect = bench.sends(Action::Reconnect);
    bench.answer(&reconnect, "<rsp:ReconnectResponse/>");
    let sent: Vec<_> = std::iter::from_fn(|| bench.next())
        .map(|next| next.action)
        .collect();
    assert!(!sent.contains(&Action::Send), "{sent:?}");
    assert!(sent.contains(&Action::Signal), "{sent:?}");
}
