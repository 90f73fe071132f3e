//! What can be asked for.

use std::fmt;

/// Something that a client can ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Scope {
    /// To be told by an ID token who signed in (OpenID Connect Core 1.0, 3.1.2.1).
    OpenId,
    /// The person's name (5.4).
    Profile,
    /// The person's e-mail address (5.4).
    Email,
    /// The person's postal address (5.4).
    Address,
    /// The person's telephone number (5.4).
    Phone,
    /// To read the books of a company.
    Accounting,
    /// To read the bank accounts of a company.
    Banking,
    /// To read the sales of a company.
    Commerce,
    /// To go on when the person has left: a refresh token. The page always asks the person for it, so that no `prompt=consent` is
    /// needed (11).
    OfflineAccess,
}

impl Scope {
    pub(crate) const ALL: [Self; 9] = [
        Self::OpenId,
        Self::Profile,
        Self::Email,
        Self::Address,
        Self::Phone,
        Self::Accounting,
        Self::Banking,
        Self::Commerce,
        Self::OfflineAccess,
    ];

    /// What gives access to a company, and not only to the person.
    pub(crate) const OF_COMPANIES: [Self; 3] = [Self::Accounting, Self::Banking, Self::Commerce];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::OpenId => "openid",
            Self::Profile => "profile",
            Self::Email => "email",
            Self::Address => "address",
            Self::Phone => "phone",
            Self::Accounting => "accounting",
            Self::Banking => "banking",
            Self::Commerce => "commerce",
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

    /// Whether they give access to a company.
    pub(crate) fn reach_companies(&self) -> bool {
        Scope::OF_COMPANIES.iter().any(|scope| self.has(*scope))
    }

    /// Without access to any company. Something is always left.
    pub(crate) fn without_companies(&self) -> Self {
        let mut rest = self.0.clone();
        rest.retain(|scope| !Scope::OF_COMPANIES.contains(scope));
        if rest.is_empty() {
            rest.push(Scope::Profile);
        }
        Self(rest)
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
        let without = |text| Scopes::parse(text).map(|s| s.without_companies().to_string());
        assert_eq!(without("commerce email"), Ok("email".to_owned()));
        assert_eq!(without("banking accounting"), Ok("profile".to_owned()));
        for bad in ["", " ", "admin", "openid admin", "Accounting", "a\0"] {
            assert_eq!(read(bad), Err(BadScope), "{bad}");
        }
    }
}
