# The built-in third party. It is deliberately another product than Link, and says of itself that it is for tests.

## Sign in
sandbox-title = Sign in
sandbox-test-title = A test service built into Handclasp
sandbox-test-text = The people, the companies and their data here are made up. You need no password.
sandbox-heading = Sign in to { $service }
sandbox-asks-for-books = { $app } asks to read the books of one of your companies: invoices, bills, accounts and reports.
sandbox-asks-for-accounts = { $app } asks to read the bank accounts of one of your companies: balances and transactions.
sandbox-asks-for-sales = { $app } asks to read the sales of one of your companies: orders, products and customers.
sandbox-asks-for-identity = { $app } asks to know who you are.
sandbox-asks-to-stay = It may go on doing so until you end it.
sandbox-email = E-mail
sandbox-email-hint = { $person } is the only person here.
sandbox-companies = Which company?
sandbox-note-bakery = Bakery and café
sandbox-note-cycles = Bicycle shop and repairs
sandbox-note-joinery = Furniture made to measure
sandbox-allow = Allow access
sandbox-decline = Decline
sandbox-go-on = Go on

## Other outcomes to try
sandbox-outcomes = Try another outcome
sandbox-outcome = What should happen?
sandbox-seconds = Seconds
sandbox-seconds-hint = For outcomes with an N. Left empty, there is a usual number.
sandbox-later = Not now, but when the app renews its access (for outcomes of the token endpoint)
sandbox-go-on-so = Go on with this outcome
sandbox-fixed-title = What happens is fixed by the address that led here
sandbox-fixed-seconds = (N is { $seconds })
sandbox-fixed-later = From the first renewal on; before that all goes well.
sandbox-group-sign-in = At the sign-in
sandbox-group-tokens = At the token endpoint
sandbox-group-life = After the sign-in
sandbox-group-calls = In the API
sandbox-does-allow = All goes well
sandbox-does-several-entities = Access to several companies at once
sandbox-does-wrong-company = Access to another company than any offered here
sandbox-does-too-few-scopes = Allow less than the app needs
sandbox-does-decline = Decline
sandbox-does-server-error = Answer the sign-in with a server error
sandbox-does-unavailable = Answer the sign-in with “temporarily unavailable”
sandbox-does-slow = Slow: the tokens come after N seconds
sandbox-does-token-server-error = No tokens: status 500
sandbox-does-token-unavailable = No tokens: status 503, to be asked again after N seconds
sandbox-does-rate-limited = No tokens: status 429, to be asked again after N seconds
sandbox-does-error-with-200 = No tokens: an error with status 200
sandbox-does-html = No tokens: a web page
sandbox-does-oversized = No tokens: an answer of 100 MB
sandbox-does-trickle = No tokens: one byte a second
sandbox-does-reset = No tokens: the answer breaks off
sandbox-does-expires-text = Tokens whose lifetime is a text
sandbox-does-expires-float = Tokens whose lifetime is no whole number
sandbox-does-expires-zero = Tokens whose lifetime is 0
sandbox-does-expires-null = Tokens whose lifetime is null
sandbox-does-expires-missing = Tokens without a lifetime
sandbox-does-expires-huge = Tokens whose lifetime is longer than time
sandbox-does-refresh-missing = No refresh token
sandbox-does-refresh-empty = An empty refresh token
sandbox-does-form = Tokens as a form instead of JSON
sandbox-does-byte-order-mark = Tokens after a byte-order mark
sandbox-does-expires = Access tokens that end after N seconds
sandbox-does-revoked = Access that is revoked after N seconds
sandbox-does-answer-lost = The first renewal’s answer gets lost, and asking again is taken for theft
sandbox-does-calls-token-refused = The API refuses the first access token, and takes a renewed one
sandbox-does-calls-rate-limited = The API takes calls for N seconds, and answers 429 for N seconds, by turns
sandbox-does-calls-unavailable = The API answers 503, to be asked again after N seconds

## The grants of a browser
sandbox-grants-link = Access that was allowed in this browser
sandbox-grants-title = Access that you allowed
sandbox-grants-lead = These apps have access by a sign-in in this browser. Revoke one to see what the app makes of it.
sandbox-grants-none-title = No app has access
sandbox-grants-none-text = When you allow access in this browser, it is shown here.
sandbox-grant-works = Works
sandbox-grant-ended = Ended
sandbox-grant-app = App
sandbox-grant-outcome = Outcome
sandbox-grant-made = Allowed or renewed
sandbox-grant-renewed = Renewals
sandbox-grant-revoke = Revoke access
sandbox-clock-title = The Sandbox’s clock
sandbox-clock-text = Tokens run out by it. Moved on, it never goes back.
sandbox-clock-ahead = Ahead by { $seconds } seconds.
sandbox-clock-hour = An hour on
sandbox-clock-day = A day on
sandbox-clock-months = Two months on

## On the way back
sandbox-back-title = Back to { $app }
sandbox-back-lead = This takes a moment. If nothing happens, go on yourself.
sandbox-back-button = Continue to { $app }

## Errors
sandbox-unknown-app-title = We do not know who is asking
sandbox-unknown-app-what = The app that sent you here is not registered with the Sandbox, or it gave an address to return to that is not its own. Nothing was shared.
sandbox-unknown-app-todo = Go back to the app and begin again. If it happens again, tell the people who run it.
sandbox-no-scenario-title = There is no such outcome
sandbox-no-scenario-what = The address that led here fixes an outcome that the Sandbox does not know. Nothing was shared.
sandbox-no-scenario-todo = Look for its name in the documentation, or leave sandbox.scenario out of the address to choose here.
sandbox-bad-outcome-title = This outcome cannot be had like that
sandbox-bad-outcome-what = Only outcomes with an N take seconds, and not any number of them. Only those of the token endpoint can be put off until the renewal.
sandbox-bad-outcome-todo = Go back, and choose again.
sandbox-full-title = This browser has enough grants
sandbox-full-what = A hundred grants that were made in this browser still work, and that is the most.
sandbox-full-todo = Revoke some that you do not need any more, then go back.
sandbox-too-late-title = This sign-in has run out
sandbox-too-late-what = You were on your way back to the app, but more than a minute has passed. Nothing was shared.
sandbox-too-late-todo = Go back to the app and begin again.
