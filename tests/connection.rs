//! Connections without a session: what goes through them, and what waits, whatever they lead over.

use std::time::Duration;

use psdeck::psrp::Target;
use psdeck::transport::{self, Command, Connection, Event, TargetAddress};
use uuid::Uuid;

use crate::support::link::{close, create, next, open, run, told};
use crate::support::peer::{Builder, Kind, Peer};
use crate::support::servers::on_servers_async;

on_servers_async!(
    [local, ssh, wsman],
    [
        a_session_opens_runs_a_script_and_closes,
        reading_stops_when_the_credit_is_used_up_and_a_stop_goes_through_all_the_same,
        a_close_goes_through_while_another_pipeline_is_not_read,
        the_close_of_a_pipeline_that_was_never_sent_is_answered,
        twenty_megabytes_come_through_and_long_lines_go_out,
        servers_of_every_version_open,
    ]
);

/// A connection to a peer.
async fn connect(peer: &Peer) -> Box<dyn Connection> {
    let (options, answers) = (peer.options(), peer.answers());
    match peer.address() {
        TargetAddress::Ssh { user, host, port } => {
            transport::ssh::connect(&host, user.as_deref(), port, &options, &answers, |_| ())
                .await
                .map(|made| made.connection)
        }
        address @ TargetAddress::Wsman { .. } => {
            transport::http::connect(&address, &options, Uuid::new_v4(), &answers, |_| ())
                .await
                .map(|made| made.connection)
        }
        _ => transport::process::connect(&options, |_| ()),
    }
    .unwrap_or_else(|failure| panic!("{}", told(&failure)))
}

async fn a_session_opens_runs_a_script_and_closes(server: Builder) {
    let Some(peer) = server.start() else {
        return;
    };
    let mut connection = connect(&peer).await;
    open(&mut *connection).await.unwrap();
    let output = run(&mut *connection, "'a' + 'b'").await.unwrap();
    assert!(output.contains("<S>ab</S>"), "{output}");
    close(&mut *connection).await;
    assert_eq!(peer.violations(), Vec::<String>::new());
    if peer.kind() != Kind::Wsman {
        assert_eq!(peer.statistics()["received"]["Close"], 2);
    }
}

async fn reading_stops_when_the_credit_is_used_up_and_a_stop_goes_through_all_the_same(
    server: Builder,
) {
    let Some(peer) = server.start() else {
        return;
    };
    let mut connection = connect(&peer).await;
    open(&mut *connection).await.unwrap();
    let id = Uuid::new_v4();
    let target = Target::Pipeline(id);
    connection.submit(Command::CreatePipeline {
        id,
        first: create(id, "while ($true) { 'x' * 10000 }"),
    });
    connection.submit(Command::Read {
        target,
        credit: 100_000,
    });
    let mut read = 0;
    while let Ok(event) = tokio::time::timeout(Duration::from_millis(500), connection.event()).await
    {
        if let Event::Data { data, .. } = event {
            read += data.len();
        }
    }
    assert!(
        (100_000..300_000).contains(&read),
        "read {read} bytes with credit for 100,000"
    );
    connection.submit(Command::Stop(id));
    loop {
        match next(&mut *connection).await {
            Event::StopAcknowledged(stopped) => break assert_eq!(stopped, id),
            Event::Lost(failure) => panic!("{}", told(&failure)),
            _ => {}
        }
    }
    connection.submit(Command::Read {
        target,
        credit: 1 << 30,
    });
    close(&mut *connection).await;
    assert_eq!(peer.violations(), Vec::<String>::new());
}

async fn a_close_goes_through_while_another_pipeline_is_not_read(server: Builder) {
    let Some(peer) = server.start() else {
        return;
    };
    let mut connection = connect(&peer).await;
    open(&mut *connection).await.unwrap();
    let (done, flood) = (Uuid::new_v4(), Uuid::new_v4());
    for (id, script, credit) in [
        (done, "1", 1 << 20),
        (flood, "while ($true) { 'x' * 10000 }", 100_000),
    ] {
        let target = Target::Pipeline(id);
        connection.submit(Command::CreatePipeline {
            id,
            first: create(id, script),
        });
        connection.submit(Command::Read { target, credit });
        let idle = Duration::from_millis(500);
        while let Ok(event) = tokio::time::timeout(idle, connection.event()).await {
            if let Event::Lost(failure) = event {
                panic!("{}", told(&failure));
            }
        }
    }
    connection.submit(Command::ClosePipeline(done));
    let closed = async {
        loop {
            match connection.event().await {
                Event::PipelineClosed(id) => break id,
                Event::Lost(failure) => panic!("{}", told(&failure)),
                _ => {}
            }
        }
    };
    let closed = tokio::time::timeout(Duration::from_secs(5), closed).await;
    assert_eq!(closed.expect("the close was not acknowledged"), done);
    connection.submit(Command::Stop(flood));
    close(&mut *connection).await;
    assert_eq!(peer.violations(), Vec::<String>::new());
}

async fn the_close_of_a_pipeline_that_was_never_sent_is_answered(server: Builder) {
    let Some(peer) = server.start() else {
        return;
    };
    let mut connection = connect(&peer).await;
    open(&mut *connection).await.unwrap();
    connection.submit(Command::ClosePipeline(Uuid::from_u128(7)));
    let closed = tokio::time::timeout(Duration::from_secs(5), async {
        while !matches!(connection.event().await, Event::PipelineClosed(id) if id == Uuid::from_u128(7))
        {
        }
    });
    closed.await.expect("nothing came");
    close(&mut *connection).await;
}

async fn twenty_megabytes_come_through_and_long_lines_go_out(server: Builder) {
    let Some(peer) = server.start() else {
        return;
    };
    let mut connection = connect(&peer).await;
    let connection = &mut *connection;
    open(connection).await.unwrap();
    let output = run(connection, "1..200 | ForEach-Object { 'x' * 100000 }")
        .await
        .unwrap();
    // A few more stand in the messages' own words and headers.
    assert!((20_000_000..20_010_000).contains(&output.matches('x').count()));
    let output = run(connection, &format!("'{}'.Length", "y".repeat(300_000)))
        .await
        .unwrap();
    assert!(output.contains("<I32>300000</I32>"), "{output}");
    close(connection).await;
    assert_eq!(peer.violations(), Vec::<String>::new());
}

async fn servers_of_every_version_open(server: Builder) {
    for version in ["2.1", "2.2", "2.3", "2.4"] {
        let Some(peer) = server.clone().protocol(version).start() else {
            return;
        };
        let mut connection = connect(&peer).await;
        open(&mut *connection).await.unwrap();
        let output = run(&mut *connection, "'a' + 'b'").await.unwrap();
        assert!(output.contains("<S>ab</S>"), "{output}");
        close(&mut *connection).await;
        assert_eq!(peer.violations(), Vec::<String>::new());
    }
}
