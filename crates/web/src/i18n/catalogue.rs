//! The catalogues and how a text is drawn from them.

use std::fmt;
use std::sync::LazyLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use unic_langid::LanguageIdentifier;

use super::negotiate;

/// What the build lists: every language with its files.
pub(super) static SOURCES: &[(&str, &[(&str, &str)])] =
    include!(concat!(env!("OUT_DIR"), "/catalogues.rs"));

/// Scripts that run from right to left, by the languages that we may come to speak.
const RIGHT_TO_LEFT: [&str; 4] = ["ar", "fa", "he", "ur"];

/// The language that every text exists in.
pub(super) const ENGLISH: &str = "en";

/// One language's texts.
pub(super) struct Catalogue {
    pub(super) tag: &'static str,
    pub(super) bundle: FluentBundle<FluentResource>,
    /// Faults of the sources, found while loading; a test wants none.
    pub(super) faults: Vec<String>,
}

impl Catalogue {
    fn load(tag: &'static str, files: &[(&'static str, &'static str)]) -> Self {
        let mut faults = Vec::new();
        let language = tag.parse::<LanguageIdentifier>().unwrap_or_else(|e| {
            faults.push(format!("{tag}: {e}"));
            LanguageIdentifier::default()
        });
        let mut bundle = FluentBundle::new_concurrent(vec![language]);
        // Isolation marks keep a Latin name whole inside Arabic. Elsewhere they would only be invisible
        // characters in titles and in what people copy.
        bundle.set_use_isolating(RIGHT_TO_LEFT.contains(&tag));
        for (file, source) in files {
            let resource = match FluentResource::try_new((*source).to_owned()) {
                Ok(resource) => resource,
                Err((resource, errors)) => {
                    faults.extend(errors.iter().map(|e| format!("{tag}/{file}: {e}")));
                    resource
                }
            };
            if let Err(errors) = bundle.add_resource(resource) {
                faults.extend(errors.iter().map(|e| format!("{tag}/{file}: {e}")));
            }
        }
        Self {
            tag,
            bundle,
            faults,
        }
    }

    fn format(&self, key: &str, args: Option<&FluentArgs<'_>>) -> Option<String> {
        let pattern = self.bundle.get_message(key)?.value()?;
        let mut errors = Vec::new();
        let text = self.bundle.format_pattern(pattern, args, &mut errors);
        if !errors.is_empty() {
            // Keys and variables are ours, so the errors hold nothing of a person's.
            tracing::error!(key, language = self.tag, ?errors, "a text lacks something");
        }
        Some(text.into_owned())
    }
}

/// All languages that the program speaks.
pub struct Languages {
    pub(super) all: Vec<Catalogue>,
}

impl Languages {
    /// The embedded catalogues, loaded on first use.
    pub fn embedded() -> &'static Self {
        static EMBEDDED: LazyLock<Languages> = LazyLock::new(|| {
            let all: Vec<_> = SOURCES
                .iter()
                .map(|(tag, files)| Catalogue::load(tag, files))
                .collect();
            for fault in all.iter().flat_map(|c| &c.faults) {
                tracing::error!(fault, "a catalogue has a fault");
            }
            Languages { all }
        });
        &EMBEDDED
    }

    /// The tags of all languages, in alphabetical order: `de`, `en`.
    pub fn tags(&self) -> impl Iterator<Item = &'static str> + Clone {
        self.all.iter().map(|c| c.tag)
    }

    /// The language that `wanted` names: the exact tag, or the language without its region. None where we do
    /// not speak it.
    pub fn exactly(&'static self, wanted: &str) -> Option<Localizer> {
        let tag = negotiate::best(&[wanted.to_owned()], &self.tags())?;
        self.all.iter().find(|c| c.tag == tag).map(Localizer::new)
    }

    /// The best language for an `Accept-Language` header (RFC 9110, 12.5.4); English where none fits.
    pub fn accepting(&'static self, header: Option<&str>) -> Localizer {
        header
            .map(negotiate::accepted)
            .and_then(|wanted| negotiate::best(&wanted, &self.tags()))
            .and_then(|tag| self.all.iter().find(|c| c.tag == tag))
            .map_or_else(|| self.english(), Localizer::new)
    }

    /// The language that was asked for outright (`locale=`, a client's default), else the browser's.
    pub fn choose(
        &'static self,
        explicit: Option<&str>,
        accept_language: Option<&str>,
    ) -> Localizer {
        explicit
            .and_then(|tag| self.exactly(tag))
            .unwrap_or_else(|| self.accepting(accept_language))
    }

    /// English.
    pub fn english(&'static self) -> Localizer {
        static NOTHING: LazyLock<Catalogue> = LazyLock::new(|| Catalogue::load(ENGLISH, &[]));
        Localizer::new(
            self.all
                .iter()
                .find(|c| c.tag == ENGLISH)
                .unwrap_or(&NOTHING),
        )
    }
}

/// Draws texts in one language. Small and copied freely.
#[derive(Clone, Copy)]
pub struct Localizer {
    catalogue: &'static Catalogue,
}

impl fmt::Debug for Localizer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Localizer({})", self.catalogue.tag)
    }
}

impl Localizer {
    fn new(catalogue: &'static Catalogue) -> Self {
        Self { catalogue }
    }

