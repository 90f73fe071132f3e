//! What comes of the form on the sign-in page.

use handclasp_web::form::Fields;

use crate::request::AnswerError;
use crate::scenario::{Chosen, NoSuchScenario, Scenario, SignIn};
use crate::scope::Scopes;
use crate::world::{ORGANISATIONS, Organisation, WRONG};

/// Reads what the person chose, by the button that was pressed. `fixed` goes before all of it.
pub(super) fn read(form: &Fields, fixed: Option<Chosen>) -> Result<Chosen, NoSuchScenario> {
    if let Some(fixed) = fixed {
        return Ok(fixed);
    }
    let one = |name| form.one(name).map_err(|_| NoSuchScenario);
    match one("outcome")?.ok_or(NoSuchScenario)? {
        "scenario" => {
            let name = one("scenario")?.ok_or(NoSuchScenario)?;
            let later = one("later")?.is_some();
            // The field is there for each of them, and left empty for those that take no seconds.
            let seconds = one("seconds")?.filter(|text| !text.is_empty());
            Chosen::new(name, later, seconds)
        }
        // A button of its own.
        outcome @ ("allow" | "decline") => outcome.parse(),
        _ => Err(NoSuchScenario),
    }
}

/// The error that the client is told instead of a code, where that was chosen.
pub(super) fn refused(chosen: Chosen) -> Option<AnswerError> {
    match chosen.scenario() {
        Scenario::SignIn(SignIn::Decline) => Some(AnswerError::AccessDenied),
        Scenario::SignIn(SignIn::ServerError) => Some(AnswerError::ServerError),
        Scenario::SignIn(SignIn::Unavailable) => Some(AnswerError::TemporarilyUnavailable),
        Scenario::SignIn(
            SignIn::Allow | SignIn::WrongCompany | SignIn::TooFewScopes | SignIn::Several,
        )
        | Scenario::Tokens(_)
        | Scenario::Life(_)
        | Scenario::Calls(_) => None,
    }
}

/// What is granted: which companies are reached, and what of what was asked for.
pub(super) fn granted(
    chosen: Chosen,
    organisation: &'static Organisation,
    asked: &Scopes,
) -> (Vec<&'static Organisation>, Scopes) {
    match chosen.scenario() {
        Scenario::SignIn(SignIn::WrongCompany) => (vec![&WRONG], asked.clone()),
        Scenario::SignIn(SignIn::TooFewScopes) => (vec![organisation], asked.without_companies()),
        Scenario::SignIn(SignIn::Several) => {
            // The chosen one first: it is the one that a client takes that knows of one alone.
            let mut all = vec![organisation];
            all.extend(ORGANISATIONS.iter().filter(|other| *other != organisation));
            (all, asked.clone())
        }
        Scenario::SignIn(
            SignIn::Allow | SignIn::Decline | SignIn::ServerError | SignIn::Unavailable,
        )
        | Scenario::Tokens(_)
        | Scenario::Life(_)
        | Scenario::Calls(_) => (vec![organisation], asked.clone()),
    }
}
