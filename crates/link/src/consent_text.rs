//! What the person agrees to: the words of the consent page, and their version.
//!
//! The page is drawn from this, and this is what is recorded: there is no second text.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use handclasp_integrations::Integration;
use handclasp_web::i18n::Localizer;

/// The consent to one integration, in one language.
pub(crate) struct ConsentText {
    /// The question.
    pub(crate) title: String,
    /// Who asks for what, in a sentence.
    pub(crate) lead: String,
    /// The five sections: purpose, access, account information, platform data, retention.
    pub(crate) sections: Vec<Section>,
    /// What pressing the button means.
    pub(crate) agreement: String,
    /// The language.
    pub(crate) locale: &'static str,
}

/// One section.
pub(crate) struct Section {
    pub(crate) title: String,
    pub(crate) text: String,
    /// The kinds of data, in the section that lists them.
    pub(crate) items: Vec<String>,
}

impl ConsentText {
    pub(crate) fn new(t: &Localizer, client: &str, integration: &Integration) -> Self {
        let say = |key: &str| {
            t.say(key)
                .with("client", client.to_owned())
                .with("platform", integration.name.clone())
                .to_string()
        };
        let section = |name: &str| Section {
            title: t.text(&format!("link-consent-{name}-title")),
            text: say(&format!("link-consent-{name}-text")),
            items: Vec::new(),
        };
        let mut data = section("data");
        data.items = integration
            .data_types
            .iter()
            .map(|kind| t.text(&format!("link-data-{}", kind.as_str())))
            .collect();
        Self {
            title: say("link-consent-title"),
            lead: say("link-consent-lead"),
            sections: vec![
                section("purpose"),
                section("access"),
                section("account"),
                data,
                section("retention"),
            ],
            agreement: say("link-consent-agreement"),
            locale: t.lang(),
        }
    }

    /// The exact text, as it is recorded.
    pub(crate) fn plain(&self) -> String {
        let mut text = format!("{}\n{}\n", self.title, self.lead);
        for section in &self.sections {
            text.push_str(&format!("\n{}\n{}\n", section.title, section.text));
            for item in &section.items {
                text.push_str(&format!("- {item}\n"));
            }
        }
        text.push_str(&format!("\n{}\n", self.agreement));
        text
    }

    /// The text's version: the same text has the same version everywhere.
    pub(crate) fn version(&self) -> String {
        let hash = digest(&SHA256, self.plain().as_bytes());
        URL_SAFE_NO_PAD.encode(hash.as_ref().get(..12).unwrap_or_default())
    }

    /// What may be read, as it is shown.
    pub(crate) fn data_types(&self) -> Vec<String> {
        self.sections
            .iter()
            .flat_map(|section| section.items.clone())
            .collect()
    }
}
