use std::fmt::Write as _;

use ratatui::Terminal;
use ratatui::backend::TestBackend;

use crate::session::{ExitCode, InteractiveEvent, Line, Prompt, Report, SessionId};
use crate::tui::input::KeyMap;
use crate::tui::model::Model;
use crate::tui::samples;
use crate::tui::theme::Theme;
use crate::tui::update::{Message, update};

use super::draw;

pub(super) fn model(size: (u16, u16)) -> Model {
    let mut model = Model::new(
        size,
        Theme::terminal(true),
        KeyMap::new("Ctrl+]".parse().unwrap()),
        samples::now(),
    );
    model.set_sessions(samples::sessions());
    model
}

pub(super) fn screen(model: &Model) -> String {
    let (columns, rows) = (model.geometry.columns, model.geometry.rows);
    let mut terminal = Terminal::new(TestBackend::new(columns, rows)).unwrap();
    terminal.draw(|frame| draw(frame, model)).unwrap();
    let buffer = terminal.backend().buffer();
    let mut text = String::new();
    for y in 0..rows {
        let row: String = (0..columns)
            .map(|x| buffer.cell((x, y)).unwrap().symbol())
            .collect();
        writeln!(text, "{}", row.trim_end()).unwrap();
    }
    text
}

pub(super) fn press(model: &mut Model, keys: &str) {
    for key in keys.split(' ') {
        let chord: crate::tui::input::Chord = key.parse().unwrap();
        let event = crossterm::event::KeyEvent::new(chord.code, chord.modifiers);
        update(model, Message::Key(event), samples::now());
    }
}

pub(super) fn show(model: &mut Model, events: Vec<InteractiveEvent>) {
    let pane = model.panes.last().unwrap().id;
    update(model, Message::Pane(pane, events), samples::now());
}

pub(super) fn write(text: &str) -> InteractiveEvent {
    InteractiveEvent::Write(Line {
        text: text.to_owned(),
        newline: true,
        foreground: None,
        background: None,
    })
}

pub(super) fn ready() -> InteractiveEvent {
    InteractiveEvent::Ready("[Server01]: PS C:\\> ".to_owned())
}

pub(super) fn entered(size: (u16, u16)) -> Model {
    let mut model = model(size);
    press(&mut model, "Enter");
    show(&mut model, vec![ready()]);
    model
}

pub(super) const SIZES: [(u16, u16); 2] = [(80, 24), (200, 50)];

#[test]
fn the_list() {
    for size in SIZES {
        insta::assert_snapshot!(format!("list_{}", size.0), screen(&model(size)));
    }
}

#[test]
fn an_empty_list_shows_the_next_keys() {
    let mut model = model((80, 24));
    model.set_sessions(std::sync::Arc::default());
    insta::assert_snapshot!(screen(&model));
}

#[test]
fn the_filter() {
    let mut model = model((80, 24));
    press(&mut model, "/ s t a t e : d i s");
    insta::assert_snapshot!(screen(&model));
}

#[test]
fn help_is_made_from_the_key_map() {
    let mut model = model((80, 24));
    press(&mut model, "?");
    insta::assert_snapshot!(screen(&model));
}

#[test]
fn a_pane() {
    for size in SIZES {
        let mut model = entered(size);
        press(&mut model, "1 . . 3 Enter");
        show(
            &mut model,
            vec![write("1"), write("2"), write("3"), ready()],
        );
        press(&mut model, "i f Space ( 1 ) { Enter G e t");
        insta::assert_snapshot!(format!("pane_{}", size.0), screen(&model));
    }
}

#[test]
fn a_prompt_names_its_computer() {
    let mut model = entered((80, 24));
    let prompt = Prompt::Credential {
        caption: "PowerShell credential request".to_owned(),
        message:
            "Warning: A script on the remote computer Server01 is requesting your credentials."
                .to_owned(),
        user: Some("DOM\\alice".to_owned()),
    };
    show(&mut model, vec![InteractiveEvent::Prompt { id: 1, prompt }]);
    press(&mut model, "s e c");
    insta::assert_snapshot!(screen(&model));
}

#[test]
fn choices() {
    let mut model = entered((80, 24));
    let choice = |label: &str, help: &str| (label.to_owned(), help.to_owned());
    let prompt = Prompt::Choice {
        caption: "Confirm".to_owned(),
        message: "Are you sure you want to perform this action?\nStop the service.".to_owned(),
        choices: vec![
            choice("&Yes", "Continue with only the next step."),
            choice("Yes to &All", "Continue with all the steps."),
            choice("&No", "Skip this one."),
        ],
        defaults: vec![0],
        several: false,
    };
    show(&mut model, vec![InteractiveEvent::Prompt { id: 1, prompt }]);
    press(&mut model, "Down");
    insta::assert_snapshot!(screen(&model));
}

#[test]
fn a_broken_session_says_why_and_what_next() {
    let mut model = entered((80, 24));
    let mut report = Report::new(ExitCode::Unreachable, "the session is lost");
    report.computer = Some("Server01".to_owned());
    report.reasons = vec![
        "nothing was heard for 45 s".to_owned(),
        "the last line of its standard error: Connection reset by peer".to_owned(),
    ];
    report.hints = vec!["open a new session when the network is back".to_owned()];
    report.error_id = Some("PSSessionStateBroken".to_owned());
    show(
        &mut model,
        vec![write("half of"), InteractiveEvent::Broken(Box::new(report))],
    );
    insta::assert_snapshot!(screen(&model));
}

