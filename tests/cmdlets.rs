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
            .await
            .split_whitespace()
            .collect::<Vec<_>>(),
        ["Value", "-----", "Opened", "Available", "Backups!"]
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
