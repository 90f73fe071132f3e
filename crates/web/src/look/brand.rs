//! In whose name a page is.

use std::borrow::Cow;
use std::sync::LazyLock;

use super::colour::Colour;

/// Our own colour, where a client has none.
const OWN: Colour = Colour::new(0x0e, 0x5f, 0x59);
/// The grounds that text in the brand's colour stands on: `--ground` of the stylesheet in light and dark. Its
/// darkest light and its lightest dark tone, so that the contrast holds on every surface.
pub(super) const LIGHT: Colour = Colour::new(0xee, 0xf0, 0xf2);
pub(super) const DARK: Colour = Colour::new(0x26, 0x29, 0x2e);

/// The client's name and colours on a page: the person came from the client's app and should feel that they
/// never left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Brand {
    /// The client's name; empty on pages that belong to no client.
    pub client_name: String,
    /// The client's logo, an address of ours.
    pub logo_url: Option<String>,
    /// The client's colour, for action and focus.
    pub primary: Option<Colour>,
    /// Whether our small mark stands at the foot.
    pub mark: bool,
}

impl Brand {
    /// A client's.
    pub fn of(client_name: impl Into<String>) -> Self {
        Self {
            client_name: client_name.into(),
            logo_url: None,
            primary: None,
            mark: true,
        }
    }

    /// Nobody's: for errors before it is known whose page it would be.
    pub fn neutral() -> Self {
        Self::of("")
    }

    /// The tokens of the page's one `<style>`: the accent, what reads on it, and its tone as text in light and
    /// dark.
    pub fn tokens(&self) -> Cow<'static, str> {
        /// Finding a readable tone takes as long as the rest of a page.
        static OF_OWN: LazyLock<String> = LazyLock::new(|| tokens(OWN));
        match self.primary {
            None => Cow::Borrowed(OF_OWN.as_str()),
            Some(accent) => Cow::Owned(tokens(accent)),
        }
    }
}

fn tokens(accent: Colour) -> String {
    let on = accent.ink();
    // As a fill it has to stand out from the page, or a pale brand's button would be no button.
    let edge = accent.readable_on(LIGHT, 3.0);
    let edge_dark = accent.readable_on(DARK, 3.0);
    let ink = accent.readable_on(LIGHT, 4.5);
    let ink_dark = accent.readable_on(DARK, 4.5);
    // Away from the text on it, so that pressing never makes it harder to read.
    let hover = accent.mixed(on.ink(), 12);
    format!(
        ":root{{--accent:{accent};--accent-hover:{hover};--on-accent:{on};--accent-edge:{edge};--accent-ink:{ink}}}\
         @media(prefers-color-scheme:dark){{:root{{--accent-edge:{edge_dark};--accent-ink:{ink_dark}}}}}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_light_brand_keeps_its_page_readable() {
        let brand = Brand {
            primary: Some("#ffe600".parse().unwrap()),
            ..Brand::of("Sunny")
        };
        let tokens = brand.tokens();
        assert!(
            tokens
                .starts_with(":root{--accent:#ffe600;--accent-hover:#ffe91e;--on-accent:#000000;"),
            "{tokens}"
        );
        assert!(!tokens.contains("--accent-ink:#ffe600}@media"), "{tokens}");
    }
}
