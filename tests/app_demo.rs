//! The demonstration in the app, key by key, as the README tells.

use std::time::Duration;

use crate::support::peer::Peer;
use crate::support::screen::Screen;

/// The arguments of the README's first command.
fn readmes_first_command() -> Vec<&'static str> {
    let readme = include_str!("../README.md");
    let command = readme
        .split("```\n")
        .nth(1)
        .and_then(|block| block.lines().next())
        .expect("a command");
    let arguments = command
        .strip_prefix("cargo run --release --")
        .expect("it runs the app");
    arguments.split_whitespace().collect()
}

/// Done-when 1, from the list on: what the pane shows, whatever the prompt calls the place.
fn entered_used_and_left(screen: &mut Screen, demo: bool) -> Vec<String> {
    screen.keys("<Enter>").expect("]: PS ").gone(" entering ");
    screen
        .keys("1..3 | ForEach-Object { $_ * 2 }<Enter>")
        .row("2")
        .row("4")
        .row("6")
        .until("the next prompt", |screen| {
            screen.matches("]: PS ").count() == 2
        });
    let contents = screen.contents();
    screen.keys("<C-]>").expect("q quit").keys("q");
    if !demo {
        // Sessions of servers that are not psdeck's own are asked about.
        screen.expect("Runspace1 on").keys("c");
    }
    assert_eq!(screen.ended(), 0);
    let rows: Vec<_> = contents.lines().collect();
    rows[1..rows.len() - 1]
        .iter()
        .map(|row| match (row.find("]: PS "), row.split_once('>')) {
            (Some(_), Some((_, line))) => format!("[computer]: PS place>{line}"),
            _ => (*row).to_owned(),
        })
        .collect()
}

#[test]
fn the_readmes_first_command_opens_an_app_that_does_what_it_says() {
    let arguments = readmes_first_command();
    assert_eq!(arguments, ["demo"]);
    let mut demo = Screen::new(80, 24).args(&arguments).start();
    demo.expect("› 1 ITTask            Server01          Opened");
    let shown = entered_used_and_left(&mut demo, true);
    assert!(demo.received(b"[Server01]: PS C:\\"));
    let expected = [
        "[computer]: PS place> 1..3 | ForEach-Object { $_ * 2 }",
        "2",
        "4",
        "6",
        "[computer]: PS place>",
    ];
    assert_eq!(shown[..5], expected);
    assert!(shown[5..].iter().all(String::is_empty), "{shown:#?}");

    let Some(peer) = Peer::ssh().start() else {
        return;
    };
    let mut ssh = Screen::new(80, 24).peer("Server01", &peer).start();
    ssh.expect("No sessions yet")
        .keys("n")
        .expect("New session")
        .keys("Server01<Enter>")
        .expect("]: PS ");
    ssh.keys("<C-]>x").expect("› 1 Runspace1");
    assert_eq!(
        entered_used_and_left(&mut ssh, false),
        shown,
        "the same keys, the same pane"
    );
    assert!(peer.violations().is_empty(), "{:?}", peer.violations());
}

#[test]
fn a_free_disconnected_session_is_connected_used_and_disconnected() {
    let mut screen = Screen::new(80, 24).args(&["demo"]).start();
    screen
        .expect("Disconnected                  None")
        .keys("/backups<Enter>")
        .expect("1 of 5")
        .keys("<Enter>")
        .expect("[Server02]: PS ")
        .keys("6 * 7<Enter>")
        .row("42");
    screen
        .keys("<C-]>d")
        .expect("Enter connects it again")
        .keys("<C-]>s");
    assert!(!screen.contents().contains("Left Server02"));
    screen.expect("Server02          Disconnected                  None");
    screen.expect("2 Server02 ○").keys("c");
    screen.expect("Backups on Server02 is connected");
    screen.expect("Server02          Opened                   Available");
}

#[test]
fn a_busy_session_says_who_has_it_and_what_next() {
    let mut screen = Screen::new(80, 24).args(&["demo"]).start();
    screen
        .expect("Disconnected                  Busy")
        .expect("Disconnected                  None")
        .keys("/busy<Enter>")
        .expect("1 of 5");
    for key in ["c", "<Enter>"] {
        screen
            .keys(key)
            .expect("cannot connect the session")
            .expect("because it is connected to another client, CORP\\kim on ADMIN07")
            .expect("next: disconnect it there")
            .expect("[PSSessionConnectFailed]");
        screen.keys("<Esc>").gone("cannot connect the session");
    }
}

