use uuid::Uuid;

use super::*;
use crate::clixml;
use crate::cmdlets::metadata;
use crate::cmdlets::session_object::PSSession;
use crate::session::Pool;

/// A session of a demonstration, for what only needs one to be there.
fn session() -> Value {
    use std::sync::Arc;

    use crate::server::Demonstration;
    use crate::session::{Demo, OpenRequest};
    use crate::transport::{Nobody, Options, TargetAddress};
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let pool = Pool::new(vec![Arc::new(Demo(Demonstration::new(0)))]);
        let request = OpenRequest {
            target: TargetAddress::Demo("Server01".into()),
            name: None,
            options: Options::default(),
            window: None,
            deadline: None,
            kept: false,
        };
        let cancel = tokio_util::sync::CancellationToken::new();
        let session = pool
            .open(&request, Arc::new(Nobody), cancel)
            .await
            .session()
            .await
            .unwrap();
        Value::Session(PSSession::new(&pool, session.info()))
    })
}

/// The cmdlet of a line and its arguments: words as a script has them, `$s` a session, `$guid` a GUID.
fn binder(line: &str) -> Result<Binder, Error> {
    let tree = crate::language::parse(line).unwrap();
    let crate::language::StatementKind::Chain(chain) = &tree.end[0].kind else {
        panic!()
    };
    let crate::language::Element::Command(command) = &chain.first.elements[0] else {
        panic!()
    };
    let cmdlet = metadata::find(command.name.as_str().unwrap()).unwrap();
    let words = command.words.iter().map(|word| match word {
        crate::language::Word::Parameter { name, value, span } => Argument::Parameter {
            name: name.clone(),
            value: value.as_ref().map(value_of),
            span: *span,
        },
        crate::language::Word::Argument(word) => Argument::Value(value_of(word), word.span),
    });
    Binder::new(cmdlet, words.collect())
}

fn value_of(word: &crate::language::Expression) -> Value {
    use crate::language::{ExpressionKind as Kind, Number};
    match &word.kind {
        Kind::Number(Number::Int32(number)) => Value::Plain((*number).into()),
        Kind::String(text) => text.as_str().into(),
        Kind::ScriptBlock(_) => Value::Script("1".into()),
        Kind::Array(items) => Value::Array(items.iter().map(value_of).collect()),
        Kind::Hash(_) => Value::Hash([("IdleTimeout".into(), Value::Plain(60_000.into()))].into()),
        Kind::Variable(variable) => match variable.name.as_str() {
            "s" => session(),
            "guid" => Value::Plain(clixml::Value::Guid(Uuid::nil())),
            "false" => false.into(),
            "null" => Value::NULL,
            other => panic!("{other}"),
        },
        other => panic!("{other:?}"),
    }
}

fn bound(line: &str) -> Result<Bound, Error> {
    binder(line).and_then(|binder| binder.finish())
}

/// The set of a line, and what its parameters were given.
#[track_caller]
fn binds(line: &str, set: &str, values: &[(&str, &str)]) {
    let bound = bound(line).unwrap_or_else(|error| panic!("{line}: {error:?}"));
    assert_eq!(bound.set, set, "{line}");
    for (name, value) in values {
        let given = bound
            .text(name)
            .unwrap_or_else(|| panic!("{line}: no {name}"));
        assert_eq!(given, *value, "{line}");
    }
}

#[track_caller]
fn fails(line: &str, id: &str) {
    let error = bound(line).map(|bound| bound.set).unwrap_err();
    assert_eq!(error.id(), id, "{line}");
}

