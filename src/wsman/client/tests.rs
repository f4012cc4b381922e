//! What is sent when, as long as nothing is lost.

use std::time::Duration;

use super::bench_tests::{
    Bench, COMMAND, COMMANDED, CREATED, PIPELINE, SENT, SHELL, SIGNALLED, data_of, inside,
    last_output, object, output,
};
use super::{Event, Failure, Kept, Lane};
use crate::psrp::{Priority, Target};
use crate::wsman::{Action, duration};

const TIMED_OUT: u32 = 0x8033_8029;
const GONE: u32 = 0x8033_805B;

#[test]
fn opening_is_one_create_and_one_receive_at_a_time() {
    let (mut bench, receive) = Bench::open(true);
    assert_eq!(
        (receive.lane, receive.fresh_connection),
        (Lane::Parked, false)
    );
    assert!(receive.envelope.contains(">THE-SHELL</w:Selector>"));
    assert!(receive.patience > Duration::from_mins(3));
    bench.answer(&receive, &output(&object(100, true)));
    assert_eq!(data_of(&bench.events()), 121);
    bench.sends(Action::Receive);
    bench.sends_nothing();
    assert_eq!(bench.client.wants_spare(), 2);
}

#[test]
fn an_opening_that_does_not_fit_goes_on_in_sends() {
    let mut bench = Bench::new(true);
    let opening = [object(100_000, false), object(100_000, true)].concat();
    bench.client.open(SHELL, "S", opening.into());
    bench.client.read(Target::Pool, 1000);
    let create = bench.sends(Action::Create);
    bench.answer(&create, CREATED);
    assert_eq!(bench.events(), []);
    let send = bench.sends(Action::Send);
    assert!(send.envelope.contains("Name=\"stdin\">") && !send.envelope.contains("CommandId"));
    bench.sends_nothing();
    bench.answer(&send, SENT);
    assert_eq!(bench.events(), [Event::Opened]);
    bench.sends(Action::Receive);
}

#[test]
fn a_warm_pipeline_is_a_command_and_a_receive_and_ends_by_itself() {
    let (mut bench, _, receive) = Bench::running(true);
    assert_eq!(bench.client.wants_spare(), 3);
    bench.answer(&receive, &last_output(&object(50, true)));
    let events = bench.events();
    assert_eq!(data_of(&events), 71);
    assert_eq!(events.last(), Some(&Event::PipelineClosed(COMMAND)));
    let signal = bench.sends(Action::Signal);
    assert!(signal.envelope.contains("/signal/terminate<"));
    bench.sends_nothing();
    // Nobody waits for it.
    bench.client.close_pipeline(COMMAND);
    bench.answer(&signal, SIGNALLED);
    assert_eq!(bench.events(), []);
    bench.client.close_pipeline(COMMAND);
    assert_eq!(bench.events(), [Event::PipelineClosed(COMMAND)]);
    bench.sends_nothing();
}

#[test]
fn output_of_a_pipeline_is_waited_for_once_the_whole_pipeline_has_arrived() {
    let (mut bench, _) = Bench::open(true);
    bench.client.create_pipeline(COMMAND, object(30_000, false));
    bench.client.read(PIPELINE, 1000);
    let command = bench.sends(Action::Command);
    bench.answer(&command, COMMANDED);
    assert_eq!(bench.events().len(), 1);
    bench.sends_nothing();
    bench
        .client
        .send(PIPELINE, Priority::Default, object(30_000, true));
    let send = bench.sends(Action::Send);
    bench.sends_nothing();
    bench.answer(&send, SENT);
    bench.sends(Action::Receive);
}

#[test]
fn nothing_is_received_without_credit() {
    let (mut bench, _) = Bench::open(true);
    bench.client.create_pipeline(COMMAND, object(10, true));
    let command = bench.sends(Action::Command);
    bench.answer(&command, COMMANDED);
    bench.sends_nothing();
    bench.client.read(PIPELINE, 100);
    let receive = bench.sends(Action::Receive);
    bench.answer(&receive, &output(&object(200, true)));
    bench.sends_nothing();
    bench.client.read(PIPELINE, 121);
    bench.sends_nothing();
    bench.client.read(PIPELINE, 1);
    bench.sends(Action::Receive);
}

