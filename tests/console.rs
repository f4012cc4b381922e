//! `psdeck console` and `psdeck CMDLET …`, as the documentation's examples are typed.

use std::process::Command;

use serde_json::json;

use crate::support::need;
use crate::support::psdeck::{Psdeck, Ran};
use crate::support::python::{peers, python};
use crate::support::screen::Screen;
use crate::support::wsman::{PASSWORD, USER, WsmanPeer};

const DEMO: &str = "[computers.Server01]\ntarget = \"demo:Server01\"\n[computers.localhost]\ntarget = \"demo:Server02\"\n";

/// The scripts of the enterprise scenario.
const BACKUP: &str = r"\\Server30\Scripts\Backup-SQLDatabase.ps1";
const MAKE: &str = r"\\Server30\Scripts\New-SQLDatabase.ps1";

/// A console that runs lines, as they would be typed.
fn console(config: &str, lines: &[&str]) -> Ran {
    let psdeck = Psdeck::new();
    let data = psdeck.path("data");
    let input: String = lines.iter().map(|line| format!("{line}\n")).collect();
    psdeck
        .config(config)
        .env("PSDECK_DATA", data)
        .args(["console", "--prompt"])
        .input(input)
        .run()
}

/// What came out behind a line, up to the next one.
fn behind<'o>(out: &'o str, line: &str) -> &'o str {
    let (_, rest) = out
        .split_once(&format!("{line}\n"))
        .unwrap_or_else(|| panic!("{line}: {out}"));
    let next = rest.find("PS> ").map_or(rest.len(), |at| {
        rest[..at].rfind('\n').map_or(0, |at| at + 1)
    });
    &rest[..next]
}

/// The words of the first row of a table.
fn row(table: &str) -> Vec<&str> {
    let mut lines = table.lines().filter(|line| !line.trim().is_empty()).skip(2);
    lines
        .next()
        .unwrap_or_else(|| panic!("no row: {table}"))
        .split_whitespace()
        .collect()
}

/// The trusted profiles of the documentation's servers, all of them this peer.
fn profiles(peer: &WsmanPeer) -> String {
    let profile = |name: &str| {
        format!(
            "[computers.{name}]\ntarget = \"wsman:127.0.0.1:{}\"\nuser = \"{USER}\"\npassword_command = {}\ntrust_host = true\n",
            peer.port("http"),
            json!(peer.password_command())
        )
    };
    [profile("Server01"), profile("localhost")].concat()
}

fn enterprise() -> Option<WsmanPeer> {
    let files = json!({
        BACKUP: "Start-Sleep 3\n[pscustomobject]@{ Initialization = 'init-7' }\n",
        MAKE: "param($InitData)\n\"made from $InitData\"\n",
    });
    let users = json!([
        { "name": "alice", "password": PASSWORD, "domain": "PSDECK", "admin": true },
        { "name": "User01", "password": PASSWORD, "domain": "Domain01", "admin": true },
    ]);
    WsmanPeer::new()
        .set("files", files)
        .set("location", "C:\\")
        .set("users", users)
        .start()
}

/// What the administrator does at work.
const AT_WORK: [&str; 3] = [
    "$s = New-PSSession -ComputerName Server01 -Name ITTask -ConfigurationName ITTasks",
    r"Invoke-Command -Session $s {Start-Job -FilePath \\Server30\Scripts\Backup-SQLDatabase.ps1}",
    "Disconnect-PSSession -Session $s -OutputBufferingMode Drop -IdleTimeoutSec 60*60*15",
];

/// And at home.
const AT_HOME: [&str; 7] = [
    "Get-PSSession -ComputerName Server01 -Name ITTask",
    "$s = Connect-PSSession -ComputerName Server01 -Name ITTask",
    "Invoke-Command -Session $s {Get-Job}",
    "Invoke-Command -Session $s {$BackupSpecs = Receive-Job -JobName Job2}",
    r"Invoke-Command -Session $s {\\Server30\Scripts\New-SQLDatabase.ps1 -InitData $BackupSpecs.Initialization}",
    "Disconnect-PSSession -Session $s -OutputBufferingMode Drop -IdleTimeoutSec 60*60*15",
    "\"$($s.IdleTimeout) $($s.OutputBufferingMode)\"",
];

