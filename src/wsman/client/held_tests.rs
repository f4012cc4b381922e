//! A shell that somebody else has, and a shell that is left.

use std::time::Duration;

use super::bench_tests::{
    Bench, COMMAND, CREATED, PIPELINE, SENT, SHELL, SIGNALLED, data_of, object, output,
};
use super::{Event, Failure, Sent, Trouble};
use crate::psrp::{Priority, Target};
use crate::wsman::Action;

const IN_USE: u32 = 0x8033_81CD;
const SHELL_DISCONNECTED: u32 = 0x8033_81C4;
const HOLDER: &str = "<rsp:Shell><rsp:ShellId>S</rsp:ShellId><rsp:State>Connected</rsp:State>\
                      <rsp:ClientIP>192.0.2.7</rsp:ClientIP></rsp:Shell>";

#[test]
fn a_session_in_use_elsewhere_says_by_whom() {
    let mut bench = Bench::new(true);
    bench.client.connect(SHELL, object(10, true), false);
    let connect = bench.sends(Action::Connect);
    bench.refuse(&connect, IN_USE);
    assert_eq!(bench.events(), []);
    let get = bench.sends(Action::Get);
    bench.answer(&get, HOLDER);
    let events = bench.events();
    let [Event::Lost(Failure::Held { client, .. })] = &events[..] else {
        panic!("{events:?}")
    };
    assert_eq!(client.as_deref(), Some("192.0.2.7"));
    bench.sends_nothing();
}

#[test]
fn a_session_that_somebody_took_while_it_was_left_stays_ours_to_try() {
    let (mut bench, pool) = Bench::open(true);
    bench.client.disconnect(None, None);
    let disconnect = bench.sends(Action::Disconnect);
    bench.refuse(&pool, SHELL_DISCONNECTED);
    bench.answer(&disconnect, "");
    bench.client.reconnect();
    let reconnect = bench.sends(Action::Reconnect);
    bench.refuse(&reconnect, IN_USE);
    let get = bench.sends(Action::Get);
    bench.refuse(&get, 5);
    let events = bench.events();
    assert!(
        matches!(
            events[..],
            [
                Event::Disconnected(None),
                Event::Disconnected(Some(Failure::Held { client: None, .. }))
            ]
        ),
        "{events:?}"
    );
    bench.client.reconnect();
    let reconnect = bench.sends(Action::Reconnect);
    bench.answer(&reconnect, "");
    assert_eq!(bench.events(), [Event::Reconnected]);
    bench.sends(Action::Receive);
}

