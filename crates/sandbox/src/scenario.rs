//! The scenarios: what can be made to happen, from the sign-in on. This table is what the sign-in page, the parameter of an
//! authorization request, the sandbox's own API and the documentation go by.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::claims::ACCESS_LIFE;

/// What happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scenario {
    /// At the sign-in.
    SignIn(SignIn),
    /// Whenever tokens are asked for.
    Tokens(Tokens),
    /// In the grant's life.
    Life(Life),
    /// Whenever the resource API is called.
    Calls(Calls),
}

/// What the person does, and what is granted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SignIn {
    Allow,
    Several,
    WrongCompany,
    TooFewScopes,
    Decline,
    ServerError,
    Unavailable,
}

/// How the token endpoint answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tokens {
    Slow,
    Instead(Instead),
    Shaped(Shape),
}

/// An answer in place of tokens. Nothing is given and nothing is used up, so that asking again later would be right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Instead {
    ServerError,
    Unavailable,
    RateLimited,
    ErrorWith200,
    Html,
    Oversized,
    Trickle,
    Reset,
}

/// An answer with tokens, in an odd form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    ExpiresText,
    ExpiresFloat,
    ExpiresZero,
    ExpiresNull,
    ExpiresMissing,
    ExpiresHuge,
    RefreshMissing,
    RefreshEmpty,
    Form,
    ByteOrderMark,
}

/// What becomes of a grant after a good sign-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Life {
    Expires,
    Revoked,
    AnswerLost,
}

/// How the resource API answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Calls {
    TokenRefused,
    RateLimited,
    Unavailable,
}

/// How many seconds a scenario can be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seconds {
    /// Where it is not told.
    pub(crate) usual: u32,
    /// The most.
    pub(crate) most: u32,
}

/// A line of the table.
pub(crate) struct Row {
    pub(crate) scenario: Scenario,
    /// As it is asked for.
    pub(crate) name: &'static str,
    /// The key of what it does, in words.
    pub(crate) text: &'static str,
    pub(crate) seconds: Option<Seconds>,
}

macro_rules! table {
    ($($name:literal $scenario:expr $(, $usual:literal to $most:literal)?;)+) => {
        /// All of them, those of a group side by side.
        pub(crate) const ALL: &[Row] = &[$(Row {
            scenario: $scenario,
            name: $name,
            text: concat!("sandbox-does-", $name),
            seconds: table!(@seconds $($usual $most)?),
        }),+];
    };
    (@seconds) => { None };
    (@seconds $usual:literal $most:literal) => { Some(Seconds { usual: $usual, most: $most }) };
}