/// The job is over by the time that somebody looks at home.
const NEXT_MORNING: &str = "Invoke-Command -ComputerName Server01 { Start-Sleep 4 }";

fn at_work(config: &str) {
    let ran = console(config, &AT_WORK);
    assert_eq!((ran.status, ran.err.as_str()), (0, ""), "{}", ran.out);
    let job = row(behind(&ran.out, AT_WORK[1]));
    assert_eq!((job[0], job[1]), ("2", "Job2"), "{}", ran.out);
    assert!(
        job.contains(&"Running") && job.contains(&"True"),
        "{}",
        ran.out
    );
    let left = row(behind(&ran.out, AT_WORK[2]));
    let wanted = [
        "1",
        "ITTask",
        "WSMan",
        "Server01",
        "RemoteMachine",
        "Disconnected",
        "ITTasks",
        "None",
    ];
    assert_eq!(left, wanted, "{}", ran.out);
}

fn at_home(config: &str) {
    let mut lines = vec![NEXT_MORNING];
    lines.extend(AT_HOME);
    lines.insert(3, "$s");
    let ran = console(config, &lines);
    let found = row(behind(&ran.out, AT_HOME[0]));
    let columns = [
        "ITTask",
        "WSMan",
        "Server01",
        "RemoteMachine",
        "Disconnected",
        "ITTasks",
        "None",
    ];
    assert_eq!(found[1..], columns, "{} {}", ran.out, ran.err);
    let connected = row(behind(&ran.out, "PS> $s"));
    let columns = [
        "ITTask",
        "WSMan",
        "Server01",
        "RemoteMachine",
        "Opened",
        "ITTasks",
        "Available",
    ];
    assert_eq!(connected[1..], columns, "{}", ran.out);
    let job = row(behind(&ran.out, AT_HOME[2]));
    assert!(
        job.contains(&"Job2") && job.contains(&"Completed") && job.contains(&"True"),
        "{}",
        ran.out
    );
    // The documentation's line is wrong, and its error is the server's.
    assert_eq!(behind(&ran.out, AT_HOME[3]), "");
    assert!(ran.err.contains("JobName"), "{}", ran.err);
    assert_eq!(behind(&ran.out, AT_HOME[4]), "made from \n", "{}", ran.err);
    assert_eq!(row(behind(&ran.out, AT_HOME[5]))[5], "Disconnected");
    assert_eq!(behind(&ran.out, AT_HOME[6]), "54000000 Drop\n");
    assert_eq!(ran.status, 1, "{}", ran.err);
}

/// Runs Python with pypsrp, the peer's port and the account at hand.
fn pypsrp(peer: &WsmanPeer, script: &str) -> Option<String> {
    let python = need("psrp", python())?;
    let before = format!(
        "import time\nfrom pypsrp.powershell import PowerShell, RunspacePool\nfrom pypsrp.wsman import WSMan\n\
         w = WSMan(server='127.0.0.1', port={}, ssl=False, auth='ntlm', username='{USER}', password='{PASSWORD}')\n\
         def run(pool, script):\n    ps = PowerShell(pool)\n    ps.add_script(script)\n    return ps.invoke()\n",
        peer.port("http")
    );
    let ran = Command::new(python)
        .current_dir(peers())
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .args(["-c", &format!("{before}{script}")])
        .output()
        .expect("Python runs");
    let errors = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{errors}");
    Some(String::from_utf8(ran.stdout).expect("UTF-8"))
}

