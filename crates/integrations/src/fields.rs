//! What an operator and a person are asked for.

use std::collections::BTreeMap;

use serde::Deserialize;
use url::{Host, Url};

use crate::pattern::Pattern;
use crate::values::Values;

/// Something that a client's staff enter once for an integration, as its client id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperatorField {
    /// Its name: `operator.<name>` in templates.
    pub name: String,
    /// What the third party calls it, as in `Subscription key`. Shown as it is in every language.
    pub label: String,
    /// Whether it is a secret: then it is never told again.
    pub secret: bool,
    /// Whether it may be left out.
    pub optional: bool,
    /// What it has to look like.
    pub pattern: Option<Pattern>,
    /// What it may be, where it is a choice.
    pub options: Vec<Choice>,
}

/// The name of the field with the client id of a registration.
pub const CLIENT_ID: &str = "client_id";

/// The name of the field with the client secret of a registration.
pub const CLIENT_SECRET: &str = "client_secret";

impl OperatorField {
    /// Reads what was entered. Spaces around it, which come from copying, are taken off; nothing may be left, which is to take away
    /// what was there.
    ///
    /// # Errors
    /// What is wrong, as a clause. It repeats nothing of what was entered.
    pub fn read<'a>(&self, entered: &'a str) -> Result<&'a str, &'static str> {
        let value = entered.trim();
        if value.is_empty() {
            return Ok(value);
        }
        // A private key has lines; everything else goes into a header or a form as it is.
        let is_key = value.starts_with("-----BEGIN ");
        let is_visible = |byte: u8| byte == b' ' || byte.is_ascii_graphic();
        if value.len() > 10_000 || !(is_key || value.bytes().all(is_visible)) {
            return Err("must have visible ASCII characters, at most 10,000");
        }
        if !self.options.is_empty() && self.options.iter().all(|one| one.value != value) {
            return Err("is none of the options");
        }
        if self
            .pattern
            .as_ref()
            .is_some_and(|pattern| !pattern.fits(value))
        {
            return Err("does not look like what it is to be");
        }
        Ok(value)
    }
}

/// Something that the person who connects is asked for, before the third party's pages or instead of these.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonField {
    /// Its name: `person.<name>` in templates.
    pub name: String,
    /// What it is: says how it is labelled in each language, and typed.
    pub kind: FieldKind,
    /// What the third party itself calls it, as in `Webservice key`: shown as a hint where it is another word than ours.
    pub called: Option<String>,
    /// How one looks, as in `acme.myshopify.com`.
    pub example: Option<String>,
    /// What it has to look like, once it is read.
    pub pattern: Option<Pattern>,
    /// What stands after it in the address that people copy, as in `.myshopify.com`: taken off.
    pub suffix: Option<String>,
    /// Whether it may be left out.
    pub optional: bool,
    /// What it may be, where it is a choice.
    pub options: Vec<Choice>,
}

/// One of what a field may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// What is stored.
    pub value: String,
    /// What is shown, in the third party's own words: a region, a country, an edition.
    pub label: String,
    /// What follows from it: `person.<name>.<key>` in templates. Addresses among these are origins.
    pub data: BTreeMap<String, String>,
}

/// What a person is asked for. Each has a label, a hint and a way of typing of its own, in every language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldKind {
    /// The name of a shop, which is a part of its address.
    Shop,
    /// The name of a site or an account that is a part of its address.
    Site,
    /// The address of a server of the person's own.
    Address,
    /// The number or name of an account.
    Account,
    /// The number or name of a company.
    Company,
    /// A region or data centre.
    Region,
    /// A country.
    Country,
    /// A bank.
    Bank,
    /// The name of a database.
    Database,
    /// The code of a store.
    Store,
    /// An environment or an edition.
    Edition,
    /// A user's name.
    User,
    /// A password.
    Password,
    /// An API key.
    Key,
    /// An access token.
    Token,
    /// The id of an application of the person's own.
    ClientId,
    /// The secret of an application of the person's own.
    ClientSecret,
}

impl FieldKind {
    /// All of them.
    pub const ALL: [Self; 17] = [
        Self::Shop,
        Self::Site,
        Self::Address,
        Self::Account,
        Self::Company,
        Self::Region,
        Self::Country,
        Self::Bank,
        Self::Database,
        Self::Store,
        Self::Edition,
        Self::User,
        Self::Password,
        Self::Key,
        Self::Token,
        Self::ClientId,
        Self::ClientSecret,
    ];

    /// Its word, as in declarations and as a part of the names of its texts.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Shop => "shop",
            Self::Site => "site",
            Self::Address => "address",
            Self::Account => "account",
            Self::Company => "company",
            Self::Region => "region",
            Self::Country => "country",
            Self::Bank => "bank",
            Self::Database => "database",
            Self::Store => "store",
            Self::Edition => "edition",
            Self::User => "user",
            Self::Password => "password",
            Self::Key => "key",
            Self::Token => "token",
            Self::ClientId => "client_id",
            Self::ClientSecret => "client_secret",
        }
    }

    /// Whether it opens something: never shown again, and no browser is to remember it.
    pub const fn is_secret(self) -> bool {
        match self {
            Self::Password | Self::Key | Self::Token | Self::ClientSecret => true,
            Self::Shop
            | Self::Site
            | Self::Address
            | Self::Account
            | Self::Company
            | Self::Region
            | Self::Country
            | Self::Bank
            | Self::Database
            | Self::Store
            | Self::Edition
            | Self::User
            | Self::ClientId => false,
        }
    }

    /// Whether it is a part of a host, in which case does not matter and which people copy with what stands around it.
    const fn is_of_host(self) -> bool {
        matches!(self, Self::Shop | Self::Site)
    }
}