#[test]
fn a_session_that_breaks_says_so_in_its_pane_and_in_the_list() {
    let mut screen = Screen::new(80, 24).args(&["demo"]).start();
    screen
        .expect("Migration         Server03          Opened")
        .expect("Disconnected                  None")
        .keys("<Down><Down>")
        .expect("› 3 Migration")
        .keys("<Enter>")
        .expect("[Server03]: PS ");
    // It lives 45 seconds.
    screen
        .patient(Duration::from_secs(45))
        .expect("Broken: Server03")
        .expect("because")
        .expect("Enter a new session   Ctrl+] x close this pane");
    screen
        .keys("<C-]>x")
        .expect("Migration         Server03          Broken")
        .expect("the session was lost: the connection to Server03 was lost");
    // It is not opened again, and that is said in full.
    screen
        .keys("<Enter>")
        .expect("Migration is Broken and cannot be opened")
        .expect("next: n opens a new session")
        .keys("<Enter>")
        .gone("cannot be opened");
    screen.keys("r").gone("Migration");
}

#[test]
fn the_list_is_filtered_by_words_and_fields() {
    let mut screen = Screen::new(80, 24).args(&["demo"]).start();
    screen
        .expect("Disconnected                  None")
        .keys("/state:disc server02")
        .expect("1 of 5")
        .expect("Backups           Server02")
        .expect("Id Name              ComputerName");
    screen.keys("<Enter>").expect("Esc show all");
    screen.keys("<Esc>").expect("ITTask").gone("1 of 5");
    screen.keys("/nothing like it").expect("Esc clears it");
    screen.keys("<Esc>").expect("ITTask");
}

#[test]
fn the_server_completes_and_the_history_comes_back() {
    let mut screen = Screen::new(80, 24).args(&["demo"]).start();
    screen
        .expect("1 ITTask            Server01          Opened")
        .keys("<Enter>")
        .expect("]: PS ")
        .keys("Get-Proc<Tab>")
        .expect("> Get-Process");
    screen.keys("<C-c>").expect("Get-Process^C");
    screen.keys("'o' + 'ne'<Enter>").row("one");
    screen.keys("<Up>").until("the line before", |screen| {
        screen.matches("> 'o' + 'ne'").count() == 2
    });
    screen
        .keys("<C-c>if ($true) {<Enter>")
        .row(">>")
        .keys("'t' + 'wo'<Enter>}<Enter>")
        .row("two");
    screen
        .keys("<C-r>wo")
        .expect("search: wo")
        .keys("<Enter>")
        .until("it ran again", |screen| {
            screen.lines().filter(|row| row.trim() == "two").count() == 2
        });
}

#[test]
fn prompts_of_the_host_are_dialogs_that_name_their_computer() {
    let mut screen = Screen::new(80, 24).args(&["demo"]).start();
    screen
        .expect("1 ITTask            Server01          Opened")
        .keys("<Enter>")
        .expect("]: PS ");
    screen
        .keys("$n = Read-Host 'Your name'; \"hello $n\"<Enter>")
        .expect("┌ Server01 asks ─")
        .expect("│ Your name:")
        .keys("Kim<Enter>")
        .row("Your name: Kim")
        .row("hello Kim");
    screen
        .keys("$c = Get-Credential; 'it is ' + $c.UserName<Enter>")
        .expect("┌ Server01 asks ─")
        .expect("on the remote computer Server01")
        .keys("bob<Tab>hunter2")
        .expect("Password: *******")
        .keys("<Enter>")
        .row("it is bob");
    screen
        .keys("$host.UI.PromptForChoice('Reboot', 'Now?', @('&Yes', '&No'), 1)<Enter>")
        .expect("› [N] No")
        .keys("<Up>")
        .expect("› [Y] Yes")
        .keys("<Enter>")
        .row("0");
    screen
        .keys("Read-Host -AsSecureString<Enter>")
        .expect("A secret is asked for.")
        .keys("<Esc>")
        .expect("Read-Host:")
        .gone("asks ─");
    assert!(!screen.received(b"hunter2"));
}

#[test]
fn progress_is_shown_while_it_lasts() {
    let mut screen = Screen::new(80, 24).args(&["demo"]).start();
    screen
        .expect("1 ITTask            Server01          Opened")
        .keys("<Enter>")
        .expect("]: PS ")
        .keys("Write-Progress -Activity 'Co' -Status 'half' -PercentComplete 50; Read-Host 'on'")
        .keys("<Enter>")
        .expect("Co: half [#############             ]  50 %")
        .expect("│ on:")
        .keys("<Enter>")
        .gone("Co: half");
}
