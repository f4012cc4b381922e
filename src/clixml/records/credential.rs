//! Credentials ([MS-PSRP] 2.2.3.25).

use super::fields::Fields;
use crate::clixml::{Error, Fault, Object, Property, SecureText, Value};

/// A `PSCredential`. The password is as it travels: encrypted, or plain base64 of UTF-16LE from protocol 2.4 on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PSCredential {
    /// The user's name, with its domain if it has one.
    pub user_name: String,
    /// The password's `SS` text.
    pub password: SecureText,
}

impl PSCredential {
    /// Reads a credential.
    ///
    /// # Errors
    ///
    /// If the value has no user name, or no secure string as password.
    pub fn from_value(value: &Value) -> Result<Self, Error> {
        let fields = Fields::of(value, "PSCredential")?;
        let Value::SecureString(password) = fields.needed("Password")?.base() else {
            return Err(Error::of_value(Fault::NotA("SecureString")).in_member("Password"));
        };
        Ok(Self {
            user_name: fields.text("UserName")?,
            password: password.clone(),
        })
    }

    /// The credential as PowerShell sends it.
    pub fn to_value(&self) -> Value {
        let mut object = Object::default()
            .with_types(["System.Management.Automation.PSCredential", "System.Object"]);
        object.to_string = Some("System.Management.Automation.PSCredential".into());
        object.adapted = vec![
            Property::new("UserName", self.user_name.as_str().into()),
            Property::new("Password", Value::SecureString(self.password.clone())),
        ];
        object.into()
    }
}
