use crate::session::{Prompt, StreamKind};
use crate::tui::model::layer::Layer;
use crate::tui::samples;

use super::tests::{model, press};
use super::*;

fn typed(model: &mut Model, text: &str) -> Vec<Effect> {
    let message = Message::Paste(text.to_owned());
    update(model, message, samples::now())
}

fn say(model: &mut Model, event: CommandEvent) -> Vec<Effect> {
    update(model, Message::Command(vec![event]), samples::now())
}

fn output(model: &Model) -> Vec<String> {
    let rows = model.command.output.rows(80, 100);
    rows.iter().map(|row| row.text.to_owned()).collect()
}

#[test]
fn a_line_runs_and_its_output_stands_above_it() {
    let mut model = model();
    press(&mut model, ":");
    typed(&mut model, "Get-PSSession");
    let effects = press(&mut model, "Enter");
    assert!(matches!(&effects[..], [Effect::RunCommand(line, _)] if line == "Get-PSSession"));
    typed(&mut model, "next");
    assert!(press(&mut model, "Enter").is_empty(), "one after another");
    say(&mut model, CommandEvent::Text(" Id Name\n".to_owned()));
    let warning = CommandEvent::Stream(StreamKind::Warning, "low".to_owned());
    say(&mut model, warning);
    say(&mut model, CommandEvent::Ended { exit: false });
    assert_eq!(
        output(&model),
        [":Get-PSSession", " Id Name", "WARNING: low"]
    );
    assert_eq!(model.command.editor.text(), "next");
    press(&mut model, "Ctrl+c Up");
    assert_eq!(model.command.editor.text(), "Get-PSSession");
    press(&mut model, "Ctrl+c Ctrl+c");
    assert!(model.layers.is_empty());
}

#[test]
fn an_unfinished_line_goes_on() {
    let mut model = model();
    press(&mut model, ":");
    typed(&mut model, "icm s {");
    assert!(press(&mut model, "Enter").is_empty());
    typed(&mut model, "1 }");
    let effects = press(&mut model, "Enter");
    assert!(matches!(&effects[..], [Effect::RunCommand(line, _)] if line == "icm s {\n1 }"));
}

#[test]
fn esc_stops_what_runs_then_closes_and_the_output_stays_for_the_next_time() {
    let mut model = model();
    press(&mut model, ":");
    typed(&mut model, "Get-PSSession");
    press(&mut model, "Enter");
    assert!(matches!(
        press(&mut model, "Esc")[..],
        [Effect::StopCommand]
    ));
    assert!(matches!(model.layers[..], [Layer::Command]));
    say(&mut model, CommandEvent::Ended { exit: false });
    press(&mut model, "Esc");
    assert!(model.layers.is_empty());
    press(&mut model, ":");
    assert_eq!(output(&model), [":Get-PSSession"]);
    say(&mut model, CommandEvent::Ended { exit: true });
    assert!(model.layers.is_empty(), "exit closes it");
}

#[test]
fn tab_completes_cmdlets_and_their_parameters() {
    let mut model = model();
    press(&mut model, ":");
    typed(&mut model, "get-pss");
    press(&mut model, "Tab");
    assert_eq!(model.command.editor.text(), "Get-PSSession");
    typed(&mut model, " -Comp");
    press(&mut model, "Tab");
    assert_eq!(model.command.editor.text(), "Get-PSSession -ComputerName");
    typed(&mut model, " a | Disc");
    press(&mut model, "Tab");
    assert!(
        model
            .command
            .editor
            .text()
            .ends_with("| Disconnect-PSSession")
    );
}

#[test]
fn what_a_line_asks_is_a_dialog() {
    let mut model = model();
    press(&mut model, ":");
    typed(&mut model, "New-PSSession");
    press(&mut model, "Enter");
    let prompt = Prompt::Choice {
        caption: "Confirm".to_owned(),
        message: "Are you sure?".to_owned(),
        choices: vec![
            ("&Yes".to_owned(), String::new()),
            ("&No".to_owned(), String::new()),
        ],
        defaults: vec![0],
        several: false,
    };
    say(&mut model, CommandEvent::Prompt(7, prompt.clone()));
    let effects = press(&mut model, "n");
    assert!(matches!(&effects[..],
        [Effect::AnswerCommand(7, PromptReply::Choice(chosen))] if chosen == &[1]));
    say(&mut model, CommandEvent::Prompt(8, prompt));
    say(&mut model, CommandEvent::PromptVoid(8));
    assert!(matches!(model.layers[..], [Layer::Command]));
}

#[test]
fn entering_a_session_opens_its_pane() {
    let mut model = model();
    press(&mut model, ":");
    typed(&mut model, "etsn -Id 1");
    press(&mut model, "Enter");
    let enter = CommandEvent::Enter(SessionId(1), "Server01".to_owned());
    let effects = say(&mut model, enter);
    assert!(matches!(effects[..], [Effect::Enter(_, SessionId(1), _)]));
    say(&mut model, CommandEvent::Ended { exit: false });
    assert!(model.layers.is_empty() && model.tab == 1);
}

#[test]
fn a_second_ctrl_c_waits_for_a_line_no_longer() {
    for key in ["Ctrl+c", "Esc"] {
        let mut model = model();
        press(&mut model, ":");
        typed(&mut model, "Receive-PSSession 1");
        press(&mut model, "Enter");
        assert!(matches!(press(&mut model, key)[..], [Effect::StopCommand]));
        assert!(matches!(
            press(&mut model, key)[..],
            [Effect::GiveUpCommand]
        ));
    }
}
