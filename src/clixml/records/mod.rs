//! The records that PowerShell sends, as types: read with `from_value`, written with `to_value`. Their strings are for
//! people: a lone surrogate in them is replaced.

mod category;
mod command_metadata;
mod completion;
mod credential;
mod dictionary;
mod error_record;
mod fields;
mod host_info;
mod information;
mod informational;
mod invocation;
mod progress;

pub use category::ErrorCategory;
pub use command_metadata::{CommandMetadata, ParameterMetadata};
pub use completion::{CommandCompletion, CompletionResult};
pub use credential::PSCredential;
pub use dictionary::{PS_PRIMITIVE_DICTIONARY, hashtable, primitive_dictionary};
pub use error_record::ErrorRecord;
pub use host_info::{Coordinates, Host, HostDefaultData, HostInfo, Size};
pub use information::{HostInformationMessage, InformationRecord};
pub use informational::InformationalRecord;
pub use invocation::InvocationInfo;
pub use progress::ProgressRecord;
