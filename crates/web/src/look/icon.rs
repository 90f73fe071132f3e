//! The icons: a small own set, one stroke width, drawn inline.

use std::fmt;

/// An icon of 24 × 24 units that takes the text's colour. It is decoration: the words beside it say the same,
/// and it is hidden from screen readers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Icon {
    /// Done, connected.
    Check,
    /// Close, leave.
    Cross,
    /// Onward; mirrored where one reads from right to left.
    ChevronForward,
    /// Back; mirrored likewise.
    ChevronBack,
    /// Opens downward.
    ChevronDown,
    /// Not begun.
    Ring,
    /// To know.
    Info,
    /// To heed.
    Warning,
    /// Did not work.
    Error,
    /// Waiting.
    Clock,
    /// Kept safe.
    Lock,
    /// May be read.
    Eye,
    /// A connection.
    Link,
    /// A connection that has ended.
    Unlink,
    /// To find.
    Search,
    /// To copy.
    Copy,
    /// Leads to another site.
    External,
    /// A file.
    File,
    /// A shop.
    Cart,
    /// A bank.
    Bank,
    /// Books of account.
    Ledger,
    /// A company.
    Building,
    /// Somebody else.
    Person,
    /// Once more.
    Retry,
    /// Nothing here.
    Tray,
}

impl Icon {
    /// Every icon, for the styleguide.
    pub const ALL: [Self; 25] = [
        Self::Check,
        Self::Cross,
        Self::ChevronForward,
        Self::ChevronBack,
        Self::ChevronDown,
        Self::Ring,
        Self::Info,
        Self::Warning,
        Self::Error,
        Self::Clock,
        Self::Lock,
        Self::Eye,
        Self::Link,
        Self::Unlink,
        Self::Search,
        Self::Copy,
        Self::External,
        Self::File,
        Self::Cart,
        Self::Bank,
        Self::Ledger,
        Self::Building,
        Self::Person,
        Self::Retry,
        Self::Tray,
    ];

