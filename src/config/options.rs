//! Connection options in layers: the command line over the profile over its group.

use crate::transport::Options;

/// What `over` says, and where it is silent what `base` says.
pub fn overlay(over: Options, base: Options) -> Options {
    // Taken apart by name, so that a new option cannot be forgotten here.
    let Options {
        computer_name,
        user,
        port,
        identity,
        password_command,
        subsystem,
        configuration_name,
        application_name,
        auth,
        use_ssl,
        ca,
        skip_ca_check,
        skip_cn_check,
        trust_host,
        no_encryption,
        operation_timeout,
        idle_timeout,
        buffering,
        retry_window,
        culture,
        no_remote_profile,
        ssh_options,
        ssh_config,
        connect_timeout,
        program,
        working_directory,
        environment,
    } = over;
    Options {
        computer_name: computer_name.or(base.computer_name),
        user: user.or(base.user),
        port: port.or(base.port),
        identity: either(identity, base.identity),
        password_command: password_command.or(base.password_command),
        subsystem: subsystem.or(base.subsystem),
        configuration_name: configuration_name.or(base.configuration_name),
        application_name: application_name.or(base.application_name),
        auth: auth.or(base.auth),
        use_ssl: use_ssl.or(base.use_ssl),
        ca: ca.or(base.ca),
        skip_ca_check: skip_ca_check.or(base.skip_ca_check),
        skip_cn_check: skip_cn_check.or(base.skip_cn_check),
        trust_host: trust_host.or(base.trust_host),
        no_encryption: no_encryption.or(base.no_encryption),
        operation_timeout: operation_timeout.or(base.operation_timeout),
        idle_timeout: idle_timeout.or(base.idle_timeout),
        buffering: buffering.or(base.buffering),
        retry_window: retry_window.or(base.retry_window),
        culture: culture.or(base.culture),
        no_remote_profile: no_remote_profile.or(base.no_remote_profile),
        // The first setting of a key wins, as with `ssh`.
        ssh_options: ssh_options.into_iter().chain(base.ssh_options).collect(),
        ssh_config: ssh_config.or(base.ssh_config),
        connect_timeout: connect_timeout.or(base.connect_timeout),
        program: program.or(base.program),
        working_directory: working_directory.or(base.working_directory),
        environment: base.environment.into_iter().chain(environment).collect(),
    }
}

fn either<T>(over: Vec<T>, base: Vec<T>) -> Vec<T> {
    if over.is_empty() { base } else { over }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::connection::{CONNECTION, is_key};
    use super::*;
    use crate::transport::{Authentication, Buffering};

    #[test]
    fn every_option_has_its_key() {
        let all = Options {
            computer_name: Some("Server01".into()),
            user: Some("a".into()),
            port: Some(1),
            identity: vec!["k".into()],
            password_command: Some(vec!["p".to_owned()].try_into().unwrap()),
            subsystem: Some("s".into()),
            configuration_name: Some("c".into()),
            application_name: Some("a".into()),
            auth: Some(Authentication::Basic),
            use_ssl: Some(true),
            ca: Some("ca.pem".into()),
            skip_ca_check: Some(true),
            skip_cn_check: Some(true),
            trust_host: Some(true),
            no_encryption: Some(true),
            operation_timeout: Some(Duration::from_secs(2)),
            idle_timeout: Some(Duration::from_mins(2)),
            buffering: Some(Buffering::Drop),
            retry_window: Some(Duration::from_mins(4)),
            culture: Some("de-DE".into()),
            no_remote_profile: Some(true),
            ssh_options: vec!["A=b".into()],
            ssh_config: Some("c".into()),
            connect_timeout: Some(Duration::from_secs(1)),
            program: Some("p".into()),
            working_directory: Some("/".into()),
            environment: vec![("A".into(), "b".into())],
        };
        let written = toml::Table::try_from(&all).unwrap();
        let keys: Vec<_> = written.keys().map(String::as_str).collect();
        assert!(keys.iter().all(|key| is_key(key)), "{keys:?}");
        let flags = CONNECTION.iter().map(|option| option.key);
        let unknown: Vec<_> = flags.filter(|flag| !keys.contains(flag)).collect();
        assert_eq!(unknown, Vec::<&str>::new());
        assert_eq!(overlay(Options::default(), all.clone()), all);
        assert_eq!(overlay(all.clone(), Options::default()), all);
    }
}
