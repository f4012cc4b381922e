//! What pypsrp did with Windows servers, done by our client: PSRP's state machine on WSMan's, driven as a session drives
//! them. Each request is compared with the recorded one, element by element and, inside, message by message; each answer
//! gives what the recorded client saw.

mod differences;
mod omi;
mod player;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use psdeck::wsman::{Body, Header, Operation, Request, Response};
use uuid::Uuid;

use self::differences::{DIFFERENCES, Table};
use self::player::Player;
use crate::wsman::{flat, recorded};

#[test]
fn sessions_with_windows_servers_replay() {
    let Some(exchanges) = recorded("windows-wsman", "yml") else {
        return;
    };
    let mut used = BTreeSet::new();
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let mut totals = Totals::default();
    let files: BTreeSet<_> = exchanges.iter().map(|(name, ..)| name.as_str()).collect();
    for file in &files {
        let exchanges: Vec<_> = exchanges
            .iter()
            .filter(|(name, ..)| name == file)
            .map(|(_, request, answer)| (flat(request), answer.as_str()))
            .collect();
        let mut table = Table {
            file,
            used: &mut used,
        };
        totals.add(&replay(&exchanges, &mut table, &mut counts));
    }
    let unused: Vec<_> = (0..DIFFERENCES.len())
        .filter(|row| !used.contains(row))
        .map(|row| DIFFERENCES[row])
        .collect();
    assert!(unused.is_empty(), "nothing needs {unused:?}");
    eprintln!(
        "{} recordings, {} requests {counts:?}, {totals:?}",
        files.len(),
        exchanges.len()
    );
    assert_eq!((files.len(), exchanges.len()), (39, 290));
    assert_eq!(counts.values().sum::<usize>(), exchanges.len());
}

/// What was compared inside the envelopes.
#[derive(Clone, Debug, Default)]
pub struct Totals {
    /// Messages that we sent.
    pub sent: usize,
    /// Messages whose events were compared.
    pub received: usize,
    /// Terminates that the recorded client did not send.
    pub terminated: usize,
}

impl Totals {
    fn add(&mut self, more: &Self) {
        self.sent += more.sent;
        self.received += more.received;
        self.terminated += more.terminated;
    }
}

/// One recording: as many sessions as it has, each with its player.
fn replay(
    exchanges: &[(BTreeMap<String, String>, &str)],
    table: &mut Table<'_>,
    counts: &mut BTreeMap<String, usize>,
) -> Totals {
    let mut players: Vec<(String, Player)> = Vec::new();
    for (at, (request, answer)) in exchanges.iter().enumerate() {
        let later = &exchanges[at + 1..];
        let action = request["Header/Action"].rsplit('/').next().unwrap();
        *counts.entry(action.to_owned()).or_default() += 1;
        let shell = request
            .get("Body/Shell@ShellId")
            .or(request.get("Header/SelectorSet/Selector[ShellId]"));
        let whole = action == "Connect" && !request.contains_key("Body/Connect@CommandId");
        match action {
            "Get" | "Enumerate" => {
                table.compare(request, &flat(&written(request, action)), &[]);
                if answer.starts_with('<') {
                    Response::read(answer).unwrap();
                }
                continue;
            }
            "Create" => players.push((shell.unwrap().clone(), Player::create(request))),
            _ if whole => players.push((shell.unwrap().clone(), Player::connect(request))),
            _ => {}
        }
        // A session that was left is taken up by its own client.
        let found = players
            .iter()
            .rposition(|(id, player)| Some(id) == shell && player.takes(action));
        let found = found.unwrap_or_else(|| panic!("{}: {action} of no session", table.file));
        players[found]
            .1
            .exchange(action, request, answer, later, table);
    }
    let mut totals = Totals::default();
    for (_, player) in &players {
        totals.add(&player.end(table.file));
    }
    totals
}

/// Our request where no session makes it yet.
fn written(recorded: &BTreeMap<String, String>, action: &str) -> String {
    let filter = recorded.get("Body/Enumerate/Filter/SelectorSet/Selector[ShellId]");
    let body = match (action, filter) {
        ("Get", _) => Body::Get,
        (_, Some(shell)) => Body::EnumerateCommands { shell },
        _ => Body::EnumerateShells,
    };
    let request = Request {
        resource: &recorded["Header/ResourceURI"],
        shell: recorded
            .get("Header/SelectorSet/Selector[ShellId]")
            .map(String::as_str),
        body,
    };
    let operation = Operation {
        id: Uuid::from_u128(7),
        again: false,
    };
    let header = Header {
        to: recorded["Header/To"].clone(),
        session: session(recorded),
        max_envelope: recorded["Header/MaxEnvelopeSize"].parse().unwrap(),
        timeout: seconds(&recorded["Header/OperationTimeout"]),
        locale: recorded["Header/Locale@lang"].clone(),
        data_locale: recorded["Header/DataLocale@lang"].clone(),
    };
    request.write(&header, Uuid::nil(), Some(operation))
}

pub fn session(recorded: &BTreeMap<String, String>) -> Uuid {
    recorded["Header/SessionId"]
        .trim_start_matches("uuid:")
        .parse()
        .unwrap()
}

pub fn seconds(text: &str) -> Duration {
    let text = text.trim_start_matches("PT").trim_end_matches('S');
    Duration::from_secs_f64(text.parse().unwrap())
}
