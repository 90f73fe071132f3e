//! What is wrong with what was sent, told without repeating any of it.

use handclasp_domain::is_control;
use serde_path_to_error::Path;

use super::{ApiError, FieldError};

/// How much of a field's path is told, in characters. Its parts are keys that somebody sent, of any length.
const PATH_MAX: usize = 100;

/// The refusal of JSON that has no place in the type it is for.
pub(super) fn wrong_json(path: &Path, error: &serde_json::Error) -> ApiError {
    let text = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    wrong_field(path, text.strip_suffix(&place).unwrap_or(&text))
}

/// The refusal of a field that does not hold what it must, where `text` is what serde says of it.
pub(super) fn wrong_field(path: &Path, text: &str) -> ApiError {
    let (name, problem) = problem(text);
    let mut field = path.to_string();
    match name {
        Some(name) if is_whole(&field) => name.clone_into(&mut field),
        Some(name) => field = format!("{field}.{name}"),
        None => {}
    }
    let field = shown(&field);
    if is_whole(&field) {
        let message = format!("The request's body {problem}.");
        return ApiError::bad_request(message.clone()).with_validation([FieldError {
            item_id: None,
            message,
            validator_name: Some("Type".to_owned()),
        }]);
    }
    let message = format!("{field}: {problem}.");
    ApiError::bad_field(field, message, "Type")
}

/// Whether a path names no field: all that was sent is wrong.
fn is_whole(path: &str) -> bool {
    matches!(path, "." | "")
}

/// The kind of a mistake, with the field that it names, if any. Serde's text says what it met, which somebody sent and which has any
/// length, and what it expected, which stands in our own types: only the second is told.
fn problem(text: &str) -> (Option<&str>, String) {
    let named = |kind: &str| text.strip_prefix(kind)?.strip_suffix('`');
    if let Some(name) = named("duplicate field `") {
        return (Some(name), "is given twice".to_owned());
    }
    if let Some(name) = named("missing field `") {
        return (Some(name), "is required".to_owned());
    }
    // What was met may hold these words too, but it stands before them.
    let expected = text
        .strip_prefix("invalid ")
        .and_then(|rest| rest.rsplit_once(", expected "));
    let problem = match expected {
        Some((_, "a map")) => "must be an object".to_owned(),
        Some((_, expected)) if expected.starts_with("struct ") => "must be an object".to_owned(),
        Some((_, "a sequence")) => "must be an array".to_owned(),
        Some((_, expected)) => format!("must be {expected}"),
        None => "is not as expected".to_owned(),
    };
    (None, problem)
}

/// A field's path as an error shows it: short, and in one line.
fn shown(path: &str) -> String {
    let mut rest = path.chars();
    let mut shown: String = rest
        .by_ref()
        .take(PATH_MAX)
        .map(|c| if is_control(c) { '\u{fffd}' } else { c })
        .collect();
    if rest.next().is_some() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kind_of_a_mistake_is_told_and_nothing_of_what_was_sent() {
        for (text, name, said) in [
            (
                "invalid type: string \"x, expected y\", expected a map",
                None,
                "must be an object",
            ),
            (
                "invalid type: null, expected struct Create",
                None,
                "must be an object",
            ),
            (
                "invalid type: map, expected a sequence",
                None,
                "must be an array",
            ),
            (
                "invalid type: integer `3`, expected a string",
                None,
                "must be a string",
            ),
            (
                "invalid length 3, expected an array of length 2",
                None,
                "must be an array of length 2",
            ),
            ("duplicate field `name`", Some("name"), "is given twice"),
            ("missing field `name`", Some("name"), "is required"),
            ("whatever a type says by itself", None, "is not as expected"),
        ] {
            assert_eq!(problem(text), (name, said.to_owned()));
        }
    }

    #[test]
    fn a_path_is_short_and_in_one_line() {
        assert_eq!(shown("tags.region"), "tags.region");
        assert_eq!(shown("a\n\u{0}\u{2028}b"), "a\u{fffd}\u{fffd}\u{fffd}b");
        assert_eq!(shown(&"é".repeat(100)), "é".repeat(100));
        assert_eq!(shown(&"é".repeat(101)), format!("{}…", "é".repeat(100)));
    }
}
