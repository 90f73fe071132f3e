# What every page shares: the frame, the components and the error pages.
web-language-name = English

## The frame
web-skip = Skip to the content
web-secured-by = Secured by { $product }
web-leave = Leave
web-back = Back
web-continue = Continue
web-cancel = Cancel
web-try-again = Try again
web-copy = Copy
web-copied = Copied
web-optional = optional
web-reference = Reference

## Notices, as they are announced
web-notice-info = Note
web-notice-success = Done
web-notice-warning = Please note
web-notice-error = Problem

## Error pages: what happened, and what to do
web-error-bad-request-title = We could not read that
web-error-bad-request-what = Something in the address or the form was not complete, so nothing was changed.
web-error-bad-request-todo = Go back and try again. If you followed a link, ask whoever sent it for a new one.

web-error-forbidden-title = This page did not start where you are
web-error-forbidden-what = The form came from another site or another browser, so it was not used. Nothing was changed.
web-error-forbidden-todo = Go back, reload the page and try once more.

web-error-not-found-title = There is nothing at this address
web-error-not-found-what = The link may be incomplete, or what it led to is no longer there.
web-error-not-found-todo = Check that the whole link was copied, or ask whoever sent it for a new one.

web-error-method-title = This page cannot be opened like that
web-error-method-what = The address is right, but it expects to be reached from its own form.
web-error-method-todo = Go back and start from the page before.

web-error-conflict-title = This has changed in the meantime
web-error-conflict-what = It was changed in another window or by someone else, so your last step was not used.
web-error-conflict-todo = Reload the page to see how things stand, then go on.

web-error-gone-title = This link no longer works
web-error-gone-what = It has run out or was used already. Nothing is lost.
web-error-gone-todo = Ask whoever sent it for a new one.

web-error-too-large-title = That is too large
web-error-too-large-what = What was sent is larger than this page takes, so it was not kept.
web-error-too-large-todo = Go back and send less at a time.

web-error-too-many-title = A short pause, please
web-error-too-many-what = There were many requests from your network in a short time.
web-error-too-many-todo = Wait a minute, then try again. Nothing is lost.

web-error-internal-title = Something went wrong on our side
web-error-internal-what = Your last step may not have been saved. It was not your doing.
web-error-internal-todo = Try again in a moment. If it happens again, pass on the reference below.

web-error-overloaded-title = We are busy right now
web-error-overloaded-what = Your last step could not be taken in time. Nothing is lost.
web-error-overloaded-todo = Wait a few seconds, then try again.

web-error-host-title = This address does not belong here
web-error-host-what = The page was asked for under a name that this server does not answer to.
web-error-host-todo = Open it again from the link that you were given.
