//! The client's redirect URL, taken apart once.

use url::Url;

use super::{AllowedOrigin, RedirectValues, is_reserved};
use crate::{FieldError, check_address, percent_encode};

/// A redirect URL with placeholders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedirectTemplate {
    scheme: &'static str,
    /// Host and port.
    authority: Vec<Piece>,
    /// The path's segments, without the slashes before them. None where the setting has no path at all.
    path: Option<Vec<Vec<Piece>>>,
    query: Option<Vec<Piece>>,
    fragment: Option<Vec<Piece>>,
    /// The origin, where the host is fixed.
    origin: Option<AllowedOrigin>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    Placeholder(String),
}

/// Why there is no redirect for these values. The person sees the confirmation screen instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RedirectRefusal {
    /// A value has a character that a host does not allow.
    #[error("a value for the host is empty or has a character that a host does not allow")]
    HostValue,
    /// What came out is not an address.
    #[error("the computed address can't be parsed")]
    NotAnAddress,
    /// The origin is not on the list.
    #[error("the computed origin is not an allowed one")]
    OriginNotAllowed,
}

impl RedirectTemplate {
    /// Takes the setting. The error says what to change; it is the field `redirectUrl`'s.
    pub fn parse(text: &str) -> Result<Self, FieldError> {
        Self::parse_inner(text).map_err(|problem| FieldError::new("redirectUrl", problem))
    }

    fn parse_inner(text: &str) -> Result<Self, &'static str> {
        check_address(text)?;
        let (scheme, rest) = match text.split_once("://") {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("https") => ("https", rest),
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => ("http", rest),
            _ => return Err("must begin with https:// or http://"),
        };
        // Taken apart before anything is put in: no value can move these borders.
        let (rest, fragment) = match rest.split_once('#') {
            Some((rest, fragment)) => (rest, Some(pieces(fragment)?)),
            None => (rest, None),
        };
        let (rest, query) = match rest.split_once('?') {
            Some((rest, query)) => (rest, Some(pieces(query)?)),
            None => (rest, None),
        };
        let (authority, path) = match rest.split_once('/') {
            Some((authority, path)) => (authority, Some(path)),
            None => (rest, None),
        };
        let path = path
            .map(|path| path.split('/').map(pieces).collect::<Result<Vec<_>, _>>())
            .transpose()?;
        if path
            .iter()
            .flatten()
            .any(|segment| is_dot_segment(&fixed_text(segment)))
        {
            return Err("must not have the path segments . or ..");
        }
        let authority = parse_authority(authority)?;
        let mut template = Self {
            scheme,
            authority,
            path,
            query,
            fragment,
            origin: None,
        };
        // With a harmless value for each placeholder it must be an address.
        let sample = template.build(|_| "a".into())?;
        let origin = AllowedOrigin::of(&sample).ok_or("must be an address with a host")?;
        if template.has_fixed_host() {
            template.origin = Some(origin);
        }
        Ok(template)
    }

    /// Whether the host holds no placeholder, so that the setting is its own allowed origin.
    pub fn has_fixed_host(&self) -> bool {
        self.authority
            .iter()
            .all(|piece| matches!(piece, Piece::Text(_)))
    }

    /// The address for these values. `allowed` is the list of allowed redirect URLs, which counts where the
    /// host holds placeholders.
    pub fn resolve(
        &self,
        values: &RedirectValues,
        allowed: &[AllowedOrigin],
    ) -> Result<Url, RedirectRefusal> {
        for piece in &self.authority {
            if let Piece::Placeholder(name) = piece
                && !fits_a_host(&values.get(name))
            {
                return Err(RedirectRefusal::HostValue);
            }
        }
        let url = self
            .build(|name| values.get(name).into_owned())
            .map_err(|_| RedirectRefusal::NotAnAddress)?;
        let origin = AllowedOrigin::of(&url).ok_or(RedirectRefusal::NotAnAddress)?;
        let permitted = match &self.origin {
            Some(fixed) => *fixed == origin,
            None => allowed.contains(&origin),
        };
        if permitted {
            Ok(url)
        } else {
            Err(RedirectRefusal::OriginNotAllowed)
        }
    }

    fn build(&self, value: impl Fn(&str) -> String) -> Result<Url, &'static str> {
        let mut text = format!("{}://", self.scheme);
        for piece in &self.authority {
            match piece {
                Piece::Text(fixed) => text.push_str(fixed),
                // Checked by `fits_a_host`: it needs no encoding.
                Piece::Placeholder(name) => text.push_str(&value(name)),
            }
        }
        for segment in self.path.iter().flatten() {
            text.push('/');
            let filled = fill(segment, &value);
            if is_dot_segment(&filled) {
                // Browsers collapse it, percent-encoded or not.
                text.push_str(&fixed_text(segment));
            } else {
                text.push_str(&filled);
            }
        }
        if let Some(query) = &self.query {
            text.push('?');
            text.push_str(&fill(query, &value));
        }
        // Without a fragment of its own the address ends in an empty one, so that none of the third party's travels along.
        text.push('#');
        text.push_str(&fill(self.fragment.as_deref().unwrap_or_default(), &value));
        Url::parse(&text).map_err(|_| "must be an address that a browser understands")
    }
}

