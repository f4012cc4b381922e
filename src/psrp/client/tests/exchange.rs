//! The exchange of keys, with keys and ciphers that psrpcore made.

use super::*;
use crate::psrp::keys::tests::recorded;

#[test]
fn what_holds_secrets_waits_for_the_key_and_nothing_else_does() {
    let (recorded, pair) = recorded();
    let mut peer = Peer::opened("2.3");
    let one = peer.create(PipelineSpec::script("1"));
    let other = peer.create(PipelineSpec::script("2"));
    peer.output(one, "<S>before</S>");
    let sealed = &recorded.secrets[2];
    peer.output(one, &format!("<SS>{}</SS>", sealed.cipher));
    peer.output(one, "<S>after</S>");
    peer.pipeline_state(one, 4);
    peer.output(other, "<S>other</S>");
    assert_eq!(
        peer.events(),
        ["output before", "KeyNeeded", "output other"]
    );

    peer.client.provide_key(pair);
    assert_eq!(peer.sent(Target::Pool).len(), 1);
    peer.session_key(&recorded.encrypted_session_key);
    let secret = format!("secret {}", sealed.text);
    assert_eq!(peer.events(), [&secret, "output after", "Completed"]);
}

#[test]
fn a_pipeline_with_secret_arguments_is_created_once_the_key_is_there() {
    let (recorded, pair) = recorded();
    let sealed = &recorded.secrets[3];
    let mut peer = Peer::opened("2.3");
    let command = CommandSpec::command("f").arg(Secret::new(&sealed.text).to_value());
    let spec = PipelineSpec {
        no_input: false,
        ..PipelineSpec::new(vec![command])
    };
    let (id, first) = peer.client.create_pipeline(spec).unwrap();
    assert!(first.is_none());
    peer.client.input(id, &1.into()).unwrap();
    peer.client.end_input(id).unwrap();
    assert!(
        peer.client
            .transmit(Target::Pipeline(id), usize::MAX)
            .is_none()
    );
    assert_eq!(peer.events(), ["KeyNeeded"]);

    peer.client.provide_key(pair);
    let [key] = &peer.sent(Target::Pool)[..] else {
        panic!("one message")
    };
    assert_eq!(key.kind, MessageType::PublicKey);
    assert_eq!(
        body(key).member("PublicKey").unwrap().as_str(),
        Some(recorded.public_key.as_str())
    );
    peer.session_key(&recorded.encrypted_session_key);
    let Some(Event::PipelineReady { first, .. }) = peer.client.poll_event() else {
        panic!("no first fragments")
    };
    let [create] = &messages(&first)[..] else {
        panic!("one message")
    };
    assert!(holds(create, &sealed.cipher));
    let kinds: Vec<_> = peer
        .sent(Target::Pipeline(id))
        .iter()
        .map(|sent| sent.kind)
        .collect();
    assert_eq!(
        kinds,
        [MessageType::PipelineInput, MessageType::EndOfPipelineInput]
    );
}

#[test]
fn a_prompt_for_a_secret_starts_the_exchange_and_its_answer_waits() {
    let (recorded, pair) = recorded();
    let sealed = &recorded.secrets[1];
    let mut peer = Peer::opened("2.3");
    let id = peer.create(PipelineSpec::script("Read-Host -AsSecureString"));
    let target = Target::Pipeline(id);
    peer.read_line(id, 1, 12);
    assert_eq!(peer.events(), ["KeyNeeded", "call 1"]);
    let answer = HostAnswer::SecureLine(Secret::new(&sealed.text));
    peer.client.answer(target, 1, &answer).unwrap();
    assert!(peer.client.transmit(target, usize::MAX).is_none());
    peer.client.provide_key(pair);
    peer.session_key(&recorded.encrypted_session_key);
    let (priority, bytes) = peer.client.transmit(target, usize::MAX).unwrap();
    assert_eq!(priority, Priority::PromptResponse);
    assert!(holds(&messages(&bytes)[0], &sealed.cipher));
}

#[test]
fn an_unreadable_session_key_breaks_the_pool() {
    let mut peer = Peer::opened("2.3");
    peer.client.provide_key(recorded().1);
    peer.say(Target::Pool, MessageType::PublicKeyRequest, "<S></S>");
    assert_eq!(peer.sent(Target::Pool)[0].kind, MessageType::PublicKey);
    let body = r#"<Obj RefId="0"><MS><S N="EncryptedSessionKey">AAAA</S></MS></Obj>"#;
    let error = peer.try_say(Target::Pool, MessageType::EncryptedSessionKey, body);
    assert_eq!(error, Err(crate::psrp::KeyError::SessionKey.into()));
    assert_eq!(peer.events(), ["pool Broken"]);
}

#[test]
fn a_key_pair_made_beforehand_is_sent_when_it_is_needed() {
    let (recorded, pair) = recorded();
    let sealed = &recorded.secrets[1];
    let mut peer = Peer::opened("2.3");
    peer.client.provide_key(pair);
    assert!(peer.sent(Target::Pool).is_empty());
    let id = peer.create(PipelineSpec::script("1"));
    peer.output(id, &format!("<SS>{}</SS>", sealed.cipher));
    assert_eq!(peer.sent(Target::Pool).len(), 1);
    peer.session_key(&recorded.encrypted_session_key);
    assert_eq!(peer.events(), [format!("secret {}", sealed.text)]);
}

#[test]
fn a_pipeline_that_waits_for_the_key_is_stopped_at_once() {
    let (recorded, pair) = recorded();
    let mut peer = Peer::opened("2.3");
    let command = CommandSpec::command("f").arg(Secret::new("x").to_value());
    let id = peer.create(PipelineSpec::new(vec![command]));
    peer.client.stop(id).unwrap();
    peer.client.provide_key(pair);
    peer.session_key(&recorded.encrypted_session_key);
    assert_eq!(peer.events(), ["KeyNeeded", "Stopped"]);
}

#[test]
fn no_more_waits_for_the_key_than_memory_allows() {
    let (recorded, _) = recorded();
    let mut peer = Peer::opened("2.3");
    let id = peer.create(PipelineSpec::script("1"));
    peer.output(id, &format!("<SS>{}</SS>", recorded.secrets[1].cipher));
    let target = Target::Pipeline(id);
    let empty = peer.fragments(target, MessageType::PipelineOutput, "", 1000);
    let line = empty.repeat(1000);
    let broken = (0..1000).find_map(|_| peer.client.handle(target, &line).err());
    assert!(matches!(broken, Some(Error::TooMuchHeld(_))));
}