#[test]
fn the_next_receive_leaves_before_the_answer_is_read() {
    let (mut bench, _, receive) = Bench::running(true);
    let envelope = bench.envelope(&receive, "ReceiveResponse", &output(&object(200_000, true)));
    bench.client.arrived(bench.now, receive.exchange, envelope);
    bench.sends_nothing();
    bench.client.finished(bench.now, receive.exchange);
    let second = bench.sends(Action::Receive);
    bench.sends_nothing();
    assert_eq!(bench.events(), []);
    assert!(bench.client.process(bench.now));
    assert_eq!(data_of(&bench.events()), 200_021);
    // As long as credit lasts, by the length of what was not read.
    let envelope = bench.envelope(&second, "ReceiveResponse", &output(&object(900_000, true)));
    bench.client.arrived(bench.now, second.exchange, envelope);
    bench.client.finished(bench.now, second.exchange);
    bench.sends_nothing();
    assert!(bench.client.process(bench.now));
    assert_eq!(data_of(&bench.events()), 900_021);
    bench.sends_nothing();
    bench.client.read(PIPELINE, 100_000);
    bench.sends(Action::Receive);
}

#[test]
fn a_receive_that_found_nothing_is_sent_again() {
    let (mut bench, _, receive) = Bench::running(true);
    bench.refuse(&receive, TIMED_OUT);
    let receive = bench.sends(Action::Receive);
    let running = "<rsp:ReceiveResponse><rsp:CommandState State=\"x/CommandState/Running\"/></rsp:ReceiveResponse>";
    bench.answer(&receive, running);
    assert_eq!(bench.events(), []);
    bench.sends(Action::Receive);
}

#[test]
fn sessions_that_open_together_do_not_ask_again_together() {
    let asked = |seed| {
        let mut bench = Bench::seeded(seed, true);
        bench.client.open(SHELL, "S", object(10, true));
        bench.client.read(Target::Pool, 1000);
        let create = bench.sends(Action::Create);
        assert_eq!(
            inside(&create.envelope, "<w:OperationTimeout>"),
            "PT180.000S"
        );
        bench.answer(&create, CREATED);
        let held = |bench: &mut Bench| {
            let receive = bench.sends(Action::Receive);
            let held = inside(&receive.envelope, "<w:OperationTimeout>").to_owned();
            (receive, duration::read(&held).unwrap().as_secs())
        };
        let (receive, first) = held(&mut bench);
        bench.refuse(&receive, TIMED_OUT);
        assert_eq!(held(&mut bench).1, first, "a session keeps its beat");
        first
    };
    let mut asked: Vec<_> = (0..50).map(asked).collect();
    asked.sort_unstable();
    assert!(
        asked.iter().all(|time| (90..=180).contains(time)),
        "{asked:?}"
    );
    let together = asked.windows(40).any(|some| some[39] - some[0] < 60);
    assert!(!together, "{asked:?}");
}

#[test]
fn a_server_that_answers_nothing_at_once_again_and_again_is_not_asked_without_pause() {
    let (mut bench, mut receive) = Bench::open(true);
    for _ in 0..8 {
        bench.refuse(&receive, TIMED_OUT);
        receive = bench.sends(Action::Receive);
    }
    bench.refuse(&receive, TIMED_OUT);
    bench.sends_nothing();
    assert_eq!(bench.wait(), Duration::from_millis(500));
    bench.sends(Action::Receive);
}

#[test]
fn a_stop_leaves_at_once_and_answers_to_prompts_have_their_own_way() {
    let (mut bench, _, receive) = Bench::running(true);
    bench
        .client
        .send(PIPELINE, Priority::Default, object(10, true));
    let input = bench.sends(Action::Send);
    bench
        .client
        .send(PIPELINE, Priority::PromptResponse, object(10, true));
    let answer = bench.sends(Action::Send);
    assert_eq!((input.lane, answer.lane), (Lane::Ordinary, Lane::Urgent));
    assert!(answer.envelope.contains("Name=\"pr\""));
    bench
        .client
        .send(PIPELINE, Priority::Default, object(10, true));
    bench.sends_nothing();
    bench.client.stop(COMMAND);
    bench.client.stop(COMMAND);
    let stop = bench.sends(Action::Signal);
    assert_eq!(stop.lane, Lane::Urgent);
    assert!(stop.envelope.contains(">powershell/signal/crtl_c<"));
    assert_eq!(bench.client.wants_spare(), 6);
    bench.answer(&answer, SENT);
    bench.answer(&stop, SIGNALLED);
    let [
        Event::Acknowledged {
            priority: Priority::PromptResponse,
            ..
        },
        Event::StopAcknowledged(COMMAND),
    ] = bench.events()[..]
    else {
        panic!("not in order");
    };
    bench.answer(&input, SENT);
    bench.sends(Action::Send);
    bench.answer(&receive, &last_output(b""));
    assert!(bench.events().contains(&Event::PipelineClosed(COMMAND)));
}

