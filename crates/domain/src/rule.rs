//! Rules: the older form of a webhook consumer.

use crate::{ClientId, CompanyId, RuleId, Timestamp, is_control};

/// Whom a client tells of a kind of happening, at one company or at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// The tenant.
    pub client: ClientId,
    /// Its id.
    pub id: RuleId,
    /// The company that it is about; none for all.
    pub company: Option<CompanyId>,
    /// What has to happen.
    pub kind: RuleKind,
    /// The address that is told.
    pub webhook: String,
    /// When it was made.
    pub created: Timestamp,
}

/// What a rule is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RuleKind {
    /// A connection changed its status.
    DataConnectionStatusChanged,
}

impl RuleKind {
    /// All of them.
    pub const ALL: [Self; 1] = [Self::DataConnectionStatusChanged];

    /// The wire's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::DataConnectionStatusChanged => "DataConnectionStatusChanged",
        }
    }

    /// Reads the wire's word, as it is spelt.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// The longest e-mail address, in bytes (RFC 5321, 4.5.3.1.3).
const EMAIL_MAX: usize = 254;
/// The longest part before the at sign (RFC 5321, 4.5.3.1.1).
const LOCAL_MAX: usize = 64;

/// Checks an e-mail address: one that mail can be sent to without quoting. What is allowed in quotes nobody has.
pub fn check_email(text: &str) -> Result<(), &'static str> {
    const NONE: &str = "must be one e-mail address, as name@example.com";
    if text.len() > EMAIL_MAX {
        return Err("must have at most 254 characters");
    }
    let (local, domain) = text.split_once('@').ok_or(NONE)?;
    let has = |c: char| {
        is_control(c)
            || c.is_whitespace()
            || matches!(
                c,
                '@' | ',' | ';' | ':' | '<' | '>' | '(' | ')' | '[' | ']' | '"' | '\\'
            )
    };
    let dots_apart = |text: &str| text.split('.').all(|part| !part.is_empty());
    let good_local = local.len() <= LOCAL_MAX && !local.contains(has) && dots_apart(local);
    let good_domain = !domain.contains(has)
        && domain.contains('.')
        && dots_apart(domain)
        && url::Host::parse(domain).is_ok_and(|host| matches!(host, url::Host::Domain(_)));
    if good_local && good_domain {
        Ok(())
    } else {
        Err(NONE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_as_they_are_written() {
        for kind in RuleKind::ALL {
            assert_eq!(RuleKind::parse(kind.as_str()), Some(kind));
        }
        assert_eq!(RuleKind::parse("dataConnectionStatusChanged"), None);
        assert_eq!(RuleKind::parse("Data sync completed"), None);
    }

    #[test]
    fn addresses_are_ones_that_mail_can_be_sent_to() {
        for good in [
            "a@b.de",
            "first.last+tag@mail.example.com",
            "jörg@müller.example",
        ] {
            assert_eq!(check_email(good), Ok(()), "{good}");
        }
        for bad in [
            "",
            "a",
            "@b.de",
            "a@",
            "a@b",
            "a@@b.de",
            "a@b@c.de",
            "a@b.de, c@d.de",
            "a b@c.de",
            "a@b.de\r\nbcc: x@y.de",
            "<a@b.de>",
            "a..b@c.de",
            ".a@c.de",
            "a@c..de",
            "a@127.0.0.1",
            "a@[127.0.0.1]",
            &format!("{}@b.de", "a".repeat(65)),
            &format!("a@{}.de", "b.".repeat(126)),
        ] {
            assert!(check_email(bad).is_err(), "{bad}");
        }
    }
}