#[test]
fn the_enterprise_scenario_goes_from_one_console_to_another() {
    let Some(peer) = enterprise() else { return };
    let config = profiles(&peer);
    at_work(&config);
    at_home(&config);
    assert_eq!(peer.violations(), Vec::<String>::new());
}

#[test]
fn the_enterprise_scenario_goes_from_pypsrp_to_a_console() {
    let Some(peer) = enterprise() else { return };
    let script = format!(
        "pool = RunspacePool(w, configuration_name='ITTasks')\npool.shell.name = 'ITTask'\npool.open()\n\
         run(pool, r'Start-Job -FilePath {BACKUP}')\npool.disconnect()\n"
    );
    if pypsrp(&peer, &script).is_none() {
        return;
    }
    at_home(&profiles(&peer));
}

#[test]
fn the_enterprise_scenario_goes_from_a_console_to_pypsrp() {
    let Some(peer) = enterprise() else { return };
    at_work(&profiles(&peer));
    let script = format!(
        "time.sleep(4)\nfound = RunspacePool.get_runspace_pools(w)[0]\n\
         found.shell.resource_uri = 'http://schemas.microsoft.com/powershell/ITTasks'\nfound.connect()\n\
         print(run(found, '(Get-Job).State')[0])\n\
         run(found, '$BackupSpecs = Receive-Job -Name Job2')\n\
         print(run(found, r'{MAKE} -InitData $BackupSpecs.Initialization')[0])\nfound.close()\n"
    );
    let Some(out) = pypsrp(&peer, &script) else {
        return;
    };
    assert_eq!(out, "Completed\nmade from init-7\n");
}

#[test]
fn connect_examples_1_and_2() {
    let Some(peer) = enterprise() else { return };
    let config = profiles(&peer);
    at_work(&config);
    let ran = console(
        &config,
        &[
            "Connect-PSSession -ComputerName Server01 -Name ITTask",
            "Remove-PSSession -Name ITTask",
            "New-PSSession -ComputerName Localhost -Name Backups | Out-Null",
            "Get-PSSession",
            "Get-PSSession | Disconnect-PSSession",
            "Get-PSSession | Connect-PSSession",
            "Connect-PSSession -Name Backups",
        ],
    );
    assert_eq!((ran.status, ran.err.as_str()), (0, ""), "{}", ran.out);
    let shown = |line: &str| row(behind(&ran.out, line))[4..].join(" ");
    assert_eq!(
        shown("PS> Connect-PSSession -ComputerName Server01 -Name ITTask"),
        "RemoteMachine Opened ITTasks Available"
    );
    assert_eq!(
        shown("PS> Get-PSSession"),
        "RemoteMachine Opened Microsoft.PowerShell Available"
    );
    assert_eq!(
        shown("PS> Get-PSSession | Disconnect-PSSession"),
        "RemoteMachine Disconnected Microsoft.PowerShell None"
    );
    assert_eq!(
        shown("PS> Get-PSSession | Connect-PSSession"),
        "RemoteMachine Opened Microsoft.PowerShell Available"
    );
    // What is connected is passed on without an error.
    assert_eq!(
        shown("PS> Connect-PSSession -Name Backups"),
        "RemoteMachine Opened Microsoft.PowerShell Available"
    );
}