#[test]
fn what_is_urgent_is_received_through_even_without_credit() {
    let (mut bench, _) = Bench::open(true);
    bench.client.create_pipeline(COMMAND, object(10, true));
    let command = bench.sends(Action::Command);
    bench.answer(&command, COMMANDED);
    bench.client.close_pipeline(COMMAND);
    let signal = bench.sends(Action::Signal);
    let receive = bench.sends(Action::Receive);
    bench.events();
    bench.answer(&receive, &output(&object(100, true)));
    assert_eq!(bench.events(), []);
    bench.sends(Action::Receive);
    bench.answer(&signal, SIGNALLED);
    bench.sends_nothing();
}

#[test]
fn a_pipeline_that_nobody_heard_of_ends_without_a_request() {
    let (mut bench, _) = Bench::open(true);
    bench.client.create_pipeline(COMMAND, object(10, true));
    bench.client.close_pipeline(COMMAND);
    assert_eq!(bench.events(), [Event::PipelineClosed(COMMAND)]);
    bench.sends_nothing();
    bench.client.create_pipeline(COMMAND, object(10, true));
    let command = bench.sends(Action::Command);
    bench.client.close_pipeline(COMMAND);
    bench.sends_nothing();
    bench.answer(&command, COMMANDED);
    bench.sends(Action::Signal);
}

#[test]
fn envelopes_grow_with_the_protocol_and_shrink_where_the_server_wants() {
    let (mut bench, receive) = Bench::open(true);
    let small = bench.client.packet_size();
    assert!((100_000..153_600 * 3 / 4).contains(&small), "{small}");
    let mut capability = object(10, true).to_vec();
    capability.extend(b"<Version N=\"protocolversion\">2.3</Version>");
    bench.answer(&receive, &output(&capability));
    let large = bench.client.packet_size();
    assert!(large > 3 * small, "{large}");
    let receive = bench.sends(Action::Receive);
    assert_eq!(
        inside(
            &receive.envelope,
            "MaxEnvelopeSize s:mustUnderstand=\"true\">"
        ),
        "512000"
    );
    bench.refuse(&receive, 0x8033_8047);
    assert_eq!(bench.client.packet_size(), small);
    bench.sends(Action::Receive);
    bench.client.send(
        Target::Pool,
        Priority::Default,
        [object(60_000, true), object(40_000, true)].concat().into(),
    );
    let send = bench.sends(Action::Send);
    bench.refuse(&send, 0x8033_8035);
    assert!(bench.client.packet_size() < small);
    for _ in 0..2 {
        let part = bench.sends(Action::Send);
        bench.sends_nothing();
        bench.answer(&part, SENT);
    }
    let events = bench.events();
    assert!(
        matches!(events.last(), Some(Event::Acknowledged { .. })),
        "{events:?}"
    );
    bench.sends_nothing();
}

#[test]
fn a_create_is_tried_again_where_that_can_help() {
    let mut bench = Bench::new(true);
    bench.client.open(SHELL, "S", object(10, true));
    for pause in [1, 2, 4, 8, 16] {
        let create = bench.sends(Action::Create);
        bench.refuse(&create, 995);
        bench.sends_nothing();
        assert_eq!(bench.wait(), Duration::from_secs(pause));
    }
    let create = bench.sends(Action::Create);
    bench.refuse(&create, 995);
    assert!(matches!(
        bench.events()[..],
        [Event::Lost(Failure::Refused { .. })]
    ));
    bench.sends_nothing();

    let mut bench = Bench::new(true);
    bench.client.open(SHELL, "S", object(10, true));
    let create = bench.sends(Action::Create);
    bench.refuse(&create, 5);
    let events = bench.events();
    let [Event::Lost(failure)] = &events[..] else {
        panic!("{events:?}")
    };
    assert_eq!(failure.to_string(), "the server refused Create: no");
}

