//! What a server is told about the client's host ([MS-PSRP] 2.2.3.14).

use super::fields::Fields;
use crate::clixml::{Content, Error, Object, Value};

/// The client's host, as pools and pipelines are told of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostInfo {
    /// What there is of a host.
    pub host: Host,
    /// Of a pipeline: the pool's host is meant.
    pub use_runspace_host: bool,
}

/// How much of a host there is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Host {
    /// None.
    #[default]
    None,
    /// One without a user interface.
    NoUi,
    /// One with a user interface that is no screen.
    NoRawUi,
    /// One with a screen, which is so now: the server never hears of a change.
    Screen(Box<HostDefaultData>),
}

/// The screen of a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostDefaultData {
    /// `ConsoleColor`; −1 where it is unknown.
    pub foreground_color: i32,
    /// `ConsoleColor`; −1 where it is unknown.
    pub background_color: i32,
    /// Where the cursor is in the buffer.
    pub cursor_position: Coordinates,
    /// Where the window is in the buffer.
    pub window_position: Coordinates,
    /// Percent of a cell.
    pub cursor_size: i32,
    /// The buffer.
    pub buffer_size: Size,
    /// The window: what the server formats for.
    pub window_size: Size,
    /// The largest window for this buffer.
    pub max_window_size: Size,
    /// The largest window for this screen.
    pub max_physical_window_size: Size,
    /// The window's title.
    pub window_title: String,
}

/// A position in cells, from 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Coordinates {
    /// From the left.
    pub x: i32,
    /// From the top.
    pub y: i32,
}

/// An extent in cells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Size {
    /// Columns.
    pub width: i32,
    /// Rows.
    pub height: i32,
}

const COLOR: &str = "System.ConsoleColor";
const COORDINATES: &str = "System.Management.Automation.Host.Coordinates";
const SIZE: &str = "System.Management.Automation.Host.Size";

impl Default for HostInfo {
    /// No host of its own.
    fn default() -> Self {
        Self {
            host: Host::None,
            use_runspace_host: true,
        }
    }
}

impl HostInfo {
    /// A host with this screen.
    pub fn with_screen(data: HostDefaultData) -> Self {
        Self {
            host: Host::Screen(Box::new(data)),
            use_runspace_host: false,
        }
    }

    /// Reads the member `HostInfo` of a message.
    ///
    /// # Errors
    ///
    /// If a member is missing, or the screen that is promised.
    pub fn from_value(value: &Value) -> Result<Self, Error> {
        let fields = Fields::of(value, "HostInfo")?;
        let host = if fields.needed_flag("_isHostNull")? {
            Host::None
        } else if fields.needed_flag("_isHostUINull")? {
            Host::NoUi
        } else if fields.needed_flag("_isHostRawUINull")? {
            Host::NoRawUi
        } else {
            let data = HostDefaultData::from_value(fields.needed("_hostDefaultData")?);
            Host::Screen(Box::new(
                data.map_err(|error| error.in_member("_hostDefaultData"))?,
            ))
        };
        Ok(Self {
            host,
            use_runspace_host: fields.needed_flag("_useRunspaceHost")?,
        })
    }

    /// The member `HostInfo` of a message.
    pub fn to_value(&self) -> Value {
        let no_host = matches!(self.host, Host::None);
        let no_ui = no_host || matches!(self.host, Host::NoUi);
        let no_raw_ui = !matches!(self.host, Host::Screen(_));
        let mut members: Vec<(&str, Value)> = vec![
            ("_isHostUINull", no_ui.into()),
            ("_isHostRawUINull", no_raw_ui.into()),
            ("_isHostNull", no_host.into()),
        ];
        if let Host::Screen(data) = &self.host {
            members.push(("_hostDefaultData", data.to_value()));
        }
        members.push(("_useRunspaceHost", self.use_runspace_host.into()));
        Object::bag(members).into()
    }
}

