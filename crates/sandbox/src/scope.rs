//! What can be asked for.

use std::fmt;

/// Something that a client can ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Scope {
    /// To be told by an ID token who signed in (OpenID Connect Core 1.0, 3.1.2.1).
    OpenId,
    /// The person's name (5.4).
    Profile,
    /// The person's address (5.4).
    Email,
    /// To read the books of one company.
    Accounting,
    /// To go on when the person has left: a refresh token. The page always asks the person for it, so that no `prompt=consent` is
    /// needed (11).
    OfflineAccess,
}

impl Scope {
    pub(crate) const ALL: [Self; 5] = [
        Self::OpenId,
        Self::Profile,
        Self::Email,
        Self::Accounting,
        Self::OfflineAccess,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::OpenId => "openid",
            Self::Profile => "profile",
            Self::Email => "email",
            Self::Accounting => "accounting",
            Self::OfflineAccess => "offline_access",
        }
    }
}

/// Several scopes, each once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Scopes(Vec<Scope>);

/// A scope that does not exist here, or none at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BadScope;

impl Scopes {
    /// What a request without a scope asks for (RFC 6749, 3.3).
    pub(crate) fn default_ones() -> Self {
        Self(vec![Scope::Accounting])
    }

    /// Reads names separated by spaces. An unknown one is an error, with `openid` too: there it should be passed over
    /// (OpenID Connect Core 1.0, 3.1.2.1), but who tries a client here wants to hear of the mistake (RFC 6749, 3.3).
    pub(crate) fn parse(text: &str) -> Result<Self, BadScope> {
        let mut scopes = Vec::new();
        for name in text.split(' ').filter(|name| !name.is_empty()) {
            let scope = Scope::ALL.into_iter().find(|scope| scope.name() == name);
            scopes.push(scope.ok_or(BadScope)?);
        }
        scopes.sort_unstable();
        scopes.dedup();
        if scopes.is_empty() {
            return Err(BadScope);
        }
        Ok(Self(scopes))
    }

    pub(crate) fn has(&self, scope: Scope) -> bool {
        self.0.contains(&scope)
    }

    /// Whether all of these are among `others`.
    pub(crate) fn within(&self, others: &Self) -> bool {
        self.0.iter().all(|scope| others.has(*scope))
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, scope) in self.0.iter().enumerate() {
            if at > 0 {
                f.write_str(" ")?;
            }
            f.write_str(scope.name())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_known_ones_each_once() {
        let read = |text| Scopes::parse(text).map(|s| s.to_string());
        assert_eq!(
            read("offline_access accounting  accounting"),
            Ok("accounting offline_access".to_owned())
        );
        assert_eq!(
            read("email accounting profile openid"),
            Ok("openid profile email accounting".to_owned())
        );
        for bad in ["", " ", "phone", "openid phone", "Accounting", "a\0"] {
            assert_eq!(read(bad), Err(BadScope), "{bad}");
        }
    }
}
