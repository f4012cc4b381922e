//! What a script takes from where it was written: `$using:x`.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use super::{Result, Run};
use crate::clixml::{self, Content, Object};
use crate::cmdlets::Error;
use crate::language::{self, Expression, ExpressionKind};

/// The parameter that carries the values.
pub(in crate::cmdlets) const PARAMETER: &str = "--%";

impl Run<'_> {
    /// The values of a script's `$using:` expressions by their keys; nothing of a script without one.
    pub(in crate::cmdlets) async fn using(
        &mut self,
        script: &str,
    ) -> Result<Option<clixml::Value>> {
        // What we cannot read, the server says.
        let Ok(tree) = language::parse(script) else {
            return Ok(None);
        };
        let mut values: Vec<(clixml::Value, clixml::Value)> = Vec::new();
        for using in &tree.using {
            let text = script.get(using.span.start..using.span.end);
            let text = text.unwrap_or_default();
            let (root, key) = match &using.kind {
                ExpressionKind::Postfix(root, _) => (&**root, key(text)),
                _ => (using, key(&text.to_lowercase())),
            };
            if !self.is_set(root) {
                let message = format!(
                    "The value of the using variable '{text}' cannot be retrieved because it has not been set in the local session."
                );
                let error = Error::new("InvalidOperation", "UsingVariableIsUndefined", message);
                return Err(error.at(using.span).in_line(script).into());
            }
            if values.iter().all(|(known, _)| *known != key) {
                let value = match &using.kind {
                    ExpressionKind::Splat(variable) => self.get(variable),
                    _ => self.expression(using).await?,
                };
                values.push((key, value.sent()));
            }
        }
        if values.is_empty() {
            return Ok(None);
        }
        let object = Object {
            content: Content::Dictionary(values),
            ..Object::default()
        };
        let object = object.with_types(["System.Collections.Hashtable", "System.Object"]);
        Ok(Some(object.into()))
    }

    fn is_set(&self, root: &Expression) -> bool {
        match &root.kind {
            ExpressionKind::Variable(variable) | ExpressionKind::Splat(variable) => {
                self.find(variable).is_some()
            }
            _ => true,
        }
    }
}

/// By what the server finds a value: the text, a variable's in lower case, in UTF-16 and Base64.
fn key(text: &str) -> clixml::Value {
    let bytes: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    BASE64_STANDARD.encode(bytes).into()
}
