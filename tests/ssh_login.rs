//! Getting in by what a user types: password, keyboard-interactive, more than one factor.

use psdeck::transport::{Answer, Failure, FailureKind, Options, Question, Secret, Stage, ssh};

use crate::support::link::{Answers, close, open, run, told};
use crate::support::peer::{Peer, account};

async fn connect(
    peer: &Peer,
    user: &str,
    methods: &str,
    answers: &Answers,
) -> Result<ssh::Connected, Failure> {
    let mut options: Options = peer.options();
    options
        .ssh_options
        .push(format!("PreferredAuthentications={methods}"));
    ssh::connect(
        "127.0.0.1",
        Some(user),
        Some(peer.port()),
        &options,
        answers,
        |_| (),
    )
    .await
}

async fn works(peer: &Peer, mut connected: ssh::Connected) {
    let connection = &mut *connected.connection;
    open(connection)
        .await
        .unwrap_or_else(|failure| panic!("{}\n{}", told(&failure), peer.sshd_log()));
    assert!(
        run(connection, "6 * 7")
            .await
            .unwrap()
            .contains("<I32>42</I32>")
    );
    close(connection).await;
    assert_eq!(peer.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn a_password_lets_in() {
    let Some((user, password)) = account() else {
        return;
    };
    let Some(peer) = Peer::ssh().password().start() else {
        return;
    };
    let answers = Answers::secret(&password);
    let connected = connect(&peer, &user, "password", &answers)
        .await
        .unwrap_or_else(|f| panic!("{}", told(&f)));
    assert_eq!(
        (&*connected.authentication, &connected.user),
        ("password", &user)
    );
    assert!(
        matches!(&answers.asked()[..], [Question::Password { host, .. }] if host == "127.0.0.1")
    );
    works(&peer, connected).await;
}

#[tokio::test]
async fn keyboard_interactive_lets_in() {
    let Some((user, password)) = account() else {
        return;
    };
    let Some(peer) = Peer::ssh().password().start() else {
        return;
    };
    let answers = Answers::secret(&password);
    let connected = connect(&peer, &user, "keyboard-interactive", &answers)
        .await
        .unwrap_or_else(|f| panic!("{}", told(&f)));
    assert_eq!(connected.authentication, "keyboard-interactive");
    let asked = answers.asked();
    let [
        Question::KeyboardInteractive {
            prompt,
            echo: false,
            ..
        },
    ] = &asked[..]
    else {
        panic!("{asked:?}")
    };
    assert_eq!(prompt, "Password:");
    works(&peer, connected).await;
}

#[cfg(unix)]
#[tokio::test]
async fn a_second_factor_is_asked_for_after_the_key() {
    let Some((user, password)) = account() else {
        return;
    };
    let Some(peer) = Peer::ssh()
        .password()
        .sshd_config("AuthenticationMethods publickey,password")
        .start()
    else {
        return;
    };
    // sshd reads authorized_keys as the account itself.
    let folder = std::path::Path::new(peer.text("key")).parent().unwrap();
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(folder, open).unwrap();
    let answers = Answers::secret(&password);
    let connected = connect(&peer, &user, "publickey,password", &answers)
        .await
        .unwrap_or_else(|f| panic!("{}", told(&f)));
    assert_eq!(connected.authentication, "publickey+password");
    works(&peer, connected).await;
}

#[tokio::test]
async fn a_wrong_password_is_never_sent_twice() {
    let Some((user, _)) = account() else { return };
    let Some(peer) = Peer::ssh().password().start() else {
        return;
    };
    let wrong = || Answer::Secret(Secret::new("wrong".into()));
    let answers = Answers::of([wrong(), wrong(), wrong(), wrong(), wrong()]);
    let failure = connect(&peer, &user, "keyboard-interactive,password", &answers)
        .await
        .err()
        .unwrap();
    let told = told(&failure);
    assert_eq!(
        (failure.kind, failure.stage),
        (FailureKind::Refused, Some(Stage::Authenticate)),
        "{told}"
    );
    assert_eq!(failure.message, format!("127.0.0.1 did not let {user} in"));
    assert!(
        told.contains("tried keyboard-interactive: refused"),
        "{told}"
    );
    assert!(
        told.contains("the server offers: publickey, password, keyboard-interactive"),
        "{told}"
    );
    assert_eq!(
        peer.sshd_log().matches("\nFailed ").count(),
        1,
        "{}",
        peer.sshd_log()
    );
}

#[tokio::test]
async fn nobody_to_ask_is_said_with_the_methods_that_are_left() {
    let Some(peer) = Peer::ssh().password().user("somebody").start() else {
        return;
    };
    let options = Options {
        identity: vec!["/nowhere/id".into()],
        ..peer.options()
    };
    let failure = ssh::connect(
        "127.0.0.1",
        Some("somebody"),
        Some(peer.port()),
        &options,
        &Answers::none(),
        |_| (),
    )
    .await;
    let told = told(&failure.err().unwrap());
    assert!(
        told.contains("the server offers: publickey, password, keyboard-interactive"),
        "{told}"
    );
    assert!(told.contains("tried password: none given"), "{told}");
    assert!(
        told.contains("hint: in a terminal you would be asked"),
        "{told}"
    );
}