#[test]
fn a_gone_command_is_closed_and_a_gone_shell_is_lost() {
    let (mut bench, _, receive) = Bench::running(true);
    bench.refuse(&receive, GONE);
    assert_eq!(bench.events(), [Event::PipelineClosed(COMMAND)]);
    let signal = bench.sends(Action::Signal);
    bench.refuse(&signal, GONE);
    assert_eq!(bench.events(), []);

    let (mut bench, receive) = Bench::open(true);
    bench.refuse(&receive, GONE);
    assert!(matches!(bench.events()[..], [Event::Lost(_)]));
}

#[test]
fn a_refused_command_fails_alone() {
    let (mut bench, _) = Bench::open(true);
    bench.client.create_pipeline(COMMAND, object(10, true));
    let command = bench.sends(Action::Command);
    bench.refuse(&command, 0x8033_81E9);
    assert!(matches!(
        bench.events()[..],
        [Event::Fault {
            target: PIPELINE,
            ..
        }]
    ));
    bench.client.close_pipeline(COMMAND);
    assert_eq!(bench.events(), [Event::PipelineClosed(COMMAND)]);
    bench.sends_nothing();
}

#[test]
fn a_session_is_left_and_taken_up_again() {
    let (mut bench, pool, receive) = Bench::running(true);
    bench
        .client
        .send(PIPELINE, Priority::Default, object(10, true));
    let send = bench.sends(Action::Send);
    bench.client.disconnect(None, None);
    bench.sends_nothing();
    bench.answer(&send, SENT);
    let disconnect = bench.sends(Action::Disconnect);
    bench.answer(&receive, &output(&object(10, true)));
    bench.refuse(&pool, 0x8033_81DE);
    bench.answer(&disconnect, "<rsp:DisconnectResponse/>");
    let events = bench.events();
    assert_eq!(data_of(&events), 31);
    assert_eq!(events.last(), Some(&Event::Disconnected(None)));
    bench.sends_nothing();
    bench.client.reconnect();
    let reconnect = bench.sends(Action::Reconnect);
    bench.sends_nothing();
    bench.answer(&reconnect, "<rsp:ReconnectResponse/>");
    assert_eq!(bench.events(), [Event::Reconnected]);
    bench.sends(Action::Receive);
    // A server that wants commands connected by themselves.
    let receive = bench.sends(Action::Receive);
    bench.refuse(&receive, 0x8033_81C4);
    let reconnect = bench.sends(Action::Reconnect);
    assert!(reconnect.envelope.contains("CommandId="));
    // Before that it would be refused again, and for good.
    bench.sends_nothing();
    bench.answer(&reconnect, "<rsp:ReconnectResponse/>");
    bench.sends(Action::Receive);
}

#[test]
fn a_session_of_another_client_is_taken_up() {
    let mut bench = Bench::new(true);
    bench.client.connect(SHELL, object(10, true), false);
    bench.client.read(Target::Pool, 1000);
    let connect = bench.sends(Action::Connect);
    bench.answer(
        &connect,
        "<rsp:ConnectResponse><connectResponseXml>AAA=</connectResponseXml></rsp:ConnectResponse>",
    );
    assert!(matches!(&bench.events()[..], [Event::Connected(answer)] if answer.len() == 2));
    let look = bench.sends(Action::Get);
    let shell = "<rsp:Shell><rsp:ShellId>S</rsp:ShellId><rsp:IdleTimeOut>PT60.000S</rsp:IdleTimeOut></rsp:Shell>";
    bench.answer(&look, shell);
    let kept = Kept {
        idle_timeout: Some(Duration::from_mins(1)),
        ..Kept::default()
    };
    assert_eq!(bench.events(), [Event::Kept(kept)]);
    bench.client.connect_pipeline(COMMAND);
    bench.client.read(PIPELINE, 1000);
    let attach = bench.sends(Action::Connect);
    bench.sends(Action::Receive);
    bench.answer(&attach, "<rsp:ConnectResponse/>");
    assert!(matches!(
        bench.events()[..],
        [Event::Acknowledged {
            target: PIPELINE,
            ..
        }]
    ));
    bench.sends(Action::Receive);
}
