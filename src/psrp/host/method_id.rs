//! The numbers and names of the host's methods ([MS-PSRP] 2.2.3.17).

macro_rules! method_ids {
    ($($number:literal $name:ident $answer:ident,)*) => {
        /// `RemoteHostMethodId`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(i32)]
        pub enum HostMethodId {
            $(#[doc = concat!("`", stringify!($name), "`.")] $name = $number,)*
        }

        impl HostMethodId {
            /// All 56, in order of their numbers.
            pub const ALL: [Self; 56] = [$(Self::$name),*];

            /// PowerShell's name for it.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($name),)*
                }
            }

            /// What it answers.
            pub(crate) fn answer(self) -> Answer {
                match self {
                    $(Self::$name => Answer::$answer,)*
                }
            }
        }
    };
}

/// The shape of a method's result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Void,
    Text,
    Secret,
    Credential,
    Fields,
    Number,
    Numbers,
    Truth,
    Coordinates,
    Size,
    Key,
    Cells,
    Version,
    Guid,
    /// A live object, which nobody can send.
    Never,
}

method_ids! {
    1 GetName Text,
    2 GetVersion Version,
    3 GetInstanceId Guid,
    4 GetCurrentCulture Text,
    5 GetCurrentUICulture Text,
    6 SetShouldExit Void,
    7 EnterNestedPrompt Void,
    8 ExitNestedPrompt Void,
    9 NotifyBeginApplication Void,
    10 NotifyEndApplication Void,
    11 ReadLine Text,
    12 ReadLineAsSecureString Secret,
    13 Write1 Void,
    14 Write2 Void,
    15 WriteLine1 Void,
    16 WriteLine2 Void,
    17 WriteLine3 Void,
    18 WriteErrorLine Void,
    19 WriteDebugLine Void,
    20 WriteProgress Void,
    21 WriteVerboseLine Void,
    22 WriteWarningLine Void,
    23 Prompt Fields,
    24 PromptForCredential1 Credential,
    25 PromptForCredential2 Credential,
    26 PromptForChoice Number,
    27 GetForegroundColor Number,
    28 SetForegroundColor Void,
    29 GetBackgroundColor Number,
    30 SetBackgroundColor Void,
    31 GetCursorPosition Coordinates,
    32 SetCursorPosition Void,
    33 GetWindowPosition Coordinates,
    34 SetWindowPosition Void,
    35 GetCursorSize Number,
    36 SetCursorSize Void,
    37 GetBufferSize Size,
    38 SetBufferSize Void,
    39 GetWindowSize Size,
    40 SetWindowSize Void,
    41 GetWindowTitle Text,
    42 SetWindowTitle Void,
    43 GetMaxWindowSize Size,
    44 GetMaxPhysicalWindowSize Size,
    45 GetKeyAvailable Truth,
    46 ReadKey Key,
    47 FlushInputBuffer Void,
    48 SetBufferContents1 Void,
    49 SetBufferContents2 Void,
    50 GetBufferContents Cells,
    51 ScrollBufferContents Void,
    52 PushRunspace Void,
    53 PopRunspace Void,
    54 GetIsRunspacePushed Truth,
    55 GetRunspace Never,
    56 PromptForChoiceMultipleSelection Numbers,
}

impl HostMethodId {
    /// The method of that number.
    pub fn from_number(number: i32) -> Option<Self> {
        let index = usize::try_from(number).ok()?.checked_sub(1)?;
        Self::ALL.get(index).copied()
    }

    /// Whether the method gives nothing back. PowerShell's server sends such calls with the id −100 and does not wait.
    pub fn is_void(self) -> bool {
        self.answer() == Answer::Void
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_dense() {
        for (number, id) in (1..).zip(HostMethodId::ALL) {
            assert_eq!(id as i32, number);
            assert_eq!(HostMethodId::from_number(number), Some(id));
        }
        assert_eq!(HostMethodId::from_number(0), None);
        assert_eq!(HostMethodId::from_number(57), None);
    }
}
