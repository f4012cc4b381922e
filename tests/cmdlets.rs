//! Command lines over the demonstration.

use crate::support::console::Lines;

/// The words of each line, without those of the table's head.
fn rows(table: &str) -> Vec<Vec<&str>> {
    let lines = table.lines().map(|line| line.split_whitespace().collect());
    lines
        .filter(|words: &Vec<_>| !words.is_empty())
        .skip(2)
        .collect()
}

#[tokio::test]
async fn a_session_is_made_and_shown_with_powershells_columns() {
    let mut lines = Lines::demo();
    let shown = lines
        .good("New-PSSession -ComputerName Server01 -Name ITTask")
        .await;
    let expected = "
 Id Name            Transport ComputerName    ComputerType    State         ConfigurationName     Availability
 -- ----            --------- ------------    ------------    -----         -----------------     ------------
  1 ITTask          Demo      Server01        RemoteMachine   Opened        Microsoft.PowerShell     Available";
    let shown: Vec<_> = shown
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    assert_eq!(format!("\n{}", shown.join("\n")), expected);
    let listed = lines.good("Get-PSSession").await;
    assert_eq!(rows(&listed)[0][1], "ITTask");
    assert_eq!(lines.good("Get-PSSession -Name nobody*").await, "");
    let id = "RemoteRunspaceNotAvailableForSpecifiedName,Microsoft.PowerShell.Commands.GetPSSessionCommand";
    assert_eq!(lines.bad("Get-PSSession -Name nobody").await, [id]);
}

#[tokio::test]
async fn a_variable_holds_the_session_as_it_is_now() {
    let mut lines = Lines::demo();
    lines
        .good("$s = New-PSSession Server01 -Name Backups")
        .await;
    assert_eq!(
        lines
            .good("$s.State; $s.Availability; \"$($s.Name)!\"")
            .await,
        "Opened\nAvailable\nBackups!\n"
    );
    lines.good("Disconnect-PSSession $s | Out-Null").await;
    assert!(lines.good("\"$($s.State)\"").await.contains("Disconnected"));
    lines.good("Remove-PSSession $s").await;
    assert_eq!(
        lines.good("\"$($s.State) $($s.Availability)\"").await,
        "Closed None\n"
    );
    assert_eq!(lines.good("Get-PSSession").await, "");
}

#[tokio::test]
async fn scripts_run_on_their_servers_and_their_objects_flow_on() {
    let mut lines = Lines::demo();
    lines
        .good("$a, $b = New-PSSession Server01, Server02 -Name One, Two")
        .await;
    assert_eq!(
        lines.good("Invoke-Command -Session $a { 1 + 1 }").await,
        "2\n"
    );
    let names = lines
        .good("Invoke-Command $a, $b { $env:COMPUTERNAME } | Sort-Object")
        .await;
    assert_eq!(names, "Server01\nServer02\n");
    let each = lines
        .good("Get-PSSession | ForEach-Object { Invoke-Command $_ { 'in' } }")
        .await;
    assert_eq!(each, "in\nin\n");
    let given = lines
        .good("Invoke-Command $a { param($x, $y) $x + $y } -ArgumentList 40, (60*60*15)")
        .await;
    assert_eq!(given, "54040\n");
    let piped = lines
        .good("1, 2, 3 | Invoke-Command $a { $input | ForEach-Object { $_ * 2 } }")
        .await;
    assert_eq!(piped, "2\n4\n6\n");
    lines
        .good("Invoke-Command -ComputerName Server01 { 1 } | Out-Null")
        .await;
    assert_eq!(rows(&lines.good("Get-PSSession").await).len(), 2);
    let told = lines.run("Invoke-Command $a { throw 'no' }; 'after'").await;
    assert_eq!(
        (told.out.as_str(), told.errors.len()),
        ("after\n", 1),
        "{told:#?}"
    );
}

#[tokio::test]
async fn jobs_keep_what_scripts_put_out() {
    let mut lines = Lines::demo();
    lines.good("$s = New-PSSession Server01").await;
    let made = lines
        .good("$job = Invoke-Command $s { 'kept' } -AsJob; $job | Wait-Job")
        .await;
    let row = &rows(&made)[0];
    assert_eq!(
        row[..6],
        ["1", "Job1", "RemoteJob", "Completed", "True", "Server01"],
        "{made}"
    );
    assert_eq!(
        lines
            .good("Receive-Job $job -Keep; Receive-Job -Id 1; Receive-Job 1")
            .await,
        "kept\nkept\n"
    );
    lines.good("Get-Job | Remove-Job").await;
    assert_eq!(lines.good("Get-Job").await, "");
    let id = "JobWithSpecifiedSessionIdNotFound,Microsoft.PowerShell.Commands.GetJobCommand";
    assert_eq!(lines.bad("Get-Job 1").await, [id]);
}

