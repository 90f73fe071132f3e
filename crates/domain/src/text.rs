//! What text that somebody sends in must keep to.

use crate::FieldError;

/// Whether a character has no place in a single line: the control characters, and the two separators that end a line without being one
/// of them.
pub fn is_control(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')
}

/// Whether a text is a single line, which logs, headers and pages can show as it is.
pub fn is_one_line(text: &str) -> bool {
    !text.chars().any(is_control)
}

/// Takes a company's or a client's name, trimming it: 1 to 255 characters in any script, without control characters.
pub fn parse_name(text: &str) -> Result<String, FieldError> {
    let trimmed = text.trim();
    if !(1..=255).contains(&trimmed.chars().count()) {
        return Err(FieldError::new("name", "must have 1 to 255 characters"));
    }
    if !is_one_line(trimmed) {
        return Err(FieldError::new("name", "must not have control characters"));
    }
    Ok(trimmed.to_owned())
}

/// The longest address that is taken, in bytes.
const ADDRESS_MAX: usize = 2_048;

/// Checks an address before it is parsed. Parsers of URLs repair what is refused here, and then not everybody means the same address.
pub fn check_address(text: &str) -> Result<(), &'static str> {
    if text.len() > ADDRESS_MAX {
        return Err("must have at most 2048 characters");
    }
    if text.contains('\\') {
        return Err("must not have a backslash");
    }
    if text.chars().any(|c| is_control(c) || c.is_whitespace()) {
        return Err("must not have spaces, tabs or line breaks");
    }
    Ok(())
}

/// Percent-encodes everything but the unreserved characters (RFC 3986, 2.3): good for a path segment, a query and a fragment
/// alike.
pub fn percent_encode(value: &str, into: &mut String) {
    const HEX: [char; 16] = [
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F',
    ];
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            into.push(char::from(byte));
        } else {
            into.push('%');
            into.push(HEX[usize::from(byte >> 4)]);
            into.push(HEX[usize::from(byte & 15)]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_may_be_in_any_script() {
        for good in ["Müller & Söhne GmbH", "شركة النور", "株式会社", "id-42"] {
            assert_eq!(parse_name(good).unwrap(), good);
        }
        assert_eq!(parse_name("  a ").unwrap(), "a");
        assert!(parse_name(&"é".repeat(255)).is_ok());
        for bad in [
            "",
            "   ",
            "a\nb",
            "a\u{0}",
            "a\u{85}b",
            "a\u{2028}b",
            &"é".repeat(256),
        ] {
            assert_eq!(parse_name(bad).unwrap_err().field, "name");
        }
    }
}