#[test]
fn enter_examples_1_2_3_and_5() {
    let Some(peer) = enterprise() else { return };
    let ran = console(
        &profiles(&peer),
        &[
            "Enter-PSSession",
            "exit",
            "Enter-PSSession -ComputerName Server01",
            r"Get-Process PowerShell > C:\ps-test\Process.txt",
            "exit",
            r"dir C:\ps-test\process.txt",
            "$s = New-PSSession -ComputerName Server01",
            "Enter-PSSession -Session $s",
            "exit",
            "$s.State.ToString()",
            "Enter-PSSession -ComputerName Server01",
            "Exit-PSSession",
            "(Get-PSSession).Count",
        ],
    );
    assert_eq!(
        ran.out.lines().collect::<Vec<_>>(),
        [
            "PS> Enter-PSSession",
            r"[localhost]: PS C:\> exit",
            "PS> Enter-PSSession -ComputerName Server01",
            r"[Server01]: PS C:\> Get-Process PowerShell > C:\ps-test\Process.txt",
            r"[Server01]: PS C:\> exit",
            r"PS> dir C:\ps-test\process.txt",
            "PS> $s = New-PSSession -ComputerName Server01",
            "PS> Enter-PSSession -Session $s",
            r"[Server01]: PS C:\> exit",
            // One that was made to be entered is gone, the user's own stays.
            "PS> $s.State.ToString()",
            "Opened",
            "PS> Enter-PSSession -ComputerName Server01",
            r"[Server01]: PS C:\> Exit-PSSession",
            "PS> (Get-PSSession).Count",
            "1",
        ],
        "{}",
        ran.err
    );
    assert!(
        ran.err
            .contains("psdeck runs session cmdlets; it does not know 'dir'"),
        "{}",
        ran.err
    );
    assert_eq!(accounts(&peer), ["alice"; 4]);
    assert_eq!(peer.state()["shells"].as_array().map(Vec::len), Some(0));
}

/// Whose each session was that was opened.
fn accounts(peer: &WsmanPeer) -> Vec<String> {
    let log = peer.log().into_iter();
    let made = log.filter(|operation| operation["op"] == "Create");
    made.map(|operation| operation["user"].as_str().unwrap_or_default().to_owned())
        .collect()
}

#[test]
fn enter_example_4_names_the_port_and_the_account() {
    let Some(peer) = enterprise() else { return };
    // The profile's own port is dead; the documentation's port 90 is the peer's here.
    let port = peer.port("http");
    let config = profiles(&peer).replace(
        &format!("target = \"wsman:127.0.0.1:{port}\"\n"),
        &format!("target = \"wsman:127.0.0.1:1\"\nports = {{ 90 = {port} }}\n"),
    );
    let enter = r"Enter-PSSession -ComputerName Server01 -Port 90 -Credential Domain01\User01";
    let ran = console(&config, &[enter, "'in' + 'side'", "exit", "'out' + 'side'"]);
    assert_eq!(
        ran.out.lines().collect::<Vec<_>>(),
        [
            format!("PS> {enter}").as_str(),
            r"[Server01]: PS C:\> 'in' + 'side'",
            "inside",
            r"[Server01]: PS C:\> exit",
            "PS> 'out' + 'side'",
            "outside",
        ],
        "{}",
        ran.err
    );
    assert_eq!((ran.status, ran.err.as_str()), (0, ""));
    assert_eq!(accounts(&peer), ["user01"]);
    assert_eq!(peer.state()["shells"].as_array().map(Vec::len), Some(0));
}

#[test]
fn a_cmdlet_is_a_verb() {
    let run = |words: &[&str]| Psdeck::new().config(DEMO).args(words).run();
    let ran = run(&["Invoke-Command", "Server01", "{ 1..2 }"]);
    assert_eq!((ran.status, ran.out.as_str()), (0, "1\n2\n"), "{}", ran.err);
    let ran = run(&[
        "get-pssession",
        "-ComputerName",
        "Server01",
        "-State",
        "Disconnected",
    ]);
    assert_eq!(ran.status, 0, "{}", ran.err);
    let ran = run(&["gsn", "-Name", "nobody"]);
    assert_eq!(ran.status, 6, "{}", ran.err);
    assert!(
        ran.err
            .contains("[RemoteRunspaceNotAvailableForSpecifiedName,"),
        "{}",
        ran.err
    );
    let ran = run(&["--color", "never", "Connect-PSSession", "-Frob", "1"]);
    assert_eq!(ran.status, 2, "{}", ran.err);
    assert!(ran.err.contains("NamedParameterNotFound"), "{}", ran.err);
    let ran = run(&["Invoke-Command", "Server01", "{ throw 'no' }"]);
    assert_eq!(ran.status, 1, "{}", ran.err);
}

