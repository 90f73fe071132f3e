//! What can be asked for.

use std::fmt;

/// Something that a client can ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Scope {
    /// To read the books of one company.
    Accounting,
    /// To go on doing so when the person has left: a refresh token.
    OfflineAccess,
}

impl Scope {
    pub(crate) const ALL: [Self; 2] = [Self::Accounting, Self::OfflineAccess];

    pub(crate) fn name(self) -> &'static str {
        match self {
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

    /// Reads names separated by spaces.
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
        for bad in ["", " ", "openid", "accounting openid", "Accounting", "a\0"] {
            assert_eq!(read(bad), Err(BadScope), "{bad}");
        }
    }
}