    /// The language's tag, for the `lang` attribute: `en`.
    pub fn lang(&self) -> &'static str {
        self.catalogue.tag
    }

    /// `ltr` or `rtl`, for the `dir` attribute.
    pub fn dir(&self) -> &'static str {
        if RIGHT_TO_LEFT.contains(&self.catalogue.tag) {
            "rtl"
        } else {
            "ltr"
        }
    }

    /// Whether this language or English has the text.
    pub fn has(&self, key: &str) -> bool {
        let has = |c: &Catalogue| {
            c.bundle
                .get_message(key)
                .is_some_and(|m| m.value().is_some())
        };
        has(self.catalogue) || has(Languages::embedded().english().catalogue)
    }

    /// The text `key`. A key that no catalogue has shows as itself and is logged: see [`super::check`] for the
    /// test that lets none get so far.
    pub fn text(&self, key: &str) -> String {
        self.draw(key, None)
    }

    /// The text `key` with its variables filled in.
    pub fn text_with<'a>(
        &self,
        key: &str,
        args: impl IntoIterator<Item = (&'a str, FluentValue<'a>)>,
    ) -> String {
        self.draw(key, Some(&args.into_iter().collect()))
    }

    /// The text `key`, to be given its variables: `t.say("link-title").with("client", name)`.
    pub fn say<'a>(&self, key: &'a str) -> Message<'a> {
        Message {
            localizer: *self,
            key,
            args: FluentArgs::new(),
        }
    }

    fn draw(&self, key: &str, args: Option<&FluentArgs<'_>>) -> String {
        self.catalogue
            .format(key, args)
            .or_else(|| Languages::embedded().english().catalogue.format(key, args))
            .unwrap_or_else(|| {
                tracing::error!(key, "no catalogue has this text");
                key.to_owned()
            })
    }
}

/// A text on its way, see [`Localizer::say`]. Shows as the text.
pub struct Message<'a> {
    localizer: Localizer,
    key: &'a str,
    args: FluentArgs<'a>,
}

impl Message<'_> {
    /// Fills in a variable: a text or a number (numbers choose plural forms).
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl IntoArg) -> Self {
        self.args.set(name, value.into_arg());
        self
    }
}

impl fmt::Display for Message<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.localizer.draw(self.key, Some(&self.args)))
    }
}

/// What can stand for a variable of a text. Templates hand over references to whatever depth, so these count
/// too.
pub trait IntoArg {
    /// The value as Fluent knows it.
    fn into_arg(self) -> FluentValue<'static>;
}

impl IntoArg for &str {
    fn into_arg(self) -> FluentValue<'static> {
        FluentValue::from(self.to_owned())
    }
}

impl IntoArg for String {
    fn into_arg(self) -> FluentValue<'static> {
        FluentValue::from(self)
    }
}

impl IntoArg for &String {
    fn into_arg(self) -> FluentValue<'static> {
        FluentValue::from(self.clone())
    }
}

macro_rules! numbers {
    ($($number:ty),*) => {$(
        impl IntoArg for $number {
            fn into_arg(self) -> FluentValue<'static> { FluentValue::from(self) }
        }
        impl IntoArg for &$number {
            fn into_arg(self) -> FluentValue<'static> { FluentValue::from(*self) }
        }
    )*};
}
numbers!(u8, u16, u32, u64, usize, i32, i64);

#[cfg(test)]
mod tests {
    use super::*;

    fn speaking(tag: &'static str, source: &'static str) -> Localizer {
        Localizer::new(Box::leak(Box::new(Catalogue::load(
            tag,
            &[("x.ftl", source)],
        ))))
    }

    #[test]
    fn variables_and_plurals_are_filled_in() {
        let t = speaking(
            "en",
            "a = { $name } has { $count ->\n [one] one company\n *[other] { $count } companies\n }.\n",
        );
        let say = |n: usize| {
            t.say("a")
                .with("name", "Acme <b>")
                .with("count", n)
                .to_string()
        };
        assert_eq!(say(1), "Acme <b> has one company.");
        assert_eq!(say(3), "Acme <b> has 3 companies.");
        let args = [("name", "A".into()), ("count", 1.into())];
        assert_eq!(t.text_with("a", args), "A has one company.");
    }

    #[test]
    fn what_a_language_lacks_is_english_and_what_none_has_is_its_key() {
        let t = speaking("fr", "web-back = Retour");
        assert_eq!(t.text("web-back"), "Retour");
        assert_eq!(t.text("web-continue"), "Continue");
        assert!(t.has("web-continue") && !t.has("web-nowhere"));
        assert_eq!(t.text("web-nowhere"), "web-nowhere");
    }

    #[test]
    fn names_are_kept_apart_from_right_to_left_text_and_nowhere_else() {
        let source = "a = x { $name }";
        let arabic = speaking("ar", source);
        assert_eq!(arabic.dir(), "rtl");
        assert_eq!(
            arabic.say("a").with("name", "Xero").to_string(),
            "x \u{2068}Xero\u{2069}"
        );
        let english = speaking("en", source);
        assert_eq!((english.dir(), english.lang()), ("ltr", "en"));
        assert_eq!(english.say("a").with("name", "Xero").to_string(), "x Xero");
    }

    #[test]
    fn the_language_asked_for_outright_comes_first() {
        let all = Languages::embedded();
        assert!(all.tags().any(|t| t == "en"));
        assert_eq!(all.choose(Some("de-CH"), Some("en")).lang(), "de");
        assert_eq!(all.choose(Some("xx"), Some("de;q=0.5")).lang(), "de");
        assert_eq!(all.choose(None, Some("xx, yy")).lang(), "en");
        assert_eq!(all.choose(None, None).lang(), "en");
    }
}