#[tokio::test]
async fn sessions_are_filtered_sorted_and_formatted() {
    let mut lines = Lines::demo();
    lines.good("New-PSSession Server01 -Name B; $s = New-PSSession Server02 -Name A; Disconnect-PSSession $s").await;
    for filter in [
        "Where-Object { $_.State -eq 'Disconnected' }",
        "where State -eq Disconnected",
        "? { $_.State -ne 'Opened' -and $_.Name -like 'a*' }",
        "Where-Object Name -Like a*",
    ] {
        let line = format!("Get-PSSession | {filter} | Select-Object -ExpandProperty Name");
        assert_eq!(lines.good(&line).await, "A\n", "{filter}");
    }
    assert_eq!(
        lines
            .good("(Get-PSSession | Sort-Object Name).Name -join ','")
            .await,
        "A,B\n"
    );
    assert_eq!(
        lines
            .good("(Get-PSSession | Sort-Object Id -Descending)[0].Name")
            .await,
        "A\n"
    );
    let table = lines.good("Get-PSSession | Format-Table Name, State").await;
    assert_eq!(
        table,
        "\nName State\n---- -----\nB    Opened\nA    Disconnected\n\n"
    );
    let list = lines.good("$s | Format-List Name, Id").await;
    assert_eq!(list, "\nName : A\nId   : 2\n\n");
    let json = lines
        .good("$s | Select-Object Name, Id, State | ConvertTo-Json")
        .await;
    assert_eq!(
        json,
        "{\"Name\":\"A\",\"Id\":2,\"State\":\"Disconnected\"}\n"
    );
}

#[tokio::test]
async fn what_is_not_ours_is_named() {
    let mut lines = Lines::demo();
    for (line, part) in [
        (r"dir C:\ps-test\process.txt", "'dir'"),
        ("if ($true) { 1 }", "if"),
        ("[math]::Pi", "[math]"),
        ("Get-PSSession > x.txt", "redirection"),
        ("'a'.Trim()", "Trim"),
        ("Invoke-Command { 1 }", "session"),
    ] {
        let told = lines.run(line).await;
        assert_eq!(told.blocks.len(), 1, "{line}: {told:#?}");
        let block = &told.blocks[0];
        assert!(
            block.contains(part) && block.contains("psdeck runs session cmdlets"),
            "{block}"
        );
    }
    let told = lines.run("Get-PSSession -Name 'open").await;
    assert_eq!(told.errors.len(), 1);
}

#[tokio::test]
async fn what_a_line_collects_is_bounded() {
    let mut lines = Lines::demo();
    lines.good("$s = New-PSSession Server01").await;
    lines.console.collect_at_most(100_000);
    for line in [
        "$x = Invoke-Command $s { 1..100000 }",
        "Invoke-Command $s { 1..100000 } | Select-Object -First 1",
        "Invoke-Command $s { 1..100000 } -OutVariable x",
        "Invoke-Command $s { 1..100000 | Write-Error } -ErrorVariable x -ErrorAction SilentlyContinue",
    ] {
        let told = lines.run(line).await;
        assert_eq!(told.errors.len(), 1, "{line}: {:#?}", told.errors);
        assert!(told.errors[0].starts_with("CollectedOutputTooLarge"));
    }
    let shown = lines.good("Invoke-Command $s { 1..10000 }").await;
    assert!(shown.ends_with("10000\n"));
    let out = lines
        .good("$x = Invoke-Command $s { 1..100 }; $x.Count")
        .await;
    assert_eq!(out, "100\n");
}

#[tokio::test]
async fn a_script_file_is_read_as_windows_wrote_it() {
    let mut lines = Lines::demo();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("script.ps1");
    let line = format!("Invoke-Command Server01 -FilePath '{}'", file.display());
    let utf16 = "'ä' + 1".encode_utf16().flat_map(u16::to_le_bytes);
    let utf16: Vec<u8> = [0xFF, 0xFE].into_iter().chain(utf16).collect();
    for bytes in [&utf16[..], b"\xEF\xBB\xBF'\xC3\xA4' + 1"] {
        std::fs::write(&file, bytes).unwrap();
        assert_eq!(lines.good(&line).await, "ä1\n");
    }
    std::fs::write(&file, b"'\xE4' + 1").unwrap();
    let told = lines.run(&line).await;
    assert!(told.errors[0].starts_with("ScriptFileNotReadable"));
    assert!(told.blocks[0].contains("neither UTF-8 nor UTF-16"));
}

#[tokio::test]
async fn a_port_is_for_servers_that_have_one() {
    let mut lines = Lines::demo();
    let told = lines.run("New-PSSession Server01 -Port 5985").await;
    assert!(told.errors[0].starts_with("PSSessionInvalidComputerName"));
    assert!(told.blocks[0].contains("Server01 is not reached by a port"));
}

#[tokio::test]
async fn a_host_name_means_ssh_whatever_a_profile_says() {
    let mut lines = Lines::demo();
    for line in [
        "New-PSSession -HostName Server01",
        "Invoke-Command -SSHConnection @{ HostName = 'Server01' } { 1 }",
    ] {
        let told = lines.run(line).await;
        assert!(told.errors[0].starts_with("PSSessionInvalidComputerName"));
        assert!(told.blocks[0].contains("leads to demo:Server01"), "{line}");
    }
}
