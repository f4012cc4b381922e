//! How a shell is closed, and what whoever closes it is told.

use super::bench_tests::{Bench, CREATED, SHELL, object};
use super::{Event, Lane, Sent, Trouble};
use crate::psrp::{Priority, Target};
use crate::wsman::Action;

const GONE: u32 = 0x8033_805B;
const IN_USE: u32 = 0x8033_81CD;

#[test]
fn closing_deletes_the_shell_once_there_is_one() {
    let (mut bench, receive) = Bench::open(true);
    bench.client.close();
    let delete = bench.sends(Action::Delete);
    assert_eq!(delete.lane, Lane::Urgent);
    bench.refuse(&receive, 995);
    bench.answer(&delete, "");
    assert_eq!(bench.events(), [Event::Closed(None)]);

    let mut bench = Bench::new(true);
    bench.client.open(SHELL, "S", object(10, true));
    let create = bench.sends(Action::Create);
    bench.client.close();
    bench.sends_nothing();
    bench.answer(&create, CREATED);
    let delete = bench.sends(Action::Delete);
    bench.refuse(&delete, GONE);
    assert_eq!(bench.events(), [Event::Closed(None)]);

    let mut bench = Bench::new(true);
    bench.client.open(SHELL, "S", object(10, true));
    bench.client.close();
    bench.sends_nothing();
    assert_eq!(bench.events(), [Event::Closed(None)]);
}

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
        assert_eq!(bench.events().last(), Some(&Event::Closed(None)), "{there}");
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
fn whoever_closes_learns_whether_the_server_has_said_that_the_shell_is_gone() {
    let unanswered = |bench: &mut Bench, what: &str| {
        let last = bench.events().pop();
        assert!(
            matches!(last, Some(Event::Closed(Some(_)))),
            "{what}: {last:?}"
        );
        bench.sends_nothing();
    };
    // The server refuses to delete it.
    let (mut bench, _) = Bench::open(true);
    bench.client.close();
    let delete = bench.sends(Action::Delete);
    bench.refuse(&delete, 5);
    unanswered(&mut bench, "refused");
    // The network is lost, and does not come back.
    let (mut bench, _) = Bench::open(true);
    bench.client.close();
    let delete = bench.sends(Action::Delete);
    bench.lose(&delete, Sent::Maybe, Trouble::Network);
    while bench.client.deadline().is_some() {
        bench.wait();
        while let Some(again) = bench.client.poll_transmit(bench.now) {
            bench.lose(&again, Sent::No, Trouble::Network);
        }
    }
    unanswered(&mut bench, "lost");
    // It was to be taken up, and another client has it.
    let mut bench = Bench::new(true);
    bench.client.connect(SHELL, object(10, true), false);
    let connect = bench.sends(Action::Connect);
    bench.client.close();
    bench.refuse(&connect, IN_USE);
    unanswered(&mut bench, "in use");
    // There never was one.
    let mut bench = Bench::new(true);
    bench.client.open(SHELL, "S", object(10, true));
    let create = bench.sends(Action::Create);
    bench.client.close();
    bench.refuse(&create, 5);
    assert_eq!(bench.events(), [Event::Closed(None)]);
    // Another answer than that to the Delete says nothing.
    let (mut bench, _) = Bench::open(true);
    bench
        .client
        .send(Target::Pool, Priority::Default, object(10, true));
    let send = bench.sends(Action::Send);
    bench.client.close();
    let delete = bench.sends(Action::Delete);
    bench.refuse(&send, 5);
    assert_eq!(bench.events(), []);
    bench.answer(&delete, "");
    assert_eq!(bench.events(), [Event::Closed(None)]);
}