#[test]
fn a_cmdlet_as_a_verb_leaves_its_sessions_on_their_servers() {
    let Some(peer) = WsmanPeer::new().start() else {
        return;
    };
    let psdeck = Psdeck::new();
    let data = psdeck.path("data");
    let run = |words: &[&str]| {
        let run = Psdeck::new().config(&profiles(&peer)).args(words);
        let ran = run.env("PSDECK_DATA", data.clone()).run();
        assert_eq!(ran.status, 0, "{words:?}: {} {}", ran.out, ran.err);
        let shells = peer.state()["shells"].as_array().map(Vec::len);
        assert_eq!(shells, Some(1), "{words:?}: {} {}", ran.out, ran.err);
        (ran.out, ran.err)
    };
    let (out, told) = run(&["New-PSSession", "Server01", "-Name", "ITTask"]);
    assert!(told.contains("Left: psdeck connect 1"), "{told}");
    let row = "ITTask          WSMan     Server01        RemoteMachine   Disconnected";
    assert!(out.contains(row), "{out}");
    let (out, _) = run(&["Connect-PSSession", "-Name", "ITTask"]);
    assert!(out.contains(row), "{out}");
    run(&["Receive-PSSession", "-Name", "ITTask"]);
    // A console closes what it made, and leaves what it only connected.
    let lines = "Connect-PSSession -Name ITTask\n$s = New-PSSession Server01\n";
    let ran = Psdeck::new()
        .config(&profiles(&peer))
        .env("PSDECK_DATA", data.clone())
        .args(["console"])
        .input(lines)
        .run();
    assert_eq!(ran.status, 0, "{}", ran.err);
    let shells = peer.state()["shells"].as_array().map(Vec::len);
    assert_eq!(shells, Some(1), "{}", ran.err);
}

#[test]
fn a_cmdlet_shows_its_parameter_sets_for_those_who_ask() {
    let verb = |words: &[&str]| Psdeck::new().args(words).run().expect(0).out;
    let help = verb(&["Connect-PSSession", "-?"]);
    assert_eq!(help, verb(&["connect-pssession", "-Name", "x", "--help"]));
    assert_eq!(help, verb(&["cnsn", "-?"]));
    insta::assert_snapshot!("help-connect-pssession", help);
    let ran = console(DEMO, &["New-PSSession -?", "Get-PSSession"]);
    let shown = behind(&ran.out, "New-PSSession -?");
    let first = "    New-PSSession [[-ComputerName] <string[]>] [-Credential <pscredential>]";
    assert!(shown.contains(first), "{shown}");
    assert_eq!(behind(&ran.out, "PS> Get-PSSession"), "");
}

#[test]
fn the_next_line_of_a_script_is_no_answer() {
    let lines = "$s = New-PSSession Server01\nConnect-PSSession\n'a' + 'fter'\nRemove-PSSession $s -Confirm\nn\n$s.State\n";
    let psdeck = Psdeck::new().config(DEMO).args(["console"]);
    let ran = psdeck.input(lines).run();
    assert_eq!(ran.out, "after\nOpened\n", "{}", ran.err);
    assert!(ran.err.contains("MissingMandatoryParameter"), "{}", ran.err);
    assert!(ran.err.contains("-Confirm:$false"), "{}", ran.err);
    assert_eq!(ran.status, 2);
}

#[test]
fn prompts_that_are_wanted_are_printed_with_what_the_next_line_answers() {
    let remove = "Remove-PSSession $s -Confirm";
    let ran = console(
        DEMO,
        &["$s = New-PSSession Server01", remove, "n", "$s.State"],
    );
    let asked = behind(&ran.out, remove);
    assert!(asked.starts_with("Confirm\nAre you sure"), "{asked}");
    assert!(asked.contains("[Y] Yes"), "{asked}");
    assert!(asked.ends_with("(default is \"Y\"): n\n"), "{asked}");
    assert_eq!(behind(&ran.out, "PS> $s.State"), "Opened\n");
    assert_eq!(ran.status, 0, "{}", ran.err);
}

