//! The pictures of an integration that platforms put on their own pages, drawn from its mark and its name.

use std::str::FromStr;

use handclasp_integrations::Integration;

/// A picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Drawing {
    /// The mark with the name beside it.
    LogoFull,
    /// The mark alone, in a square.
    LogoSquare,
    /// A button that begins a connection.
    Button,
    /// The same button under a pointer.
    ButtonHover,
}

/// An address holds none of the names.
pub(crate) struct NotADrawing;

impl FromStr for Drawing {
    type Err = NotADrawing;

    fn from_str(text: &str) -> Result<Self, NotADrawing> {
        let found = Self::ALL.into_iter().find(|one| one.as_str() == text);
        found.ok_or(NotADrawing)
    }
}

impl Drawing {
    pub(crate) const ALL: [Self; 4] = [
        Self::LogoFull,
        Self::LogoSquare,
        Self::Button,
        Self::ButtonHover,
    ];

    /// The last part of its address.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::LogoFull => "logo-full.svg",
            Self::LogoSquare => "logo-square.svg",
            Self::Button => "button.svg",
            Self::ButtonHover => "button-hover.svg",
        }
    }

    /// What it says to those who do not see it.
    pub(crate) fn says(self, name: &str) -> String {
        match self {
            Self::LogoFull | Self::LogoSquare => name.to_owned(),
            Self::Button | Self::ButtonHover => format!("Connect to {name}"),
        }
    }

    /// The SVG document: the same for the same integration, on every replica.
    pub(crate) fn of(self, integration: &Integration) -> String {
        let text = self.says(&integration.name);
        let mark = integration.logo.trim_end();
        match self {
            Self::LogoSquare => document((64, 64), &text, &placed(mark, (0, 0, 64))),
            Self::LogoFull => {
                let body = placed(mark, (0, 0, 64)) + &words(&text, (80, 42, 28));
                document((88 + width(&text, 28), 64), &text, &body)
            }
            Self::Button => button(mark, &text, "#ffffff"),
            Self::ButtonHover => button(mark, &text, "#eef2f7"),
        }
    }
}

fn button(mark: &str, text: &str, ground: &str) -> String {
    let wide = 68 + width(text, 16);
    let mut body = format!(
        "<rect x=\"0.5\" y=\"0.5\" width=\"{}\" height=\"47\" rx=\"8\" fill=\"{ground}\" stroke=\"#94a3b8\"/>",
        wide - 1
    );
    body += &placed(mark, (12, 10, 28));
    body += &words(text, (52, 30, 16));
    document((wide, 48), text, &body)
}

fn document((wide, high): (u32, u32), label: &str, body: &str) -> String {
    let label = escaped(label);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{wide}\" height=\"{high}\" viewBox=\"0 0 {wide} {high}\" role=\"img\" aria-label=\"{label}\">{body}</svg>\n"
    )
}

/// A mark, whatever its own shape, in the middle of a square. It has no size of its own (the catalogue sees to it), and so fills the
/// element around it.
fn placed(mark: &str, (x, y, side): (u32, u32, u32)) -> String {
    format!("<svg x=\"{x}\" y=\"{y}\" width=\"{side}\" height=\"{side}\">{mark}</svg>")
}

fn words(text: &str, (x, y, size): (u32, u32, u32)) -> String {
    let text = escaped(text);
    format!(
        "<text x=\"{x}\" y=\"{y}\" font-family=\"system-ui, sans-serif\" font-size=\"{size}\" font-weight=\"600\" fill=\"#1f2937\">{text}</text>"
    )
}

/// About how wide a text is. Which font a reader has is not known: rather too wide than cut off.
fn width(text: &str, size: u32) -> u32 {
    let hundredths: u32 = text
        .chars()
        .map(|c| match c {
            'i' | 'j' | 'l' | 't' | 'f' | 'r' | 'I' | ' ' | '.' | ',' | '\'' | '-' => 40,
            'm' | 'w' | 'M' | 'W' | '@' | '%' | '&' => 95,
            'A'..='Z' => 75,
            '\0'..='\u{10ff}' => 68,
            _ => 105,
        })
        .sum();
    hundredths * size / 100
}

/// A text as XML has it, inside an element or an attribute.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_text_and_nothing_else() {
        assert_eq!(
            escaped(r#"</text><script>"a" & 'b'"#),
            "&lt;/text&gt;&lt;script&gt;&quot;a&quot; &amp; &#39;b&#39;"
        );
    }

    #[test]
    fn names_read_back() {
        for drawing in Drawing::ALL {
            assert_eq!(drawing.as_str().parse().ok(), Some(drawing));
        }
        assert!("logo.svg".parse::<Drawing>().is_err());
    }

    #[test]
    fn longer_texts_are_wider() {
        assert!(width("Xero", 28) < width("QuickBooks Online", 28));
        assert!(width("会計", 10) > width("ab", 10));
    }
}
