//! Points in time as a record's text has them: RFC 3339, in UTC.

use std::time::SystemTime;

use serde::de::Error as _;
use serde::{Deserialize as _, Deserializer, Serializer};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

#[expect(clippy::ref_option, reason = "serde's signature")]
pub(super) fn serialize<S: Serializer>(
    moment: &Option<SystemTime>,
    to: S,
) -> Result<S::Ok, S::Error> {
    let text = moment.and_then(|moment| OffsetDateTime::from(moment).format(&Rfc3339).ok());
    match text {
        Some(text) => to.serialize_str(&text),
        None => to.serialize_none(),
    }
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(
    from: D,
) -> Result<Option<SystemTime>, D::Error> {
    let Some(text) = Option::<String>::deserialize(from)? else {
        return Ok(None);
    };
    let read = OffsetDateTime::parse(&text, &Rfc3339);
    read.map(|moment| Some(moment.into()))
        .map_err(|_| D::Error::custom(format!("'{text}' is no date and time")))
}
