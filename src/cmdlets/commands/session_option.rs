//! `New-PSSessionOption`.

use std::sync::Arc;

use crate::cmdlets::Error;
use crate::cmdlets::binding::Bound;
use crate::cmdlets::interpreter::{Out, Result, Run};
use crate::cmdlets::metadata;
use crate::cmdlets::options::SessionOption;
use crate::cmdlets::value::Value;

pub(super) fn run(run: &mut Run<'_>, bound: Vec<Bound>, out: &mut Out) -> Result<()> {
    for bound in bound {
        let mut option = SessionOption::default();
        let parameters = metadata::find(bound.cmdlet()).map(|cmdlet| &cmdlet.parameters);
        for parameter in parameters.into_iter().flatten() {
            if let Some(value) = bound.get(parameter.name) {
                option.set(parameter.name, value.clone())?;
            }
        }
        if let Some(way) = bound.text("ProxyAuthentication")
            && !["Basic", "Digest", "Negotiate"].contains(&way.as_str())
        {
            let message = "A proxy is asked with Basic, Digest or Negotiate.";
            let error = Error::new(
                "InvalidArgument",
                "NewPSSessionOptionInvalidProxyAuthentication",
                message,
            );
            return Err(error.target(way).into());
        }
        run.emit(out, Value::Option(Arc::new(option)))?;
    }
    Ok(())
}