table! {
    "allow" Scenario::SignIn(SignIn::Allow);
    "several-entities" Scenario::SignIn(SignIn::Several);
    "wrong-company" Scenario::SignIn(SignIn::WrongCompany);
    "too-few-scopes" Scenario::SignIn(SignIn::TooFewScopes);
    "decline" Scenario::SignIn(SignIn::Decline);
    "server-error" Scenario::SignIn(SignIn::ServerError);
    "unavailable" Scenario::SignIn(SignIn::Unavailable);
    "slow" Scenario::Tokens(Tokens::Slow), 10 to 35;
    "token-server-error" Scenario::Tokens(Tokens::Instead(Instead::ServerError));
    "token-unavailable" Scenario::Tokens(Tokens::Instead(Instead::Unavailable)), 30 to 3_600;
    "rate-limited" Scenario::Tokens(Tokens::Instead(Instead::RateLimited)), 30 to 3_600;
    "error-with-200" Scenario::Tokens(Tokens::Instead(Instead::ErrorWith200));
    "html" Scenario::Tokens(Tokens::Instead(Instead::Html));
    "oversized" Scenario::Tokens(Tokens::Instead(Instead::Oversized));
    "trickle" Scenario::Tokens(Tokens::Instead(Instead::Trickle));
    "reset" Scenario::Tokens(Tokens::Instead(Instead::Reset));
    "expires-text" Scenario::Tokens(Tokens::Shaped(Shape::ExpiresText));
    "expires-float" Scenario::Tokens(Tokens::Shaped(Shape::ExpiresFloat));
    "expires-zero" Scenario::Tokens(Tokens::Shaped(Shape::ExpiresZero));
    "expires-null" Scenario::Tokens(Tokens::Shaped(Shape::ExpiresNull));
    "expires-missing" Scenario::Tokens(Tokens::Shaped(Shape::ExpiresMissing));
    "expires-huge" Scenario::Tokens(Tokens::Shaped(Shape::ExpiresHuge));
    "refresh-missing" Scenario::Tokens(Tokens::Shaped(Shape::RefreshMissing));
    "refresh-empty" Scenario::Tokens(Tokens::Shaped(Shape::RefreshEmpty));
    "form" Scenario::Tokens(Tokens::Shaped(Shape::Form));
    "byte-order-mark" Scenario::Tokens(Tokens::Shaped(Shape::ByteOrderMark));
    "expires" Scenario::Life(Life::Expires), 60 to 86_400;
    "revoked" Scenario::Life(Life::Revoked), 60 to 86_400;
    "answer-lost" Scenario::Life(Life::AnswerLost);
    "calls-token-refused" Scenario::Calls(Calls::TokenRefused);
    "calls-rate-limited" Scenario::Calls(Calls::RateLimited), 10 to 3_600;
    "calls-unavailable" Scenario::Calls(Calls::Unavailable), 30 to 3_600;
}

/// What scenarios have in common, for people who look through them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Group {
    SignIn,
    Tokens,
    Life,
    Calls,
}

impl Group {
    pub(crate) const ALL: [Self; 4] = [Self::SignIn, Self::Tokens, Self::Life, Self::Calls];

    /// The key of its name.
    pub(crate) const fn text(self) -> &'static str {
        match self {
            Self::SignIn => "sandbox-group-sign-in",
            Self::Tokens => "sandbox-group-tokens",
            Self::Life => "sandbox-group-life",
            Self::Calls => "sandbox-group-calls",
        }
    }

    /// Its scenarios.
    pub(crate) fn rows(self) -> impl Iterator<Item = &'static Row> {
        ALL.iter().filter(move |row| row.scenario.group() == self)
    }
}

impl Scenario {
    pub(crate) const fn group(self) -> Group {
        match self {
            Self::SignIn(_) => Group::SignIn,
            Self::Tokens(_) => Group::Tokens,
            Self::Life(_) => Group::Life,
            Self::Calls(_) => Group::Calls,
        }
    }
}

/// Before a scenario of the token endpoint: not at the sign-in, but from the first renewal on.
const LATER: &str = "later-";

/// How long an access token works where the renewals are what is to be tried.
const UNTIL_LATER: Duration = Duration::from_secs(60);

/// A scenario as it was asked for: `html`, `slow:20`, `later-html`.
#[derive(Clone, Copy)]
pub(crate) struct Chosen {
    row: &'static Row,
    later: bool,
    seconds: u32,
}

/// No scenario is called that, or it does not take what it was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no such scenario")]
pub(crate) struct NoSuchScenario;

impl Chosen {
    /// One of the table; `seconds` where it takes some.
    pub(crate) fn new(
        name: &str,
        later: bool,
        seconds: Option<&str>,
    ) -> Result<Self, NoSuchScenario> {
        let row = ALL.iter().find(|row| row.name == name);
        let row = row.ok_or(NoSuchScenario)?;
        if later && row.scenario.group() != Group::Tokens {
            return Err(NoSuchScenario);
        }
        let seconds = match (row.seconds, seconds) {
            (None, Some(_)) => return Err(NoSuchScenario),
            (None, None) => 0,
            (Some(takes), None) => takes.usual,
            (Some(takes), Some(told)) => told
                .bytes()
                .all(|b| b.is_ascii_digit())
                .then(|| told.parse().ok())
                .flatten()
                .filter(|told| *told <= takes.most)
                .ok_or(NoSuchScenario)?,
        };
        Ok(Self {
            row,
            later,
            seconds,
        })
    }

