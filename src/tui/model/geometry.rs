//! Where things stand, from the window's size alone. Keys that move by pages and views agree on it.

/// The parts of a window. Any size is allowed; what does not fit has no rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Geometry {
    pub(crate) columns: u16,
    pub(crate) rows: u16,
}

impl Geometry {
    pub(crate) fn new((columns, rows): (u16, u16)) -> Self {
        Self { columns, rows }
    }

    /// Rows of the strip below the list, without its title.
    pub(crate) fn detail_rows(self) -> u16 {
        match self.rows {
            0..=11 => 0,
            12..=17 => 2,
            18..=29 => 4,
            _ => 6,
        }
    }

    /// Rows of the list, without its header.
    pub(crate) fn list_rows(self) -> u16 {
        let detail = match self.detail_rows() {
            0 => 0,
            rows => rows + 1,
        };
        self.rows.saturating_sub(2 + self.header_rows() + detail)
    }

    /// Rows of the list's header, which gives way to a session where there is room for one row only.
    pub(crate) fn header_rows(self) -> u16 {
        u16::from(self.rows > 3)
    }

    /// Rows of the resume picker's sessions, inside its frame and above what it says of the one under the cursor.
    pub(crate) fn picker_rows(self) -> u16 {
        let detail = match self.rows {
            0..=9 => 0,
            10..=17 => 3,
            18..=29 => 8,
            _ => 12,
        };
        self.rows.saturating_sub(2 + 2 + 1 + detail)
    }

    /// Columns and rows of the command line with what it wrote, at most: two thirds of a window, inside its frame.
    pub(crate) fn command(self) -> (u16, u16) {
        let rows = self.rows.saturating_sub(2);
        (
            self.columns.saturating_sub(4),
            (rows * 2 / 3).max(rows.min(3)),
        )
    }

    /// Columns and rows of a pane; what the remote side is told of.
    pub(crate) fn pane(self) -> (u16, u16) {
        (self.columns, self.rows.saturating_sub(2))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_leaves_room_for_frame_header_and_strip() {
        assert_eq!(Geometry::new((80, 24)).list_rows(), 16);
        assert_eq!(Geometry::new((40, 12)).list_rows(), 6);
        assert_eq!(Geometry::new((20, 5)).list_rows(), 2);
        assert_eq!(Geometry::new((12, 3)).list_rows(), 1);
        assert_eq!(Geometry::new((1, 1)).list_rows(), 0);
    }
}
