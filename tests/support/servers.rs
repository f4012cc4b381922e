//! One test for several kinds of server.

/// Makes tests of functions: each runs once a kind, on the builder of that kind of peer. The kinds are the functions of
/// `Peer` of that name.
///
/// ```ignore
/// on_servers!([ssh, wsman], [what_was_typed_arrives, what_runs_can_be_stopped]);
///
/// fn what_was_typed_arrives(server: Builder) {
///     let Some(peer) = server.start() else { return };
/// ```
#[allow(unused_macros, reason = "benches use none of it")]
macro_rules! on_servers {
    ([$($kind:ident),+ $(,)?], $tests:tt) => {
        $($crate::support::servers::on_servers!(@$kind $tests);)+
    };
    (@$kind:ident [$($(#[$attribute:meta])* $test:ident),+ $(,)?]) => {
        mod $kind {
            $(
                $(#[$attribute])*
                #[test]
                fn $test() {
                    super::$test($crate::support::peer::Peer::$kind());
                }
            )+
        }
    };
}

/// The same of async functions.
#[allow(unused_macros, reason = "benches use none of it")]
macro_rules! on_servers_async {
    ([$($kind:ident),+ $(,)?], $tests:tt) => {
        $($crate::support::servers::on_servers_async!(@$kind $tests);)+
    };
    (@$kind:ident [$($(#[$attribute:meta])* $test:ident),+ $(,)?]) => {
        mod $kind {
            $(
                $(#[$attribute])*
                #[tokio::test]
                async fn $test() {
                    super::$test($crate::support::peer::Peer::$kind()).await;
                }
            )+
        }
    };
}

#[allow(unused_imports, reason = "benches use none of it")]
pub(crate) use {on_servers, on_servers_async};
