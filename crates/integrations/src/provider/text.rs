//! What a third party says, made fit to be shown and stored.

use std::fmt;

/// A text of a third party: without control characters, line breaks and marks that turn the direction of the text
/// around it, at most 300 characters long, never empty. It is still a stranger's text: it stands in fields of its own, is
/// escaped wherever it is shown, and is never made part of a sentence of ours.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ProviderText(String);

const MAX_CHARS: usize = 300;

/// A shorter text may stand anywhere by chance, and is no secret.
const SECRET_MIN: usize = 6;

impl ProviderText {
    /// Cleans a text. None where nothing is left of it.
    pub fn new(raw: &str) -> Option<Self> {
        let mut clean = String::new();
        let mut chars = 0;
        let mut gap = false;
        for c in raw.chars() {
            if c.is_whitespace() || c.is_control() {
                gap = true;
                continue;
            }
            if is_invisible(c) {
                continue;
            }
            let needed = 1 + usize::from(gap && chars > 0);
            if chars + needed > MAX_CHARS {
                break;
            }
            if needed == 2 {
                clean.push(' ');
            }
            gap = false;
            clean.push(c);
            chars += needed;
        }
        (!clean.is_empty()).then_some(Self(clean))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Formatting characters that change how their surroundings read or that nobody sees: soft hyphen, direction
/// marks, embeddings and isolates, zero-width ones, line and paragraph separators, the byte-order mark, interlinear marks, tags.
pub(crate) fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

impl fmt::Display for ProviderText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ProviderText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

/// An error as a third party puts it: the `error` and `error_description` of RFC 6749.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ProviderError {
    /// Its code, as in `access_denied`. None where it gave none that can be read.
    pub code: Option<ProviderText>,
    /// Its words for people.
    pub description: Option<ProviderText>,
}

impl ProviderError {
    /// For a connection's `statusText` and the redirect's `{statusText}`: what the third party said, its words for people
    /// before its code; empty where it said nothing.
    pub fn status_text(&self) -> &str {
        self.description
            .as_ref()
            .or(self.code.as_ref())
            .map_or("", ProviderText::as_str)
    }

    /// The same where none of these stands in it: some repeat the code or token that they refuse.
    #[must_use]
    pub(crate) fn without(self, secrets: &[&str]) -> Self {
        let bare = |text: Option<ProviderText>| {
            let mut text = text?.0;
            for secret in secrets.iter().filter(|secret| secret.len() >= SECRET_MIN) {
                text = text.replace(secret, "…");
            }
            Some(ProviderText(text))
        };
        Self {
            code: bare(self.code),
            description: bare(self.description),
        }
    }

    pub(crate) fn has_code(&self, code: &str) -> bool {
        self.code.as_ref().is_some_and(|own| own.as_str() == code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_steers_gets_through() {
        let clean = |raw: &str| ProviderText::new(raw).map(|text| text.0);
        assert_eq!(
            clean("  User\r\n\tcancelled\u{0} "),
            Some("User cancelled".to_owned())
        );
        assert_eq!(
            clean("a\u{202e}b\u{2066}c\u{feff}d\u{200d}e"),
            Some("abcde".to_owned())
        );
        assert_eq!(
            clean("\u{1b}[31mred\u{9b}0m"),
            Some("[31mred 0m".to_owned())
        );
        assert_eq!(clean("a\u{2028}b"), Some("a b".to_owned()));
        assert_eq!(clean("Größe ✓ 会社"), Some("Größe ✓ 会社".to_owned()));
        for nothing in ["", " \n", "\u{200b}\u{202e}"] {
            assert_eq!(clean(nothing), None);
        }
    }

    #[test]
    fn a_text_is_bounded_in_characters() {
        for raw in ["é".repeat(10_000), "é ".repeat(10_000)] {
            let text = ProviderText::new(&raw).unwrap();
            assert!((299..=300).contains(&text.as_str().chars().count()));
            assert!(!text.as_str().ends_with(' '));
        }
    }
}
