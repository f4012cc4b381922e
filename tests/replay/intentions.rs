//! What the recorded client was told to do, read off what it sent.

use psdeck::clixml::records::HostInfo;
use psdeck::clixml::{Content, Value};
use psdeck::psrp::client::PoolOptions;
use psdeck::psrp::host::{HostAnswer, KeyInfo};
use psdeck::psrp::{
    CommandSpec, CommandTypes, Merge, MetadataQuery, PipelineSpec, ResultTypes, Secret,
    StreamOptions,
};

use super::differences::{DIFFERENCES, What};

/// The row of the table that leaves out a pipeline, if one does.
pub fn left_out(create: &Value) -> Option<usize> {
    let shell = create.member("PowerShell")?;
    let [command] = list(shell, "Cmds") else {
        return None;
    };
    let name = text(command, "Cmd");
    let interactive = !truth(shell, "RedirectShellErrorOutputPipe");
    DIFFERENCES.iter().position(|row| match row.what {
        What::Pipeline(command) => command == name,
        What::Interactive(command) => interactive && command == name,
        What::Member(_) => false,
    })
}

/// The options of a pool.
pub fn options(init: &Value) -> PoolOptions {
    PoolOptions {
        min_runspaces: number(init, "MinRunspaces"),
        max_runspaces: number(init, "MaxRunspaces"),
        host: HostInfo::from_value(init.member("HostInfo").unwrap()).unwrap(),
        ..PoolOptions::default()
    }
}

/// A pipeline.
pub fn pipeline(create: &Value) -> PipelineSpec {
    let shell = create.member("PowerShell").unwrap();
    let statements = match shell.member("ExtraCmds").and_then(Value::as_list) {
        Some(statements) => statements.iter().map(commands).collect(),
        None => vec![commands(shell)],
    };
    PipelineSpec {
        statements,
        no_input: truth(create, "NoInput"),
        add_to_history: truth(create, "AddToHistory"),
        history: shell
            .member("History")
            .and_then(Value::as_str)
            .map(str::to_owned),
        host: HostInfo::default(),
        stream_options: StreamOptions(number(create, "RemoteStreamOptions")),
        is_nested: truth(create, "IsNested"),
        redirect_shell_error_output_pipe: truth(shell, "RedirectShellErrorOutputPipe"),
    }
}

fn commands(statement: &Value) -> Vec<CommandSpec> {
    list(statement, "Cmds").iter().map(command).collect()
}

fn command(command: &Value) -> CommandSpec {
    let name = text(command, "Cmd");
    let merge = merge(command);
    if name == "Out-Default" {
        // A tail that we make ourselves.
        assert_eq!(merge, CommandSpec::out_default().merge);
        return CommandSpec::out_default();
    }
    let mut spec = if truth(command, "IsScript") {
        CommandSpec::script(name)
    } else {
        CommandSpec::command(name)
    };
    spec.use_local_scope = command.member("UseLocalScope").unwrap().as_bool();
    for arg in list(command, "Args") {
        let value = arg.member("V").unwrap().clone();
        spec = match arg.member("N").unwrap().as_str() {
            Some(name) => spec.named(name, value),
            None => spec.arg(value),
        };
    }
    if merge == Merge::ERRORS_TO_OUTPUT {
        spec.merging(Merge::ERRORS_TO_OUTPUT)
    } else {
        spec.merging(merge)
    }
}

fn merge(command: &Value) -> Merge {
    // Older protocols have fewer.
    let merge = |name| ResultTypes(command.member(name).and_then(Value::as_i32).unwrap_or(0));
    Merge {
        my_result: merge("MergeMyResult"),
        to_result: merge("MergeToResult"),
        previous_results: merge("MergePreviousResults"),
        error: merge("MergeError"),
        warning: merge("MergeWarning"),
        verbose: merge("MergeVerbose"),
        debug: merge("MergeDebug"),
        information: merge("MergeInformation"),
    }
}

/// A question for metadata.
pub fn query(query: &Value) -> MetadataQuery {
    let types = CommandTypes(number(query, "CommandType"));
    let names = list(query, "Name").iter();
    let namespaces = query.member("Namespace").unwrap().as_list();
    MetadataQuery {
        types,
        namespaces: namespaces.map(|names| {
            names
                .iter()
                .map(|name| name.as_str().unwrap().to_owned())
                .collect()
        }),
        ..MetadataQuery::named(names.map(|name| name.as_str().unwrap()))
    }
}

/// An answer to a host call, and the call's id.
pub fn answer(response: &Value) -> (i64, HostAnswer) {
    let call = response.member("ci").unwrap().as_i64().unwrap();
    let method = response.member("mi").unwrap().as_object().unwrap();
    let method = method.to_string.as_ref().unwrap().to_str_lossy();
    let result = response.member("mr").unwrap();
    let answer = match &*method {
        "Prompt" => HostAnswer::Fields(
            result
                .as_dictionary()
                .unwrap()
                .iter()
                .map(|(name, value)| (name.as_str().unwrap().to_owned(), field(value)))
                .collect(),
        ),
        "PromptForChoice" => HostAnswer::Choice(result.as_i32().unwrap()),
        "PromptForCredential2" => HostAnswer::Credential {
            user: text(result, "UserName"),
            password: Secret::try_from(result.member("Password").unwrap()).unwrap(),
        },
        "ReadKey" => HostAnswer::Key(KeyInfo {
            virtual_key_code: number(result, "virtualKeyCode"),
            character: match result.member("character") {
                Some(Value::Char(unit)) => *unit,
                other => panic!("{other:?}"),
            },
            control_key_state: number(result, "controlKeyState"),
            key_down: truth(result, "keyDown"),
        }),
        other => panic!("{other} was not answered in any recording that we knew"),
    };
    (call, answer)
}

/// A field of a prompt: what was typed, secret or not.
fn field(value: &Value) -> Value {
    match value {
        Value::SecureString(_) => Secret::try_from(value).unwrap().to_value(),
        other => other.clone(),
    }
}

fn text(value: &Value, name: &str) -> String {
    value.member(name).unwrap().as_str().unwrap().to_owned()
}

fn number(value: &Value, name: &str) -> i32 {
    value.member(name).unwrap().as_i32().unwrap()
}

fn truth(value: &Value, name: &str) -> bool {
    value.member(name).unwrap().as_bool().unwrap()
}

fn list<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    let list = value.member(name).unwrap().as_object().unwrap();
    match &list.content {
        Content::List(_, items) => items,
        other => panic!("{other:?}"),
    }
}