#[test]
fn a_session_that_the_server_has_left_again_by_then_is_taken_up_once_more() {
    let (mut bench, pool, receive) = Bench::running(true);
    bench.client.disconnect(None, None);
    let disconnect = bench.sends(Action::Disconnect);
    for open in [&pool, &receive] {
        bench.refuse(open, SHELL_DISCONNECTED);
    }
    bench.answer(&disconnect, "");
    bench.client.reconnect();
    let reconnect = bench.sends(Action::Reconnect);
    // The answer came so late that nothing was asked for meanwhile.
    bench.answer(&reconnect, "");
    let receives = [bench.sends(Action::Receive), bench.sends(Action::Receive)];
    for open in &receives {
        bench.refuse(open, SHELL_DISCONNECTED);
    }
    while let Some(next) = bench.next() {
        match next.action {
            Action::Reconnect => bench.answer(&next, ""),
            Action::Receive => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(
        bench.events(),
        [Event::Disconnected(None), Event::Reconnected]
    );
    assert_eq!(bench.client.wants_spare(), 3);
}

#[test]
fn a_refusal_that_left_before_the_shell_was_taken_up_again_ends_nothing() {
    let (mut bench, pool) = Bench::open(true);
    bench.client.create_pipeline(COMMAND, object(10, true));
    let command = bench.sends(Action::Command);
    bench.refuse(&command, SHELL_DISCONNECTED);
    let reconnect = bench.sends(Action::Reconnect);
    bench.answer(&reconnect, "");
    bench.sends(Action::Command);
    bench.refuse(&pool, SHELL_DISCONNECTED);
    bench.sends(Action::Receive);
    assert_eq!(bench.events(), []);
}

#[test]
fn a_session_of_ours_whose_process_died_is_left_first() {
    for refusal in [None, Some(0x8033_81CF), Some(IN_USE)] {
        let mut bench = Bench::new(true);
        bench.client.connect(SHELL, object(10, true), true);
        let disconnect = bench.sends(Action::Disconnect);
        bench.sends_nothing();
        match refusal {
            None => bench.answer(&disconnect, ""),
            Some(code) => bench.refuse(&disconnect, code),
        }
        assert_eq!(bench.events(), []);
        bench.sends(Action::Connect);
        bench.sends_nothing();
    }
}

#[test]
fn what_is_on_its_way_is_read_before_a_session_counts_as_left() {
    let (mut bench, pool, receive) = Bench::running(true);
    bench
        .client
        .disconnect(Some(Duration::from_mins(1)), Some("Drop"));
    let disconnect = bench.sends(Action::Disconnect);
    assert!(
        disconnect
            .envelope
            .contains("<rsp:IdleTimeOut>PT60.000S</rsp:IdleTimeOut><rsp:BufferMode>Drop<")
    );
    bench.answer(&disconnect, "");
    bench.refuse(&pool, SHELL_DISCONNECTED);
    assert_eq!(bench.events(), []);
    // Its connection breaks: the server keeps the answer.
    bench.lose(&receive, Sent::Maybe, Trouble::Network);
    bench.events();
    let again = loop {
        bench.wait();
        if let Some(again) = bench.next() {
            break again;
        }
    };
    bench.answer(&again, &output(&object(10, true)));
    let events = bench.events();
    assert_eq!(data_of(&events), 31);
    assert!(events.contains(&Event::Disconnected(None)), "{events:?}");
    assert!(!events.contains(&Event::Gap(PIPELINE)));
}

#[test]
fn an_answer_that_does_not_come_after_a_session_was_left_is_a_gap() {
    for robust in [true, false] {
        let (mut bench, pool, receive) = Bench::running(robust);
        bench.client.disconnect(None, None);
        let disconnect = bench.sends(Action::Disconnect);
        bench.lose(&receive, Sent::Maybe, Trouble::Network);
        bench.answer(&disconnect, "");
        bench.refuse(&pool, SHELL_DISCONNECTED);
        for _ in 0..20 {
            bench.next();
            if bench.client.deadline().is_some() {
                bench.wait();
            }
        }
        let events = bench.events();
        let gaps = events.iter().filter(|one| **one == Event::Gap(PIPELINE));
        assert_eq!(gaps.count(), 1, "{events:?}");
        assert_eq!(events.last(), Some(&Event::Disconnected(None)));
    }
}

#[test]
fn a_refusal_to_be_left_ends_nothing() {
    let (mut bench, _, _) = Bench::running(true);
    bench.client.disconnect(Some(Duration::from_secs(1)), None);
    let disconnect = bench.sends(Action::Disconnect);
    bench.refuse(&disconnect, 0x8033_81F2);
    assert!(matches!(bench.events()[..], [Event::NotDisconnected(_)]));
    bench
        .client
        .send(PIPELINE, Priority::Default, object(10, true));
    let send = bench.sends(Action::Send);
    bench.answer(&send, SENT);
    assert!(matches!(bench.events()[..], [Event::Acknowledged { .. }]));
}

#[test]
fn how_a_session_is_kept_is_told_as_it_opens() {
    let mut bench = Bench::new(true);
    bench.client.open(SHELL, "S", object(10, true));
    bench.client.read(Target::Pool, 1);
    let create = bench.sends(Action::Create);
    let kept = "<rsp:IdleTimeOut>PT7200.000S</rsp:IdleTimeOut><rsp:BufferMode>Block</rsp:BufferMode></rsp:Shell>";
    bench.answer(&create, &CREATED.replace("</rsp:Shell>", kept));
    let events = bench.events();
    let [Event::Opened, Event::Kept(kept)] = &events[..] else {
        panic!("{events:?}")
    };
    assert_eq!(kept.idle_timeout, Some(Duration::from_hours(2)));
    assert_eq!(kept.buffering.as_deref(), Some("Block"));
}

#[test]
fn an_answer_on_its_way_is_waited_for_while_its_bytes_come_and_else_is_a_gap() {
    for comes in [true, false] {
        let (mut bench, pool, receive) = Bench::running(true);
        bench.client.disconnect(None, None);
        let disconnect = bench.sends(Action::Disconnect);
        bench.answer(&disconnect, "");
        bench.refuse(&pool, SHELL_DISCONNECTED);
        bench.sends_nothing();
        for _ in 0..4 {
            bench.now += Duration::from_secs(4);
            if comes {
                bench.client.arriving(bench.now, receive.exchange);
            }
            bench.client.handle_timeout(bench.now);
            bench.next();
        }
        if comes {
            assert_eq!(bench.events(), []);
            bench.answer(&receive, &output(&object(10, true)));
            assert_eq!(data_of(&[bench.client.poll_event().unwrap()]), 31);
        } else {
            assert_eq!(bench.client.poll_event(), Some(Event::Gap(PIPELINE)));
        }
        assert_eq!(bench.events(), [Event::Disconnected(None)]);
    }
}

#[test]
fn bytes_without_end_do_not_hold_up_a_session_that_is_left() {
    let (mut bench, _, receive) = Bench::running(true);
    bench.client.disconnect(None, None);
    let disconnect = bench.sends(Action::Disconnect);
    bench.answer(&disconnect, "");
    bench.sends_nothing();
    for _ in 0..100 {
        bench.now += Duration::from_secs(2);
        bench.client.arriving(bench.now, receive.exchange);
        bench.next();
    }
    let events = bench.events();
    assert_eq!(events, [Event::Gap(PIPELINE), Event::Disconnected(None)]);
}

#[test]
fn what_is_refused_as_somebody_else_has_the_session_has_failed() {
    for command in [true, false] {
        let (mut bench, target, request) = if command {
            let (mut bench, _) = Bench::open(true);
            bench.client.create_pipeline(COMMAND, object(10, true));
            let request = bench.sends(Action::Command);
            (bench, PIPELINE, request)
        } else {
            let (mut bench, _, _) = Bench::running(true);
            bench
                .client
                .send(PIPELINE, Priority::Default, object(10, true));
            let request = bench.sends(Action::Send);
            (bench, PIPELINE, request)
        };
        bench.refuse(&request, IN_USE);
        let events = bench.events();
        assert!(
            matches!(&events[..], [Event::Fault { target: of, .. }] if *of == target),
            "{events:?}"
        );
        let get = bench.sends(Action::Get);
        bench.answer(&get, HOLDER);
        let events = bench.events();
        assert!(
            matches!(
                events[..],
                [Event::Disconnected(Some(Failure::Held { .. }))]
            ),
            "{events:?}"
        );
    }
}

#[test]
fn what_is_asked_in_the_moment_a_session_is_left_is_kept_or_refused_but_never_dropped() {
    let (mut bench, _, _) = Bench::running(true);
    let other = uuid::Uuid::from_u128(77);
    bench.client.disconnect(None, None);
    let disconnect = bench.sends(Action::Disconnect);
    bench.client.create_pipeline(other, object(10, true));
    let events = bench.events();
    assert!(
        matches!(events[..], [Event::Fault { target: Target::Pipeline(id), failure: Failure::NotArrived { .. } }] if id == other),
        "{events:?}"
    );
    bench.answer(&disconnect, "");
    bench.sends_nothing();
    bench.now += Duration::from_secs(6);
    bench.sends_nothing();
    assert_eq!(bench.events().last(), Some(&Event::Disconnected(None)));
    bench
        .client
        .send(PIPELINE, Priority::Default, object(10, true));
    bench.sends_nothing();
    bench.client.reconnect();
    let reconnect = bench.sends(Action::Reconnect);
    bench.answer(&reconnect, "");
    let send = bench.sends(Action::Send);
    bench.answer(&send, SENT);
    let arrived = Event::Acknowledged {
        target: PIPELINE,
        priority: Priority::Default,
    };
    assert_eq!(bench.events(), [Event::Reconnected, arrived]);
}

/// Goes on until the shell is left, and takes it up again.
fn take_up_again(bench: &mut Bench) {
    bench.sends_nothing();
    bench.now += Duration::from_secs(6);
    bench.sends_nothing();
    bench.client.reconnect();
    let reconnect = bench.sends(Action::Reconnect);
    bench.answer(&reconnect, "");
    let events = bench.events();
    assert_eq!(events.last(), Some(&Event::Reconnected), "{events:?}");
}

#[test]
fn what_has_ended_here_is_ended_at_the_server_before_that_is_left() {
    let (mut bench, _, _) = Bench::running(true);
    bench.client.close_pipeline(COMMAND);
    bench.client.disconnect(None, None);
    let signal = bench.sends(Action::Signal);
    bench.sends_nothing();
    bench.answer(&signal, SIGNALLED);
    bench.sends(Action::Disconnect);
    // Too late for that: as soon as the shell is ours again.
    let (mut bench, _, _) = Bench::running(true);
    bench.client.disconnect(None, None);
    let disconnect = bench.sends(Action::Disconnect);
    bench.client.close_pipeline(COMMAND);
    bench.sends_nothing();
    bench.answer(&disconnect, "");
    take_up_again(&mut bench);
    bench.sends(Action::Signal);
}

#[test]
fn an_end_that_was_refused_as_the_shell_was_not_ours_is_asked_for_again() {
    // The server has left it by itself.
    let (mut bench, _, _) = Bench::running(true);
    bench.client.close_pipeline(COMMAND);
    bench.client.disconnect(None, None);
    let signal = bench.sends(Action::Signal);
    bench.refuse(&signal, SHELL_DISCONNECTED);
    let disconnect = bench.sends(Action::Disconnect);
    bench.refuse(&disconnect, 0x8033_81CF);
    take_up_again(&mut bench);
    bench.sends(Action::Signal);
    // It had not, and does not let us leave it.
    let (mut bench, _, _) = Bench::running(true);
    bench.client.close_pipeline(COMMAND);
    bench.client.disconnect(Some(Duration::from_secs(1)), None);
    let signal = bench.sends(Action::Signal);
    bench.refuse(&signal, SHELL_DISCONNECTED);
    let disconnect = bench.sends(Action::Disconnect);
    bench.refuse(&disconnect, 0x8033_81F2);
    bench.sends(Action::Signal);
    // Somebody else has it.
    let (mut bench, _, _) = Bench::running(true);
    bench.client.close_pipeline(COMMAND);
    let signal = bench.sends(Action::Signal);
    bench.refuse(&signal, IN_USE);
    let get = bench.sends(Action::Get);
    bench.answer(&get, HOLDER);
    take_up_again(&mut bench);
    bench.sends(Action::Signal);
}

#[test]
fn what_has_to_be_found_out_does_not_hold_up_leaving() {
    let (mut bench, _) = Bench::open(false);
    bench.client.create_pipeline(COMMAND, object(10, true));
    let command = bench.sends(Action::Command);
    bench.client.close_pipeline(COMMAND);
    bench.lose(&command, Sent::Maybe, Trouble::Network);
    bench.client.disconnect(None, None);
    let disconnect = bench.sends(Action::Disconnect);
    bench.answer(&disconnect, "");
    take_up_again(&mut bench);
    bench.sends(Action::Enumerate);
}
