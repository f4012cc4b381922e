//! Our client, through the operations that the app and the verbs call.

use std::sync::Arc;

use psdeck::session::{
    Interactive, InteractiveEvent, Invoke, OpenRequest, PipelineEvent, Pool, Session, Size,
};
use psdeck::transport::Options;
use tokio_util::sync::CancellationToken;

use crate::support::link::Answers;
use crate::support::peer::Peer;

pub const WINDOW: Size = Size {
    columns: 80,
    rows: 24,
};

pub async fn open(peer: &Peer) -> Session {
    open_with(peer, peer.options()).await
}

pub async fn open_with(peer: &Peer, options: Options) -> Session {
    let request = OpenRequest {
        target: peer.address(),
        name: None,
        options,
        window: Some(WINDOW),
        deadline: None,
        kept: false,
    };
    let pool = Pool::new(Vec::new());
    let opening = pool.open(
        &request,
        Arc::new(Answers::none()),
        CancellationToken::new(),
    );
    opening
        .await
        .session()
        .await
        .unwrap_or_else(|report| panic!("{report:?}"))
}

/// Runs a script to its end; how many objects came.
pub async fn invoke(session: &Session, script: &str) -> usize {
    let mut running = session.invoke(&Invoke::objects(script));
    let mut objects = 0;
    loop {
        match running.next().await {
            Some(PipelineEvent::Output(_)) => objects += 1,
            Some(PipelineEvent::Finished(_)) | None => return objects,
            Some(_) => {}
        }
    }
}

/// Enters the session, runs a line again and again, and leaves.
pub async fn enter(session: Session, line: &str, times: usize) {
    let (entered, mut events) = Interactive::enter(session, WINDOW);
    let mut left = times;
    while let Some(event) = events.next().await {
        match event {
            InteractiveEvent::Ready(_) if left > 0 => {
                left -= 1;
                entered.submit(line.to_owned());
            }
            InteractiveEvent::Ready(_) => entered.leave(),
            InteractiveEvent::Broken(report) => panic!("{report:?}"),
            _ => {}
        }
    }
}
