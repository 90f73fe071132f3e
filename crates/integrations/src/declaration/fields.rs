//! The fields that operators and people fill in, read and checked.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use super::check::Check;
use super::{DeclarationError, Source};
use crate::fields::{Choice, FieldKind, OperatorField, PersonField};
use crate::template::{Names, Reach};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawOperatorField {
    name: Spanned<String>,
    label: Spanned<String>,
    #[serde(default)]
    secret: bool,
    #[serde(default)]
    optional: bool,
    pattern: Option<Spanned<String>>,
    #[serde(default)]
    options: Vec<RawChoice>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawPersonField {
    name: Spanned<String>,
    kind: FieldKind,
    called: Option<String>,
    example: Option<String>,
    pattern: Option<Spanned<String>>,
    suffix: Option<Spanned<String>>,
    #[serde(default)]
    optional: bool,
    #[serde(default)]
    options: Vec<RawChoice>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawChoice {
    value: Spanned<String>,
    label: String,
    #[serde(default)]
    data: BTreeMap<String, Spanned<String>>,
}

/// What an integration registers for: a client id, and perhaps a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Registers {
    Nothing,
    Id,
    Secret,
    IdAndSecret,
}

/// The operator's fields: a client id and a secret come first, by whatever names the declaration gives them.
pub(super) fn operator(
    fields: Vec<RawOperatorField>,
    registers: Registers,
    source: &Source<'_>,
    names: &mut Names,
) -> Result<Vec<OperatorField>, DeclarationError> {
    let check = Check::new(source).within("operator");
    let mut checked = Vec::new();
    let usual = |name: &str, label: &str, secret| OperatorField {
        name: name.to_owned(),
        label: label.to_owned(),
        secret,
        optional: false,
        pattern: None,
        options: Vec::new(),
    };
    match registers {
        Registers::Nothing => {}
        Registers::Id => checked.push(usual("client_id", "Client ID", false)),
        Registers::Secret => checked.push(usual("client_secret", "Client secret", true)),
        Registers::IdAndSecret => {
            checked.push(usual("client_id", "Client ID", false));
            checked.push(usual("client_secret", "Client secret", true));
        }
    }
    let mut named = Vec::new();
    for field in fields {
        check_name(&check, &field.name)?;
        let (pattern, options) = (
            check.pattern("pattern", field.pattern.as_ref())?,
            choices(&check, field.options)?,
        );
        let name = field.name.get_ref().clone();
        let new = OperatorField {
            label: field.label.get_ref().clone(),
            secret: field.secret || name == "client_secret",
            optional: field.optional,
            pattern,
            options,
            name,
        };
        if named.contains(&new.name) {
            return Err(check.error(&field.name, "name", "is declared twice"));
        }
        named.push(new.name.clone());
        match checked.iter_mut().find(|known| known.name == new.name) {
            // The usual two are called otherwise.
            Some(known) => *known = new,
            None => checked.push(new),
        }
    }
    for field in &checked {
        let reach = reach_of(field.pattern.is_some(), false);
        add(names, "operator", &field.name, reach, &field.options);
    }
    Ok(checked)
}

/// The person's fields.
pub(super) fn person(
    fields: Vec<RawPersonField>,
    source: &Source<'_>,
    names: &mut Names,
) -> Result<Vec<PersonField>, DeclarationError> {
    let check = Check::new(source).within("person");
    let mut checked: Vec<PersonField> = Vec::new();
    for field in fields {
        check_name(&check, &field.name)?;
        let name = field.name.get_ref().clone();
        if checked.iter().any(|known| known.name == name) {
            return Err(check.error(&field.name, "name", "is declared twice"));
        }
        let pattern = check.pattern("pattern", field.pattern.as_ref())?;
        if let Some(suffix) = &field.suffix
            && !suffix.get_ref().starts_with('.')
        {
            return Err(check.error(
                suffix,
                "suffix",
                "must begin with a dot, as in .myshopify.com",
            ));
        }
        let is_address = field.kind == FieldKind::Address;
        let options = choices(&check, field.options)?;
        let reach = reach_of(pattern.is_some(), is_address);
        add(names, "person", &name, reach, &options);
        checked.push(PersonField {
            name,
            kind: field.kind,
            called: field.called,
            example: field.example,
            pattern,
            suffix: field.suffix.map(Spanned::into_inner),
            optional: field.optional,
            options,
        });
    }
    Ok(checked)
}

/// How far a value reaches into an address.
pub(super) const fn reach_of(has_pattern: bool, is_address: bool) -> Reach {
    match (is_address, has_pattern) {
        (true, _) => Reach::Origin,
        (false, true) => Reach::Host,
        (false, false) => Reach::Rest,
    }
}

/// Adds a value's name, and those of what follows from its choices, which are the declaration's own words.
pub(super) fn add(names: &mut Names, source: &str, name: &str, reach: Reach, options: &[Choice]) {
    let own = format!("{source}.{name}");
    let chosen = if options.is_empty() {
        reach
    } else {
        Reach::Host
    };
    names.add(own.clone(), chosen);
    for (key, value) in options.iter().flat_map(|choice| &choice.data) {
        let is_address = value.starts_with("https://");
        let reach = if is_address {
            Reach::Origin
        } else {
            Reach::Host
        };
        names.add(format!("{own}.{key}"), reach);
    }
}

/// The options of a choice. All have the same data.
pub(super) fn choices(
    check: &Check<'_>,
    options: Vec<RawChoice>,
) -> Result<Vec<Choice>, DeclarationError> {
    let mut checked: Vec<Choice> = Vec::new();
    for option in options {
        if checked
            .iter()
            .any(|known| known.value == *option.value.get_ref())
        {
            return Err(check.error(&option.value, "options.value", "is there twice"));
        }
        for (key, value) in &option.data {
            let field = format!("options.data.{key}");
            let text = value.get_ref();
            if text.contains("://")
                && !(text.starts_with("https://") && url::Url::parse(text).is_ok())
            {
                return Err(check.error(value, &field, "must be an https address"));
            }
        }
        if let Some(first) = checked.first()
            && !first.data.keys().eq(option.data.keys())
        {
            let problem = "must have the same names as that of the other options";
            return Err(check.error(&option.value, "options.data", problem));
        }
        checked.push(Choice {
            value: option.value.into_inner(),
            label: option.label,
            data: option
                .data
                .into_iter()
                .map(|(key, value)| (key, value.into_inner()))
                .collect(),
        });
    }
    Ok(checked)
}

/// A name as it stands in templates.
pub(super) fn check_name(
    check: &Check<'_>,
    name: &Spanned<String>,
) -> Result<(), DeclarationError> {
    let text = name.get_ref();
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if text.is_empty() || text.len() > 40 || !text.chars().all(plain) {
        let problem = "must have up to 40 lower-case letters, digits and underscores";
        return Err(check.error(name, "name", problem));
    }
    Ok(())
}
