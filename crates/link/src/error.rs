//! What a use case says, as a page.

use handclasp_app::{AppError, Refusal};
use handclasp_web::error::{PageError, PageErrorKind};
use handclasp_web::i18n::Localizer;

/// The one page for links that do not open. It says the same whatever the reason.
pub(crate) fn no_such_link(t: &Localizer) -> PageError {
    PageError::new(PageErrorKind::NotFound)
        .saying(
            t.text("link-no-link-title"),
            t.text("link-no-link-what"),
            t.text("link-no-link-todo"),
        )
        .in_language(t.lang())
}

/// The browser does not keep our cookie.
pub(crate) fn needs_cookies(t: &Localizer) -> PageError {
    PageError::new(PageErrorKind::BadRequest)
        .saying(
            t.text("link-cookies-title"),
            t.text("link-cookies-what"),
            t.text("link-cookies-todo"),
        )
        .in_language(t.lang())
}

/// A use case's error. What the rules do not allow has pages of its own where it can happen; here is what is left.
pub(crate) fn of(error: &AppError, t: &Localizer) -> PageError {
    let kind = match error {
        AppError::NotFound(_) => return no_such_link(t),
        AppError::Refused(Refusal::NotEnabled | Refusal::NeedsCredentials(_)) => {
            return PageError::new(PageErrorKind::Conflict)
                .saying(
                    t.text("link-not-enabled-title"),
                    t.text("link-not-enabled-what"),
                    t.text("link-not-enabled-todo"),
                )
                .in_language(t.lang());
        }
        AppError::Invalid(_) => PageErrorKind::BadRequest,
        AppError::Refused(_) | AppError::Raced | AppError::Repeated => PageErrorKind::Conflict,
        // However often a button of Link's is pressed, what it does is done once.
        AppError::Store(store) if store.may_be_repeated() => PageErrorKind::Overloaded,
        // No page uses what a connection holds.
        AppError::ThirdParty(_) | AppError::Store(_) | AppError::Internal(_) => {
            PageErrorKind::Internal
        }
    };
    PageError::new(kind)
        .because(format!("{error:?}"))
        .in_language(t.lang())
}
