//! The five tones of statuses and notices.

use super::Icon;

/// How something stands. A tone never speaks alone: words say the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Tone {
    /// Nothing particular: not started, ended.
    Neutral,
    /// To know, under way.
    Info,
    /// Done, connected.
    Success,
    /// To heed: runs out soon, not complete.
    Warning,
    /// Did not work.
    Error,
}

impl Tone {
    /// Every tone, for the styleguide.
    pub const ALL: [Self; 5] = [
        Self::Neutral,
        Self::Info,
        Self::Success,
        Self::Warning,
        Self::Error,
    ];

    /// The class in the stylesheet.
    pub fn name(self) -> &'static str {
        match self {
            Self::Neutral => "neutral",
            Self::Info => "info",
            Self::Success => "success",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }

    /// The icon.
    pub fn icon(self) -> Icon {
        match self {
            Self::Neutral => Icon::Ring,
            Self::Info => Icon::Info,
            Self::Success => Icon::Check,
            Self::Warning => Icon::Warning,
            Self::Error => Icon::Error,
        }
    }

    /// How a notice of this tone is announced: what is wrong at once, the rest when there is time.
    pub fn role(self) -> &'static str {
        match self {
            Self::Neutral | Self::Info | Self::Success => "status",
            Self::Warning | Self::Error => "alert",
        }
    }
}