/// The most characters that a value may have.
const MOST: usize = 2_000;

/// What is wrong with what a person typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldProblem {
    /// Nothing is there.
    Missing,
    /// It does not look like what it is to be.
    Unfit,
}

impl PersonField {
    /// Reads what was typed; none where it may be left out and is.
    ///
    /// # Errors
    /// [`FieldProblem`].
    pub fn read(&self, typed: &str) -> Result<Option<String>, FieldProblem> {
        let typed = typed.trim();
        if typed.is_empty() {
            return if self.optional {
                Ok(None)
            } else {
                Err(FieldProblem::Missing)
            };
        }
        if typed.chars().count() > MOST || typed.chars().any(char::is_control) {
            return Err(FieldProblem::Unfit);
        }
        if !self.options.is_empty() {
            let known = self.options.iter().any(|choice| choice.value == typed);
            return known
                .then(|| Some(typed.to_owned()))
                .ok_or(FieldProblem::Unfit);
        }
        let value = if self.kind == FieldKind::Address {
            own_address(typed).ok_or(FieldProblem::Unfit)?
        } else if self.kind.is_of_host() {
            self.of_host(typed)
        } else {
            typed.to_owned()
        };
        let fits = self
            .pattern
            .as_ref()
            .is_none_or(|pattern| pattern.fits(&value));
        fits.then_some(Some(value)).ok_or(FieldProblem::Unfit)
    }

    /// The part of an address that is asked for, out of whatever was copied.
    fn of_host(&self, typed: &str) -> String {
        let lower = typed.to_lowercase();
        let host = lower
            .trim_start_matches("https://")
            .trim_start_matches("http://");
        let host = host.split(['/', '?', '#']).next().unwrap_or_default();
        let suffix = self.suffix.as_deref().unwrap_or_default();
        host.strip_suffix(suffix).unwrap_or(host).to_owned()
    }
}

/// The address of a server, as people type it: with or without a scheme, always https.
fn own_address(typed: &str) -> Option<String> {
    let typed = if typed.contains("://") {
        typed.to_owned()
    } else {
        format!("https://{typed}")
    };
    let url = Url::parse(&typed).ok()?;
    let is_good = url.scheme() == "https"
        && matches!(url.host(), Some(Host::Domain(host)) if host.contains('.'))
        && url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    is_good.then(|| url.as_str().trim_end_matches('/').to_owned())
}

/// Adds what follows from a choice to the values that have it.
pub(crate) fn add_data(source: &str, name: &str, options: &[Choice], values: &mut Values) {
    let own = format!("{source}.{name}");
    let Some(chosen) = values.get(&own) else {
        return;
    };
    let Some(choice) = options.iter().find(|choice| choice.value == chosen) else {
        return;
    };
    for (key, value) in &choice.data {
        values.set(format!("{own}.{key}"), value.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(kind: FieldKind, pattern: Option<&str>, suffix: Option<&str>) -> PersonField {
        PersonField {
            name: "it".to_owned(),
            kind,
            called: None,
            example: None,
            pattern: pattern.map(|pattern| Pattern::parse(pattern).unwrap()),
            suffix: suffix.map(str::to_owned),
            optional: false,
            options: Vec::new(),
        }
    }

    #[test]
    fn a_shop_is_read_out_of_whatever_was_copied() {
        let shop = field(
            FieldKind::Shop,
            Some("[a-z0-9][a-z0-9-]*"),
            Some(".myshopify.com"),
        );
        for typed in [
            "acme",
            " Acme ",
            "acme.myshopify.com",
            "https://acme.myshopify.com/admin?x=1",
        ] {
            assert_eq!(shop.read(typed), Ok(Some("acme".to_owned())), "{typed}");
        }
        for bad in [
            "acme.evil.example",
            "a b",
            "acme.myshopify.com.evil.example",
            "-",
        ] {
            assert_eq!(shop.read(bad), Err(FieldProblem::Unfit), "{bad}");
        }
        assert_eq!(shop.read("  "), Err(FieldProblem::Missing));
    }

    #[test]
    fn an_address_is_https_and_nothing_but_a_place() {
        let address = field(FieldKind::Address, None, None);
        for (typed, read) in [
            ("shop.example", "https://shop.example"),
            ("https://Shop.example/wp/", "https://shop.example/wp"),
            ("https://shop.example:8443", "https://shop.example:8443"),
        ] {
            assert_eq!(address.read(typed), Ok(Some(read.to_owned())));
        }
        for bad in [
            "http://shop.example",
            "https://localhost",
            "https://127.0.0.1",
            "https://u:p@shop.example",
            "https://shop.example/?a",
            "ftp://shop.example",
            "javascript://shop.example",
        ] {
            assert_eq!(address.read(bad), Err(FieldProblem::Unfit), "{bad}");
        }
    }
}