#[test]
fn positions_are_filled_as_powershell_fills_them() {
    binds("Enter-PSSession", "ComputerName", &[]);
    binds(
        "Enter-PSSession Server01",
        "ComputerName",
        &[("ComputerName", "Server01")],
    );
    binds("Enter-PSSession 3", "Id", &[("Id", "3")]);
    binds(
        "Enter-PSSession '3'",
        "ComputerName",
        &[("ComputerName", "3")],
    );
    binds(
        "Enter-PSSession $s",
        "Session",
        &[("Session", "[PSSession]Runspace1")],
    );
    let missing = binder("Enter-PSSession $guid").unwrap();
    let asked: Vec<_> = missing
        .missing(false)
        .iter()
        .map(|at| missing.cmdlet.parameters[*at].name)
        .collect();
    assert_eq!(asked, ["Credential"]);
    let both = [
        ("ComputerName", "Server01"),
        ("Credential", "System.Management.Automation.PSCredential"),
    ];
    binds(
        r"Enter-PSSession Server01 Domain01\User01",
        "ComputerName",
        &both,
    );
    let both = [
        ("ConnectionUri", "https://s/x"),
        ("Credential", "System.Management.Automation.PSCredential"),
    ];
    binds(r"Enter-PSSession https://s/x Domain01\User01", "Uri", &both);
    binds(
        "Get-PSSession Server01",
        "ComputerName",
        &[("ComputerName", "Server01")],
    );
    binds("Get-PSSession 3", "Id", &[("Id", "3")]);
    binds("Remove-PSSession 3", "Id", &[("Id", "3")]);
    binds(
        "Remove-PSSession '3'",
        "ComputerName",
        &[("ComputerName", "3")],
    );
    binds(
        "Remove-PSSession Server01",
        "ComputerName",
        &[("ComputerName", "Server01")],
    );
    binds("Remove-PSSession $s", "Session", &[]);
    binds("New-PSSession $s", "Session", &[]);
    binds(
        "New-PSSession Server01, Server02",
        "ComputerName",
        &[("ComputerName", "Server01 Server02")],
    );
    binds(
        "Invoke-Command Server01 { 1 }",
        "ComputerName",
        &[("ScriptBlock", "1")],
    );
    binds(
        "Invoke-Command -Session $s { 1 }",
        "Session",
        &[("ScriptBlock", "1")],
    );
    binds("Invoke-Command { 1 }", "InProcess", &[]);
    fails(
        "Get-PSSession Server01 Server02",
        "PositionalParameterNotFound",
    );
    fails(
        r"New-PSSession Server01 Domain01\User01",
        "PositionalParameterNotFound",
    );
}

#[test]
fn the_eight_sets_of_connect_are_found() {
    binds(
        "Connect-PSSession -Name ITTask",
        "Name",
        &[("Name", "ITTask")],
    );
    binds("Connect-PSSession $s", "Session", &[]);
    binds("Connect-PSSession Server01", "ComputerName", &[]);
    binds(
        "Connect-PSSession -ComputerName Server01 -Name ITTask",
        "ComputerName",
        &[],
    );
    binds(
        "Connect-PSSession -Cn Server01 -InstanceId $guid",
        "ComputerNameGuid",
        &[],
    );
    binds(
        "Connect-PSSession Server01 -InstanceId $guid",
        "ComputerNameGuid",
        &[],
    );
    binds(
        "Connect-PSSession http://s:5985/wsman",
        "ConnectionUri",
        &[],
    );
    binds(
        "Connect-PSSession -URI http://s -InstanceId $guid",
        "ConnectionUriGuid",
        &[],
    );
    binds("Connect-PSSession -InstanceId $guid", "InstanceId", &[]);
    binds("Connect-PSSession 4", "Id", &[("Id", "4")]);
    fails("Connect-PSSession -Name a -Id 4", "AmbiguousParameterSet");
    fails("Connect-PSSession -UseSSL -Id 4", "AmbiguousParameterSet");
    fails("Connect-PSSession", "MissingMandatoryParameter");
}

