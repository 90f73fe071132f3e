# The built-in third party. It is deliberately another product than Link, and says of itself that it is for tests.

## Sign in
sandbox-title = Sign in
sandbox-test-title = A test service built into Handclasp
sandbox-test-text = The people, the companies and the books here are made up. You need no password.
sandbox-heading = Sign in to Sandbox Accounting
sandbox-asks-for-books = { $app } asks to read the books of one of your companies: invoices, bills, accounts and reports.
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
sandbox-server-error = Answer with a server error

## On the way back
sandbox-back-title = Back to { $app }
sandbox-back-lead = This takes a moment. If nothing happens, go on yourself.
sandbox-back-button = Continue to { $app }

## Errors
sandbox-unknown-app-title = We do not know who is asking
sandbox-unknown-app-what = The app that sent you here is not registered with Sandbox Accounting, or it gave an address to return to that is not its own. Nothing was shared.
sandbox-unknown-app-todo = Go back to the app and begin again. If it happens again, tell the people who run it.
sandbox-too-late-title = This sign-in has run out
sandbox-too-late-what = You were on your way back to the app, but more than a minute has passed. Nothing was shared.
sandbox-too-late-todo = Go back to the app and begin again.