    fn path(self) -> &'static str {
        match self {
            Self::Check => "M5 12.5l4.5 4.5L19 7.5",
            Self::Cross => "M6 6l12 12M18 6L6 18",
            Self::ChevronForward => "M9.5 5.5L16 12l-6.5 6.5",
            Self::ChevronBack => "M14.5 5.5L8 12l6.5 6.5",
            Self::ChevronDown => "M5.5 9.5L12 16l6.5-6.5",
            Self::Ring => "M12 7a5 5 0 1 1 0 10 5 5 0 0 1 0-10z",
            Self::Info => "M12 3.5a8.5 8.5 0 1 1 0 17 8.5 8.5 0 0 1 0-17zM12 11v5M12 7.8v.2",
            Self::Warning => "M12 4l8.7 15.2H3.3L12 4zM12 10v4M12 16.6v.2",
            Self::Error => "M12 3.5a8.5 8.5 0 1 1 0 17 8.5 8.5 0 0 1 0-17zM12 7.8V13M12 16v.2",
            Self::Clock => "M12 3.5a8.5 8.5 0 1 1 0 17 8.5 8.5 0 0 1 0-17zM12 7.5V12l3 2",
            Self::Lock => {
                "M7 10.5h10a1.5 1.5 0 0 1 1.5 1.5v6.5A1.5 1.5 0 0 1 17 20H7a1.5 1.5 0 0 1-1.5-1.5V12A1.5 1.5 0 0 1 7 10.5zM8.5 10.5V8a3.5 3.5 0 0 1 7 0v2.5"
            }
            Self::Eye => {
                "M2.8 12S6 6 12 6s9.2 6 9.2 6-3.2 6-9.2 6-9.2-6-9.2-6zM12 9.5a2.5 2.5 0 1 1 0 5 2.5 2.5 0 0 1 0-5z"
            }
            Self::Link => {
                "M10 14a4 4 0 0 0 5.7 0l3.1-3.1a4 4 0 0 0-5.7-5.7L12 6.3M14 10a4 4 0 0 0-5.7 0l-3.1 3.1a4 4 0 0 0 5.7 5.7l1.1-1.1"
            }
            Self::Unlink => {
                "M16.4 13.3l2.4-2.4a4 4 0 0 0-5.7-5.7L10.7 7.6M7.6 10.7l-2.4 2.4a4 4 0 0 0 5.7 5.7l2.4-2.4M5 5l14 14"
            }
            Self::Search => "M10.5 4.5a6 6 0 1 1 0 12 6 6 0 0 1 0-12zM15 15l5 5",
            Self::Copy => {
                "M9.5 8.5h8A1.5 1.5 0 0 1 19 10v8a1.5 1.5 0 0 1-1.5 1.5h-8A1.5 1.5 0 0 1 8 18v-8a1.5 1.5 0 0 1 1.5-1.5zM5 15.5V6a1.5 1.5 0 0 1 1.5-1.5H15"
            }
            Self::External => {
                "M13 5h6v6M19 5l-8.5 8.5M17 14.5V18a1.5 1.5 0 0 1-1.5 1.5H6A1.5 1.5 0 0 1 4.5 18V8.5A1.5 1.5 0 0 1 6 7h3.5"
            }
            Self::File => {
                "M7 3.5h7l4.5 4.5v11a1.5 1.5 0 0 1-1.5 1.5H7A1.5 1.5 0 0 1 5.5 19V5A1.5 1.5 0 0 1 7 3.5zM13.5 3.5V8.5h5"
            }
            Self::Cart => "M3 5h2.5l2.2 10.5h9.6L19.5 8H6.2M9.2 19.3v.2M16 19.3v.2",
            Self::Bank => "M4 9.5L12 4.5l8 5H4zM6 12.5v4M10 12.5v4M14 12.5v4M18 12.5v4M4 19.5h16",
            Self::Ledger => {
                "M6.5 4.5h11A1.5 1.5 0 0 1 19 6v12a1.5 1.5 0 0 1-1.5 1.5h-11A1.5 1.5 0 0 1 5 18V6a1.5 1.5 0 0 1 1.5-1.5zM9 4.5v15M12 9h4M12 12.5h4"
            }
            Self::Building => {
                "M6 20V5.5A1.5 1.5 0 0 1 7.5 4h6A1.5 1.5 0 0 1 15 5.5V20M15 10h2.5A1.5 1.5 0 0 1 19 11.5V20M4 20h16M9 8h3M9 12h3M9 16h3"
            }
            Self::Person => {
                "M12 4.5a3.5 3.5 0 1 1 0 7 3.5 3.5 0 0 1 0-7zM5 19.5c.6-3.2 3.3-5 7-5s6.4 1.8 7 5"
            }
            Self::Retry => "M19.5 12a7.5 7.5 0 1 1-2.2-5.3L19.5 9M19.5 4.5V9H15",
            Self::Tray => {
                "M4.5 13.5l2.5-8h10l2.5 8v4a1.5 1.5 0 0 1-1.5 1.5H6a1.5 1.5 0 0 1-1.5-1.5v-4zM4.5 13.5H9l1 2h4l1-2h4.5"
            }
        }
    }

    fn mirrored(self) -> bool {
        matches!(
            self,
            Self::ChevronForward | Self::ChevronBack | Self::External
        )
    }
}

/// Draws the icon as SVG. Safe in HTML: nothing in it comes from outside.
impl fmt::Display for Icon {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "<svg class=\"icon{}\" viewBox=\"0 0 24 24\" aria-hidden=\"true\" focusable=\"false\"><path d=\"{}\"/></svg>",
            if self.mirrored() {
                " icon-mirrored"
            } else {
                ""
            },
            self.path()
        )
    }
}

impl askama::filters::HtmlSafe for Icon {}