#[test]
fn a_console_at_a_terminal_keeps_sessions_and_variables() {
    let mut screen = Screen::new(120, 30).config(DEMO).args(&["console"]).start();
    screen
        .expect("PS> ")
        .keys("$s = New-PSSession Server01 -Name One\r");
    screen
        .keys("Get-PSSession |\r")
        .keys("Select-Object Name, State\r")
        .expect("Opened");
    screen
        .keys("Remove-PSSession $s -Confirm\r")
        .expect("[Y] Yes")
        .keys("n\r");
    screen
        .keys("Enter-PSSession $s\r")
        .expect("[Server01]: PS ")
        .keys("'in' + 'side'\r")
        .expect("inside");
    screen
        .keys("exit\r")
        .keys("\"left $($s.State)\"\r")
        .expect("left Opened")
        .keys("exit 3\r");
    assert_eq!(screen.ended(), 3);
}

#[test]
fn ctrl_c_stops_a_line_and_not_the_console() {
    let mut screen = Screen::new(100, 30).config(DEMO).args(&["console"]).start();
    screen
        .expect("PS> ")
        .keys("Invoke-Command Server01 { 'be' + 'gun'; Start-Sleep 600 }\r")
        .expect("begun");
    screen
        .keys("\u{3}")
        .expect("^C")
        .keys("'still ' + 'here'\r")
        .expect("still here")
        .keys("exit\r");
    assert_eq!(screen.ended(), 0);
}

#[test]
fn the_times_of_a_session_are_local() {
    let Some(peer) = WsmanPeer::new().start() else {
        return;
    };
    let lines = "$s = New-PSSession Server01\n$null = Disconnect-PSSession $s\n$s | Select-Object DisconnectedOn, ExpiresOn | ConvertTo-Json\n";
    let psdeck = Psdeck::new();
    let data = psdeck.path("data");
    let ran = psdeck
        .config(&profiles(&peer))
        .env("PSDECK_DATA", data)
        .env("TZ", "IST-5:30")
        .args(["console"])
        .input(lines)
        .run();
    assert_eq!(
        ran.out.matches("+05:30\"").count(),
        2,
        "{} {}",
        ran.out,
        ran.err
    );
}

#[test]
fn what_others_left_is_removed_at_a_terminal_after_a_question_only() {
    let Some(peer) = enterprise() else { return };
    let config = profiles(&peer);
    let shells = || peer.state()["shells"].as_array().map(Vec::len);
    let data = tempfile::tempdir().unwrap();
    let data = data.path();
    let deck = Psdeck::new().config(&config).env("PSDECK_DATA", data);
    let made = deck.args(["new", "Server01", "--name", "Theirs"]).run();
    assert_eq!(made.status, 0, "{}", made.err);
    let mut screen = Screen::new(120, 30)
        .config(&config)
        .env("PSDECK_DATA", data.to_str().unwrap())
        .args(&["console"])
        .start();
    screen
        .expect("PS> ")
        .keys("$s = New-PSSession Server01 -Name Ours\r")
        .keys("Get-PSSession | Remove-PSSession\r")
        .expect("Theirs on Server01, neither opened nor connected")
        .expect("[Y] Yes")
        .keys("n\r")
        .keys("(Get-PSSession).Name\r")
        .row("Theirs");
    assert_eq!(shells(), Some(1));
    screen
        .keys("Remove-PSSession -Name Theirs -Confirm:$false\r")
        .keys("\"$((Get-PSSession).Count) left\"\r")
        .row("0 left")
        .keys("exit\r");
    assert_eq!(screen.ended(), 0);
    assert_eq!(shells(), Some(0));
}
