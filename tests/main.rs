//! Behaviour tests: one module a behaviour that a user would name.
#![allow(
    unreachable_pub,
    clippy::expect_used,
    clippy::format_collect,
    clippy::format_push_string,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "tests fail by panicking, helpers of theirs too, and their modules see each other"
)]

mod app;
mod app_demo;
mod app_quit;
mod app_remove;
mod app_resume;
mod app_screens;
mod app_wsman;
mod auth;
mod cli;
mod cli_clixml;
mod cli_connect;
mod cli_enter;
mod cli_invoke;
mod cli_passwords;
mod cli_sessions;
mod cli_ssh;
mod cli_ssh_work;
mod cli_terminal;
mod cli_work;
mod cli_wsman;
mod clixml;
mod clixml_property;
mod clixml_psrpcore;
mod cmdlets;
mod cmdlets_connect;
mod cmdlets_jobs;
mod cmdlets_sets;
mod cmdlets_stop;
mod connection;
mod console;
mod cuts;
mod demo;
mod disconnect;
mod disconnect_rules;
mod disconnect_viewers;
mod flood;
mod fuzz;
mod hostile;
mod hostile_session;
mod hostile_stages;
mod http;
mod http_session;
mod interruption;
mod kill;
mod layers;
mod local;
mod omi;
mod peers;
mod registry;
mod registry_pool;
mod removal;
mod replay;
mod session;
mod session_enter;
mod session_flow;
mod session_races;
mod session_remote;
mod ssh;
mod ssh_login;
mod support;
mod windows;
mod wsman;
mod wsman_counts;
mod wsman_faults;
mod wsman_hostile;
mod wsman_leave;
mod wsman_replay;