impl HostDefaultData {
    /// A screen of this many columns and rows.
    pub fn with_size(width: u16, height: u16) -> Self {
        let size = Size {
            width: width.into(),
            height: height.into(),
        };
        Self {
            foreground_color: -1,
            background_color: -1,
            cursor_position: Coordinates::default(),
            window_position: Coordinates::default(),
            cursor_size: 100,
            buffer_size: size,
            window_size: size,
            max_window_size: size,
            max_physical_window_size: size,
            window_title: String::new(),
        }
    }

    fn from_value(value: &Value) -> Result<Self, Error> {
        let data = Fields::of(value, "HostDefaultData")?.needed("data")?;
        let entries = data.as_dictionary().unwrap_or_default();
        let entry = |key: i32| {
            let found = entries
                .iter()
                .find(|(found, _)| found.as_i32() == Some(key));
            found.and_then(|(_, entry)| entry.member("V"))
        };
        let number = |key| entry(key).and_then(Value::as_i32);
        let pair = |key, names: [&str; 2]| {
            names
                .map(|name| entry(key)?.member(name)?.as_i32())
                .map(Option::unwrap_or_default)
        };
        let position = |key| {
            let [x, y] = pair(key, ["x", "y"]);
            Coordinates { x, y }
        };
        let size = |key| {
            let [width, height] = pair(key, ["width", "height"]);
            Size { width, height }
        };
        let title = entry(9).and_then(Value::as_text);
        Ok(Self {
            foreground_color: number(0).unwrap_or(-1),
            background_color: number(1).unwrap_or(-1),
            cursor_position: position(2),
            window_position: position(3),
            cursor_size: number(4).unwrap_or_default(),
            buffer_size: size(5),
            window_size: size(6),
            max_window_size: size(7),
            max_physical_window_size: size(8),
            window_title: title.map(ToString::to_string).unwrap_or_default(),
        })
    }

    fn to_value(&self) -> Value {
        let position =
            |at: Coordinates| Object::bag([("x", at.x.into()), ("y", at.y.into())]).into();
        let size = |size: Size| {
            Object::bag([("width", size.width.into()), ("height", size.height.into())]).into()
        };
        // In the order in which PowerShell's hash table gives them.
        let entries: [(i32, &str, Value); 10] = [
            (9, "System.String", self.window_title.as_str().into()),
            (8, SIZE, size(self.max_physical_window_size)),
            (7, SIZE, size(self.max_window_size)),
            (6, SIZE, size(self.window_size)),
            (5, SIZE, size(self.buffer_size)),
            (4, "System.Int32", self.cursor_size.into()),
            (3, COORDINATES, position(self.window_position)),
            (2, COORDINATES, position(self.cursor_position)),
            (1, COLOR, self.background_color.into()),
            (0, COLOR, self.foreground_color.into()),
        ];
        let entries = entries.map(|(key, type_name, value)| {
            let entry = Object::bag([("T", type_name.into()), ("V", value)]);
            (Value::Int32(key), entry.into())
        });
        let mut data =
            Object::default().with_types(["System.Collections.Hashtable", "System.Object"]);
        data.content = Content::Dictionary(entries.into());
        Object::bag([("data", data.into())]).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clixml::write;

    #[test]
    fn a_host_info_reads_as_it_was_written() {
        let mut screen = HostDefaultData::with_size(120, 40);
        screen.window_title = "pwsh".into();
        screen.cursor_position = Coordinates { x: 3, y: 4 };
        let hosts = [
            Host::None,
            Host::NoUi,
            Host::NoRawUi,
            Host::Screen(Box::new(screen)),
        ];
        for host in hosts {
            let info = HostInfo {
                host,
                use_runspace_host: false,
            };
            assert_eq!(HostInfo::from_value(&info.to_value()).unwrap(), info);
        }
    }

    #[test]
    fn no_host_is_written_as_powershell_does() {
        let text = "<Obj RefId=\"0\"><MS><B N=\"_isHostUINull\">true</B><B N=\"_isHostRawUINull\">true</B>\
            <B N=\"_isHostNull\">true</B><B N=\"_useRunspaceHost\">true</B></MS></Obj>";
        assert_eq!(write(&HostInfo::default().to_value()), text);
    }
}
