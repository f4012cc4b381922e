//! `Get-Credential`.

use std::sync::Arc;

use crate::cmdlets::Error;
use crate::cmdlets::binding::Bound;
use crate::cmdlets::interpreter::{Out, Result, Run};
use crate::cmdlets::value::{Credential, Value};
use crate::session::{Prompt, PromptReply};

pub(super) async fn run(run: &mut Run<'_>, bound: Vec<Bound>, out: &mut Out) -> Result<()> {
    for bound in bound {
        let user = match bound.get("Credential") {
            Some(Value::Credential(credential)) if credential.password.is_some() => {
                run.emit(out, Value::Credential(Arc::clone(credential)))?;
                continue;
            }
            Some(Value::Credential(credential)) => Some(credential.user.clone()),
            _ => bound.text("UserName"),
        };
        let prompt = Prompt::Credential {
            caption: bound
                .text("Title")
                .unwrap_or_else(|| "psdeck credential request".to_owned()),
            message: bound
                .text("Message")
                .unwrap_or_else(|| "Enter your credentials.".to_owned()),
            user,
        };
        match run.prompt(&prompt).await? {
            PromptReply::Credential { user, password } => {
                let password = Some(password);
                run.emit(
                    out,
                    Value::Credential(Arc::new(Credential { user, password })),
                )?;
            }
            _ => run.complain(Error::new(
                "InvalidOperation",
                "NoCredential",
                "Nobody gave a credential.",
            ))?,
        }
    }
    Ok(())
}