#[test]
fn names_may_be_shortened_and_switches_switched_off() {
    binds(
        "Get-PSSession -Comp Server01",
        "ComputerName",
        &[("ComputerName", "Server01")],
    );
    binds(
        "Enter-PSSession Server01 -UseSSL:$false",
        "ComputerName",
        &[("UseSSL", "False")],
    );
    binds(
        "Disconnect-PSSession $s -Idle 60*60*15 -Out Drop",
        "Session",
        &[("IdleTimeoutSec", "54000"), ("OutputBufferingMode", "Drop")],
    );
    let binder = binder("Get-PSSession -ea sil -ErrorVariable e -OutV o -Verbose -ob 3").unwrap();
    assert_eq!(binder.common.error_action, Some(Action::SilentlyContinue));
    assert_eq!(binder.common.error_variable.as_deref(), Some("e"));
    assert_eq!(binder.common.out_variable.as_deref(), Some("o"));
    assert_eq!(binder.common.verbose, Some(true));
    fails("Get-PSSession -Con x", "AmbiguousParameter");
    fails("Get-PSSession -Server x", "NamedParameterNotFound");
    fails("Get-PSSession -Name", "MissingArgument");
    fails("Get-PSSession -Name a -Name b", "ParameterAlreadyBound");
}

#[test]
fn values_are_made_what_parameters_want_or_refused() {
    binds("Get-PSSession -Id '3', 4", "Id", &[("Id", "3 4")]);
    binds(
        "New-PSSession Server01 -SessionOption @{ IdleTimeout = 60000 }",
        "ComputerName",
        &[],
    );
    for (line, id) in [
        ("Get-PSSession -Id x", "CannotConvertArgumentNoMessage"),
        (
            "Enter-PSSession -Session $s, $s",
            "CannotConvertArgumentNoMessage",
        ),
        (
            "Connect-PSSession -Session Server01",
            "CannotConvertArgumentNoMessage",
        ),
        (
            "Enter-PSSession Server01 -Port 70000",
            "ParameterArgumentValidationError",
        ),
        (
            "Enter-PSSession h -SSHTransport:$false",
            "ParameterArgumentValidationError",
        ),
        (
            "Enter-PSSession Server01 -Authentication Telepathy",
            "CannotConvertArgumentNoMessage",
        ),
        (
            "Get-PSSession -Name $null",
            "ParameterArgumentValidationErrorNullNotAllowed",
        ),
        (
            "Enter-PSSession -ComputerName ''",
            "ParameterArgumentValidationErrorEmptyStringNotAllowed",
        ),
    ] {
        fails(line, id);
    }
}

#[test]
fn the_pipeline_binds_by_value_before_names() {
    for (line, value, set) in [
        ("Connect-PSSession", session(), "Session"),
        ("Disconnect-PSSession", session(), "Session"),
        ("Remove-PSSession", session(), "Session"),
        ("New-PSSession", session(), "Session"),
        ("Enter-PSSession", session(), "Session"),
        ("Receive-PSSession", session(), "Session"),
        ("Enter-PSSession", "Server01".into(), "ComputerName"),
    ] {
        let binder = binder(line).unwrap();
        assert_eq!(binder.missing(true), [0; 0], "{line} asks for what comes");
        let found = binder.with(&value).map(|bound| bound.set);
        assert_eq!(
            found.map_err(|error| error.record.message),
            Ok(set),
            "{line}"
        );
    }
    let table = clixml::Object::bag([
        ("ComputerName", "Server02".into()),
        ("ConfigurationName", "x".into()),
    ]);
    let found = binder("Get-PSSession")
        .unwrap()
        .with(&Value::Plain(table.into()))
        .unwrap();
    assert_eq!(
        (found.set, found.text("ComputerName").as_deref()),
        ("ComputerName", Some("Server02"))
    );
    let nothing = binder("Get-PSSession")
        .unwrap()
        .with(&Value::Plain(clixml::Value::Bool(true)));
    assert_eq!(
        nothing.map(|bound| bound.set).unwrap_err().id(),
        "InputObjectNotBound"
    );
}