    pub(crate) const fn scenario(self) -> Scenario {
        self.row.scenario
    }

    /// The key of what it does, in words.
    pub(crate) const fn text(self) -> &'static str {
        self.row.text
    }

    pub(crate) const fn is_later(self) -> bool {
        self.later
    }

    /// How many seconds it was told; none where it takes none.
    pub(crate) fn told(self) -> Option<u32> {
        self.row.seconds.map(|_| self.seconds)
    }

    pub(crate) fn seconds(self) -> Duration {
        Duration::from_secs(self.seconds.into())
    }

    /// What happens where tokens are asked for: `renewal` by a refresh token, else by a code.
    pub(crate) fn tokens(self, renewal: bool) -> Option<Tokens> {
        match self.row.scenario {
            Scenario::Tokens(tokens) if renewal || !self.later => Some(tokens),
            Scenario::Tokens(_) | Scenario::SignIn(_) | Scenario::Life(_) | Scenario::Calls(_) => {
                None
            }
        }
    }

    /// How long access tokens work.
    pub(crate) fn access_life(self) -> Duration {
        match self.row.scenario {
            Scenario::Life(Life::Expires) => self.seconds(),
            Scenario::Tokens(_) if self.later => UNTIL_LATER,
            Scenario::Life(Life::Revoked | Life::AnswerLost)
            | Scenario::Tokens(_)
            | Scenario::SignIn(_)
            | Scenario::Calls(_) => ACCESS_LIFE,
        }
    }

    /// After what time the grant ends by itself.
    pub(crate) fn ends_after(self) -> Option<Duration> {
        (self.row.scenario == Scenario::Life(Life::Revoked)).then(|| self.seconds())
    }
}

impl FromStr for Chosen {
    type Err = NoSuchScenario;

    fn from_str(text: &str) -> Result<Self, NoSuchScenario> {
        let (name, seconds) = match text.split_once(':') {
            Some((name, seconds)) => (name, Some(seconds)),
            None => (text, None),
        };
        match name.strip_prefix(LATER) {
            Some(name) => Self::new(name, true, seconds),
            None => Self::new(name, false, seconds),
        }
    }
}

impl fmt::Display for Chosen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.later {
            f.write_str(LATER)?;
        }
        f.write_str(self.row.name)?;
        match self.told() {
            Some(seconds) => write!(f, ":{seconds}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scenario_is_read_as_it_is_written() {
        for row in ALL {
            let chosen: Chosen = row.name.parse().unwrap();
            assert_eq!(chosen.scenario(), row.scenario);
            let again: Chosen = chosen.to_string().parse().unwrap();
            assert_eq!(again.to_string(), chosen.to_string());
            let later = format!("{LATER}{}", row.name).parse::<Chosen>();
            assert_eq!(later.is_ok(), row.scenario.group() == Group::Tokens);
            assert_eq!(ALL.iter().filter(|one| one.name == row.name).count(), 1);
        }
        let written = |text: &str| text.parse::<Chosen>().map(|chosen| chosen.to_string());
        assert_eq!(written("slow").as_deref(), Ok("slow:10"));
        assert_eq!(written("later-slow:0").as_deref(), Ok("later-slow:0"));
        for bad in [
            "",
            "later-",
            "nothing",
            "allow:1",
            "slow:",
            "slow:36",
            "slow:+1",
            "slow:1:2",
            "Allow",
            "later-allow",
            "later-later-html",
            "later-expires",
            "slow:99999999999999",
        ] {
            assert_eq!(written(bad), Err(NoSuchScenario), "{bad}");
        }
    }

    #[test]
    fn those_of_a_group_stand_side_by_side() {
        let listed: Vec<_> = Group::ALL.into_iter().flat_map(Group::rows).collect();
        assert_eq!(listed.len(), ALL.len());
        for (one, other) in listed.iter().zip(ALL) {
            assert_eq!(one.name, other.name);
        }
    }
}