#[test]
fn a_new_session_and_its_stages() {
    let mut model = model((80, 24));
    press(&mut model, "n a @ b");
    insta::assert_snapshot!("new_session", screen(&model));
    press(&mut model, "Enter");
    let Some(crate::tui::model::layer::Layer::Opening(opening)) = model.layers.last() else {
        panic!("it is being opened");
    };
    let id = opening.id;
    let stage = crate::transport::Stage::Authenticate;
    update(&mut model, Message::Stage(id, stage), samples::now());
    insta::assert_snapshot!("opening", screen(&model));
    let mut report = Report::new(ExitCode::Refused, "cannot open a session");
    report.computer = Some("b".to_owned());
    report.reasons = vec!["the server has no subsystem 'powershell'".to_owned()];
    report.hints =
        vec!["add to its sshd_config: Subsystem powershell /usr/bin/pwsh -sshs -NoLogo".to_owned()];
    update(
        &mut model,
        Message::OpeningFailed(id, Box::new(report)),
        samples::now(),
    );
    insta::assert_snapshot!("opening_failed", screen(&model));
}

#[test]
fn a_wsman_target_has_fields_and_stages_of_its_own() {
    let mut model = model((80, 24));
    press(&mut model, "n w e b 1 Tab Tab Tab Space Tab");
    insta::assert_snapshot!("new_wsman_session", screen(&model));
    press(&mut model, "Enter");
    let Some(crate::tui::model::layer::Layer::Opening(opening)) = model.layers.last() else {
        panic!("it is being opened");
    };
    let id = opening.id;
    let stage = crate::transport::Stage::Authenticate;
    update(&mut model, Message::Stage(id, stage), samples::now());
    insta::assert_snapshot!("opening_wsman", screen(&model));
    let question = crate::transport::Question::TrustHost {
        host: "web1".to_owned(),
        url: "http://web1:5985/wsman".to_owned(),
    };
    let number = crate::tui::model::layer::QuestionId(1);
    update(
        &mut model,
        Message::Question(
            crate::tui::model::layer::Asker::Opening(id),
            number,
            question,
        ),
        samples::now(),
    );
    insta::assert_snapshot!("trust", screen(&model));
}

#[test]
fn the_prefix_key_shows_what_it_leads_to() {
    let mut model = entered((80, 24));
    press(&mut model, "Ctrl+]");
    insta::assert_snapshot!(screen(&model));
}

#[test]
fn wide_characters_and_colours_in_a_pane() {
    let mut model = entered((40, 12));
    show(
        &mut model,
        vec![
            write("日本語のとても長い行は右端で折り返されますがまだ終わりません"),
            write("\u{1b}[31mred\u{1b}[0m \u{1b}]0;title\u{7}\u{1b}[2Jplain"),
            write("e\u{301}e\u{301} 👩‍👩‍👧 family"),
        ],
    );
    insta::assert_snapshot!(screen(&model));
}

#[test]
fn no_size_and_no_state_makes_it_panic() {
    for columns in (1..24).chain([39, 40, 80, 132]) {
        for rows in (1..14).chain([24, 50]) {
            let size = (columns, rows);
            let mut model = entered(size);
            let _ = screen(&model);
            for keys in [
                "Ctrl+]",
                "?",
                "PageDown",
                "Esc",
                "Ctrl+] c",
                "x @ y",
                "Enter",
                "Esc",
                "Ctrl+] s",
                "/ a",
                "Esc",
                "r",
                "n",
                "Ctrl+] 2",
                "a 日 b",
                "Alt+Enter",
                "Ctrl+r",
                "a",
                "Esc",
                "Ctrl+c",
            ] {
                press(&mut model, keys);
                let _ = screen(&model);
            }
            for prompt in [
                Prompt::Line,
                Prompt::SecureLine,
                Prompt::Key,
                Prompt::Credential {
                    caption: "caption".to_owned(),
                    message: "a message of some length that wraps".to_owned(),
                    user: None,
                },
                Prompt::Choice {
                    caption: String::new(),
                    message: String::new(),
                    choices: vec![("&Yes".to_owned(), String::new()); 30],
                    defaults: vec![29],
                    several: true,
                },
            ] {
                show(&mut model, vec![InteractiveEvent::Prompt { id: 7, prompt }]);
                press(&mut model, "Tab Down a");
                let _ = screen(&model);
                press(&mut model, "Ctrl+c");
            }
            let report = Report::new(ExitCode::Unreachable, "lost");
            show(&mut model, vec![InteractiveEvent::Broken(Box::new(report))]);
            let _ = screen(&model);
        }
    }
}

#[test]
fn ten_thousand_sessions_are_drawn_by_the_row() {
    let mut model = model((80, 24));
    let one = samples::sessions()[0].clone();
    let many: Vec<_> = (1..=10_000)
        .map(|id| {
            let mut info = one.clone();
            info.id = SessionId(id);
            info
        })
        .collect();
    model.set_sessions(many.into());
    press(&mut model, "G");
    assert!(screen(&model).contains("10000"));
}