fn parse_authority(text: &str) -> Result<Vec<Piece>, &'static str> {
    if text.contains('@') {
        return Err("must not have credentials before the host");
    }
    if text.contains('%') {
        return Err("must not have an encoded host");
    }
    let pieces = pieces(text)?;
    if pieces.is_empty() {
        return Err("must have a host");
    }
    // A port, or the brackets of an IPv6 address, may only be fixed text with no placeholder after it.
    let mut host_is_over = false;
    for piece in &pieces {
        match piece {
            Piece::Text(fixed) => host_is_over |= fixed.contains([':', '[', ']']),
            Piece::Placeholder(_) if host_is_over => {
                return Err("must not have a placeholder in the port");
            }
            Piece::Placeholder(name) if is_reserved(name) => {
                return Err("must not have a reserved placeholder in the host");
            }
            Piece::Placeholder(_) => {}
        }
    }
    Ok(pieces)
}

fn pieces(text: &str) -> Result<Vec<Piece>, &'static str> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        if !before.is_empty() {
            pieces.push(Piece::Text(before.to_owned()));
        }
        let (name, after) = after
            .split_once('}')
            .ok_or("has a { without the } that ends the placeholder")?;
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
        if name.is_empty() || !name.chars().all(plain) {
            return Err("placeholder names have letters, digits, dots, hyphens and underscores");
        }
        if name == "signature" {
            return Err("{signature} is not available in this version");
        }
        pieces.push(Piece::Placeholder(name.to_owned()));
        rest = after;
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest.to_owned()));
    }
    if pieces
        .iter()
        .any(|piece| matches!(piece, Piece::Text(text) if text.contains('}')))
    {
        return Err("has a } without the { that begins the placeholder");
    }
    Ok(pieces)
}

fn fill(pieces: &[Piece], value: &impl Fn(&str) -> String) -> String {
    let mut text = String::new();
    for piece in pieces {
        match piece {
            Piece::Text(fixed) => text.push_str(fixed),
            Piece::Placeholder(name) => percent_encode(&value(name), &mut text),
        }
    }
    text
}

fn fixed_text(pieces: &[Piece]) -> String {
    fill(pieces, &|_| String::new())
}

/// Whether WHATWG parsing would take a segment for "here" or "up", in any spelling.
fn is_dot_segment(segment: &str) -> bool {
    matches!(
        segment.to_ascii_lowercase().replace("%2e", ".").as_str(),
        "." | ".."
    )
}

fn fits_a_host(value: &str) -> bool {
    !value.is_empty()
        && !value.starts_with('.')
        && !value.ends_with('.')
        && !value.contains("..")
        && value
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.'))
}
