//! Which language to speak.

/// More than this many entries of a header are not read.
const MOST: usize = 20;

/// The tags of an `Accept-Language` header (RFC 9110, 12.5.4), the most wanted first. What is not well-formed
/// is left out, and so is what is refused by `q=0`.
pub fn accepted(header: &str) -> Vec<String> {
    let mut wanted: Vec<(u16, String)> = header
        .split(',')
        .take(MOST)
        .filter_map(|entry| {
            let mut parts = entry.split(';');
            let tag = parts.next()?.trim();
            let tidy = !tag.is_empty()
                && tag.len() <= 35
                && tag.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
            let quality = parts
                .find_map(|p| p.trim().strip_prefix("q=").map(quality))
                .unwrap_or(Some(1_000))?;
            (tidy && quality > 0).then(|| (quality, tag.to_owned()))
        })
        .collect();
    // Stable: of equals the first stays first.
    wanted.sort_by_key(|(quality, _)| std::cmp::Reverse(*quality));
    wanted.into_iter().map(|(_, tag)| tag).collect()
}

/// `0.8` as thousandths.
fn quality(text: &str) -> Option<u16> {
    let (whole, rest) = text.split_once('.').unwrap_or((text, ""));
    if rest.len() > 3 || !rest.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let thousandths = format!("{rest:0<3}").parse::<u16>().ok()?;
    match whole {
        "0" => Some(thousandths),
        "1" if thousandths == 0 => Some(1_000),
        _ => None,
    }
}

/// The first of `spoken` that meets a wish, wishes in their order: the exact tag, then the same language with
/// fewer subtags (`pt-BR`, then `pt`).
pub(super) fn best<'a>(
    wanted: &[String],
    spoken: &(impl Iterator<Item = &'a str> + Clone),
) -> Option<&'a str> {
    wanted.iter().find_map(|tag| {
        let mut tag = tag.as_str();
        loop {
            if let Some(hit) = spoken.clone().find(|s| s.eq_ignore_ascii_case(tag)) {
                return Some(hit);
            }
            tag = tag.rsplit_once('-')?.0;
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wishes_are_ordered_by_quality() {
        assert_eq!(accepted("fr;q=0.5, de-AT, en;q=0.8"), ["de-AT", "en", "fr"]);
        assert_eq!(accepted("de;q=0, en"), ["en"]);
        assert_eq!(accepted("de;q=2, en;q=0.12345, <b>, ,fr ; q=1.0"), ["fr"]);
        assert!(accepted("").is_empty());
        assert_eq!(accepted(&"en,".repeat(1_000)).len(), MOST);
    }

    #[test]
    fn the_nearest_language_is_spoken() {
        let spoken = ["de", "en", "pt"];
        let best = |header: &str| best(&accepted(header), &spoken.into_iter());
        assert_eq!(best("de-AT"), Some("de"));
        assert_eq!(best("PT-br"), Some("pt"));
        assert_eq!(best("fr, ja;q=0.9, de;q=0.1"), Some("de"));
        assert_eq!(best("fr"), None);
        assert_eq!(best("*"), None);
        assert_eq!(best("den"), None);
    }
}
