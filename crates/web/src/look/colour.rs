//! Colours and their contrast (WCAG 2.2, 1.4.3).

use std::fmt;
use std::str::FromStr;

/// A colour of the sRGB space.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Colour {
    red: u8,
    green: u8,
    blue: u8,
}

/// A text is no colour of the form `#rgb` or `#rrggbb`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a colour of the form #rrggbb")]
pub struct NotAColour;

impl FromStr for Colour {
    type Err = NotAColour;

    fn from_str(text: &str) -> Result<Self, NotAColour> {
        let digits = text.strip_prefix('#').ok_or(NotAColour)?;
        if !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(NotAColour);
        }
        let number = u32::from_str_radix(digits, 16).map_err(|_| NotAColour)?;
        let [_, a, b, c] = number.to_be_bytes();
        match digits.len() {
            6 => Ok(Self::new(a, b, c)),
            // Each digit counts twice: #fa0 is #ffaa00.
            3 => Ok(Self::new((b & 15) * 17, (c >> 4) * 17, (c & 15) * 17)),
            _ => Err(NotAColour),
        }
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{:02x}{:02x}{:02x}", self.red, self.green, self.blue)
    }
}

impl Colour {
    /// Black.
    pub const BLACK: Self = Self::new(0, 0, 0);
    /// White.
    pub const WHITE: Self = Self::new(255, 255, 255);

    /// A colour of its three parts.
    pub const fn new(red: u8, green: u8, blue: u8) -> Self {
        Self { red, green, blue }
    }

    /// Relative luminance, 0 (black) to 1 (white).
    pub fn luminance(self) -> f64 {
        let linear = |part: u8| {
            let part = f64::from(part) / 255.0;
            if part <= 0.040_45 {
                part / 12.92
            } else {
                ((part + 0.055) / 1.055).powf(2.4)
            }
        };
        0.2126 * linear(self.red) + 0.7152 * linear(self.green) + 0.0722 * linear(self.blue)
    }

    /// The contrast ratio to another colour, 1 to 21.
    pub fn contrast(self, other: Self) -> f64 {
        let (a, b) = (self.luminance(), other.luminance());
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    /// Black or white, whichever reads better on this colour; at least 4.58:1.
    pub fn ink(self) -> Self {
        if self.contrast(Self::WHITE) >= self.contrast(Self::BLACK) {
            Self::WHITE
        } else {
            Self::BLACK
        }
    }

    /// The nearest tone of this colour that has the contrast `ratio` to `ground`: darker on a light ground,
    /// lighter on a dark one.
    #[must_use]
    pub fn readable_on(self, ground: Self, ratio: f64) -> Self {
        let target = ground.ink();
        (0..=100)
            .map(|percent| self.mixed(target, percent))
            .find(|tone| tone.contrast(ground) >= ratio)
            .unwrap_or(target)
    }

    /// This colour with so many percent of another.
    pub(super) fn mixed(self, other: Self, percent: u16) -> Self {
        let mix = |a: u8, b: u8| {
            let sum = u16::from(a) * (100 - percent) + u16::from(b) * percent;
            u8::try_from(sum / 100).unwrap_or(u8::MAX)
        };
        Self::new(
            mix(self.red, other.red),
            mix(self.green, other.green),
            mix(self.blue, other.blue),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contrast_is_that_of_the_guidelines() {
        assert!((Colour::BLACK.contrast(Colour::WHITE) - 21.0).abs() < 1e-9);
        // A pair that the guidelines' own tools call 4.48:1 and 4.54:1.
        let grey = |v| Colour::new(v, v, v);
        assert!((grey(0x77).contrast(Colour::WHITE) - 4.478).abs() < 0.001);
        assert!((grey(0x76).contrast(Colour::WHITE) - 4.542).abs() < 0.001);
    }

    #[test]
    fn text_reads_on_every_brand_colour() {
        for red in (0..=255).step_by(15) {
            for green in (0..=255).step_by(15) {
                for blue in (0..=255).step_by(15) {
                    let brand = Colour::new(red, green, blue);
                    assert!(brand.contrast(brand.ink()) >= 4.5, "{brand}");
                    for ground in [Colour::WHITE, Colour::new(0x17, 0x1a, 0x1f)] {
                        let tone = brand.readable_on(ground, 4.5);
                        assert!(tone.contrast(ground) >= 4.5, "{brand} on {ground}: {tone}");
                    }
                }
            }
        }
    }

    #[test]
    fn colours_are_read_and_written() {
        assert_eq!("#fa0".parse(), Ok(Colour::new(255, 170, 0)));
        assert_eq!("#0F5C56".parse::<Colour>().unwrap().to_string(), "#0f5c56");
        for bad in [
            "",
            "#",
            "fff",
            "#ff",
            "#ffff",
            "#+12",
            "#gggggg",
            "#fff;}",
            "#ffffffff",
            "#ff ff ",
        ] {
            assert_eq!(bad.parse::<Colour>(), Err(NotAColour), "{bad}");
        }
    }
}
