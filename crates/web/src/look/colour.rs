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

    fn linear(self) -> [f64; 3] {
        [self.red, self.green, self.blue].map(|part| {
            let part = f64::from(part) / 255.0;
            if part <= 0.040_45 {
                part / 12.92
            } else {
                ((part + 0.055) / 1.055).powf(2.4)
            }
        })
    }

    /// Lightness and the two axes of the Oklab space (Björn Ottosson, 2020), which CSS knows as `oklab()`.
    fn oklab(self) -> (f64, f64, f64) {
        let [r, g, b] = self.linear();
        let l = (0.412_221_470_8 * r + 0.536_332_536_3 * g + 0.051_445_992_9 * b).cbrt();
        let m = (0.211_903_498_2 * r + 0.680_699_545_1 * g + 0.107_396_956_6 * b).cbrt();
        let s = (0.088_302_461_9 * r + 0.281_718_837_6 * g + 0.629_978_700_5 * b).cbrt();
        (
            0.210_454_255_3 * l + 0.793_617_785_0 * m - 0.004_072_046_8 * s,
            1.977_998_495_1 * l - 2.428_592_205_0 * m + 0.450_593_709_9 * s,
            0.025_904_037_1 * l + 0.782_771_766_2 * m - 0.808_675_766_0 * s,
        )
    }

    /// The colour of this lightness and hue with the most of the given colourfulness that a screen can show.
    fn nearest(lightness: f64, a: f64, b: f64) -> Self {
        let mut part = 1.0;
        loop {
            match Self::from_oklab(lightness, a * part, b * part) {
                Some(colour) => return colour,
                None if part < 0.02 => {
                    return if lightness < 0.5 {
                        Self::BLACK
                    } else {
                        Self::WHITE
                    };
                }
                None => part *= 0.95,
            }
        }
    }

    fn from_oklab(lightness: f64, a: f64, b: f64) -> Option<Self> {
        let l = (lightness + 0.396_337_777_4 * a + 0.215_803_757_3 * b).powi(3);
        let m = (lightness - 0.105_561_345_8 * a - 0.063_854_172_8 * b).powi(3);
        let s = (lightness - 0.089_484_177_5 * a - 1.291_485_548_0 * b).powi(3);
        let part = |linear: f64| {
            let part = if linear <= 0.003_130_8 {
                linear * 12.92
            } else {
                1.055 * linear.powf(1.0 / 2.4) - 0.055
            };
            let value = (part * 255.0).round();
            // Within the screen's gamut, but for rounding.
            (-0.5..=255.5).contains(&value).then_some(value as u8)
        };
        Some(Self::new(
            part(4.076_741_662_1 * l - 3.307_711_591_3 * m + 0.230_969_929_2 * s)?,
            part(-1.268_438_004_6 * l + 2.609_757_401_1 * m - 0.341_319_396_5 * s)?,
            part(-0.004_196_086_3 * l - 0.703_418_614_7 * m + 1.707_614_701_0 * s)?,
        ))
    }

    /// Relative luminance, 0 (black) to 1 (white).
    pub fn luminance(self) -> f64 {
        let [red, green, blue] = self.linear();
        0.2126 * red + 0.7152 * green + 0.0722 * blue
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
    /// lighter on a dark one. Hue and, as far as the screen can, colourfulness stay.
    #[must_use]
    pub fn readable_on(self, ground: Self, ratio: f64) -> Self {
        if self.contrast(ground) >= ratio {
            return self;
        }
        let target = ground.ink();
        let (from, a, b) = self.oklab();
        let (to, _, _) = target.oklab();
        (1..=100)
            .map(|step| from + (to - from) * f64::from(step) / 100.0)
            .map(|lightness| Self::nearest(lightness, a, b))
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
    use std::collections::BTreeMap;

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
    fn a_tone_keeps_its_hue() {
        let teal = Colour::new(0x0e, 0x5f, 0x59);
        let (l, a, b) = teal.oklab();
        assert_eq!(Colour::from_oklab(l, a, b), Some(teal));
        let (_, a2, b2) = teal.readable_on(Colour::new(0x17, 0x1a, 0x1f), 4.5).oklab();
        assert!((a2.atan2(b2) - a.atan2(b)).abs() < 0.05);
        assert!(a2.hypot(b2) > 0.9 * a.hypot(b), "it stays colourful");
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

    /// The tokens of the stylesheet in light and in dark.
    fn tokens() -> [BTreeMap<String, Colour>; 2] {
        let css = include_str!("../../assets/handclasp.css");
        let (light, rest) = css
            .split_once("@media (prefers-color-scheme: dark)")
            .unwrap();
        let dark = rest.split_once("@media").unwrap().0;
        [light, dark].map(|block| {
            let mut found = BTreeMap::new();
            for part in block.split(&[';', '{']) {
                let Some((name, value)) = part.trim().split_once(": oklch(") else {
                    continue;
                };
                let numbers: Vec<f64> = value
                    .trim_end_matches(')')
                    .split(' ')
                    .filter_map(|n| n.trim_end_matches('%').parse().ok())
                    .collect();
                let [lightness, chroma, hue] = numbers[..] else {
                    continue;
                };
                let (sin, cos) = hue.to_radians().sin_cos();
                let colour = Colour::nearest(lightness / 100.0, chroma * cos, chroma * sin);
                found.insert(name.trim().trim_start_matches("--").to_owned(), colour);
            }
            found
        })
    }

    #[test]
    fn the_stylesheet_is_readable_in_light_and_dark() {
        for tokens in tokens() {
            let contrast = |a: &str, b: &str| tokens[a].contrast(tokens[b]);
            for ground in ["ground", "surface", "sunken"] {
                for text in ["text", "muted"] {
                    assert!(contrast(text, ground) >= 4.5, "{text} on {ground}");
                }
                assert!(
                    contrast("edge", ground) >= 3.0,
                    "edge on {ground}: {}",
                    contrast("edge", ground)
                );
            }
            for tone in ["info", "success", "warning", "error"] {
                let own = format!("{tone}-ground");
                assert!(contrast(tone, &own) >= 4.5, "{tone}");
                assert!(contrast("text", &own) >= 4.5, "text on {own}");
                assert!(contrast(tone, "surface") >= 4.5, "{tone} on surface");
            }
        }
    }

    #[test]
    fn the_brand_reckons_with_the_worst_grounds() {
        let [light, dark] = tokens();
        for ground in ["ground", "surface", "sunken"] {
            assert!(light[ground].luminance() >= super::super::brand::LIGHT.luminance());
            assert!(dark[ground].luminance() <= super::super::brand::DARK.luminance());
        }
    }

    #[test]
    fn the_stylesheet_stays_small() {
        let css = include_str!(concat!(env!("OUT_DIR"), "/handclasp.css"));
        assert!(css.len() < 15_000, "{}", css.len());
        assert!(!css.contains("/*") && !css.contains("url("));
        assert_eq!(css.matches('{').count(), css.matches('}').count());
    }
}
