//! The PowerShell Remoting Protocol ([MS-PSRP]): messages, fragments, runspace pool, pipelines, host calls, keys.
//! No IO, no clock.

mod target;

pub use target::{Priority, Target};
