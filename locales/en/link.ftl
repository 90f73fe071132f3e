# Link: the pages that a company's person walks through. $client is who asks, $platform the software.

## Beside the page
link-panel-label = About this request
link-panel-title = { $client } asks for your business data
link-panel-text = You decide what to connect. You sign in at your own software, so nobody here sees your password, and you can disconnect at any time.

## What to connect
link-overview-title = Connect your software to { $client }
link-overview-title-again = Your connections to { $client }
link-overview-lead-again = What is connected stays connected until you end it. You can see it and change it here at any time.
link-overview-lead = { $client } reads the data itself, so you do not have to send files. It takes about two minutes.
link-overview-linked = { $platform } is connected to { $client }
link-overview-yours = Your software
link-overview-more = Connect more
link-overview-next = What happens next
link-overview-step-choose = Choose your software
link-overview-step-choose-note = You see what is shared before you agree.
link-overview-step-sign-in = Sign in there and allow access
link-overview-step-sign-in-note = On its own pages, with your usual sign-in.
link-overview-step-return = Come back here
link-overview-step-return-note = Then return to { $client }.
link-overview-start = Choose your software
link-overview-complete = Done, return to { $client }
link-overview-none-title = There is nothing to connect here
link-overview-none-text = { $client } has not switched on any software yet. Tell the person who sent you here.
link-back-to-overview = Back to your connections
link-return = Return to { $client }

link-category-accounting = Accounting
link-category-accounting-note = The software that keeps your books
link-category-banking = Banking
link-category-banking-note = The accounts of your business
link-category-bankfeed = Bank feeds
link-category-bankfeed-note = Bank transactions into your accounting
link-category-commerce = Sales and payments
link-category-commerce-note = Your shop, till or payment service
link-category-expense = Expenses
link-category-expense-note = The software that keeps your receipts
link-category-other = Other software
link-category-other-note = Anything else your business uses
link-category-unknown = Other software
link-category-unknown-note = Anything else your business uses

link-status-pending = Not finished
link-status-linked = Connected
link-status-unlinked = Disconnected
link-status-deauthorized = Access has ended

## Choose the software
link-choose-title-accounting = Which accounting software do you use?
link-choose-title-banking = Which bank do you use?
link-choose-title-bankfeed = Which software should get your bank transactions?
link-choose-title-commerce = What do you sell with?
link-choose-title-expense = Which expense software do you use?
link-choose-title-other = Which software do you use?
link-choose-title-unknown = Which software do you use?
link-choose-lead = Choose it to see what would be shared. Nothing is connected yet.
link-choose-search = Search by name
link-choose-none-title = Nothing found
link-choose-none-text = Try another spelling, or a part of the name.
link-choose-not-listed = I use something else

link-not-enabled-title = This software cannot be connected here
link-not-enabled-what = It is not, or no longer, among the software that can be connected with this link. Nothing was changed.
link-not-enabled-todo = Go back and choose another, or ask whoever sent you the link.

link-another-title = { $platform } is connected already
link-another-what = One accounting connection can be active at a time, so that figures are never mixed.
link-another-todo = Disconnect { $platform } first, then choose again.
link-another-show = Show { $platform }

link-not-listed-title = Is your software not in the list?
link-not-listed-text = Then it cannot be connected here yet. Tell { $client } which software you use, so that they can find another way with you.
link-not-listed-again = Look through the list again

## Before you go
link-consent-title = Connect { $platform } to { $client }?
link-consent-lead = { $client } would like to read your business data from { $platform }.
link-consent-purpose-title = What it is for
link-consent-purpose-text = { $client } uses the data for the service that you use or asked for there.
link-consent-access-title = How access works
link-consent-access-text = You sign in at { $platform } and allow access there. Your password stays with { $platform }. We keep a key to the data in encrypted form, and { $client } reads through it.
link-consent-account-title = About your account
link-consent-account-text = { $client } learns the name of the company that you connect, and the fact that it uses { $platform }.
link-consent-data-title = Data that is shared
link-consent-data-text = { $client } may read these kinds of data from { $platform }:
link-consent-retention-title = How long it lasts
link-consent-retention-text = Access lasts until you end it. You can disconnect with this link or in { $platform } at any time. From then on nothing more is read.
link-consent-agreement = By continuing to { $platform } you agree that { $client } reads this data until you end the access.
link-consent-accept = Continue to { $platform }
link-consent-changed = This page has changed since you opened it. Please read it again.

## On to the third party
link-go-title = Taking you to { $platform }
link-go-text = Sign in there and allow access. After that you come back here automatically.
link-go-continue = Continue to { $platform }
link-go-again-title = Continue to { $platform }?
link-go-again-text = You were on the way to { $platform } and came back before it was finished.
link-go-other = Choose something else

## Results
link-running-title = Finishing your connection
link-running-text = { $platform } is being asked for the key to your data. This can take up to half a minute; you can leave this page open.
link-running-returned = You are back
link-running-checking = Checking the access
link-running-ready = Ready
link-late-title = That took a little too long
link-late-text = For your safety a sign-in at { $platform } has to be finished within an hour. Nothing was connected, and nothing is lost.
link-late-again = Sign in at { $platform } again

link-failed-other = Choose different software
link-failed-declined-title = You did not allow access
link-failed-declined-what = Nothing was connected, and { $client } cannot read anything from { $platform }.
link-failed-declined-todo = If that is what you wanted, you can leave. If it was by mistake, try again and choose to allow access at { $platform }.
link-failed-third-party-title = { $platform } could not complete this
link-failed-third-party-what = { $platform } answered with an error, so nothing was connected.
link-failed-third-party-todo = Try again in a moment. If it happens again, pass on the reference below to { $client }.
link-failed-unreachable-title = { $platform } is not answering
link-failed-unreachable-what = We could not reach { $platform } in time, so nothing was connected.
link-failed-unreachable-todo = Wait a few minutes and try again. Your sign-in there was not the problem.
link-failed-scopes-title = A little more access is needed
link-failed-scopes-what = Not enough was allowed at { $platform } for the connection to work, so it was not kept.
link-failed-scopes-todo = Try again and leave all boxes ticked. If you cannot, somebody with administrator rights at { $platform } can do this step.
link-failed-company-title = That is another company
link-failed-company-what = You allowed access to { $other } at { $platform }, but this connection belongs to { $held }. Nothing was changed.
link-failed-company-todo = If you meant { $held }, try again and choose it at { $platform }.
link-failed-company-instead = Connect { $other } as well
link-failed-untrusted-title = We stopped to be safe
link-failed-untrusted-what = The answer did not come from { $platform } in the way it should, so it was not used.
link-failed-untrusted-todo = Try again from here. If it happens again, pass on the reference below to { $client }.
link-failed-no-company-title = There is no company to connect
link-failed-no-company-what = Your sign-in at { $platform } reaches no company that can be connected, so nothing was.
link-failed-no-company-todo = Try again with a sign-in that has access to your company, or ask whoever manages { $platform } for you.
link-failed-interrupted-title = The connection was interrupted
link-failed-interrupted-what = Our server was restarted at the wrong moment, so nothing was connected.
link-failed-interrupted-todo = Try again. You may have to allow access at { $platform } once more.
link-failed-not-set-up-title = { $platform } can't be connected at the moment
link-failed-not-set-up-what = { $client } changed its settings for { $platform } while you were there, so nothing was connected.
link-failed-not-set-up-todo = Ask { $client } to look at this, then open the link again.
link-failed-another-title = Another one is connected already
link-failed-another-what = One accounting connection can be active at a time. Another one was connected meanwhile, so { $platform } was not.
link-failed-another-todo = Your connections show which one it is.
link-failed-gone-title = This connection is no longer wanted
link-failed-gone-what = { $client } has removed it meanwhile, so nothing was connected.
link-failed-gone-todo = Go back to { $client } to see what is needed now.

link-foreign-title = Please go back to where you started
link-foreign-what = You came back in another browser or app than the one you began in, so we cannot tell that it is you. Nothing was changed, and nothing is lost.
link-foreign-todo = Open the browser or app in which you started, and continue there. Or open the link that you were given once more, here, and start again.

## Leaving and the end
link-leave-title = Leave now?
link-leave-text = Nothing is connected yet. { $client } will not be able to read your data.
link-leave-connected = What is connected stays connected. You go back to { $client }.
link-leave-stay = Stay and finish
link-leave-go = Leave
link-onward-title = Taking you back to { $client }
link-onward-text = This takes a moment. If nothing happens, use the button.
link-onward-continue = Continue to { $client }
link-confirmation-title = All done
link-confirmation-text = { $client } can see what you connected. You can close this page.
link-confirmation-connected = Connected
link-confirmation-back = See or change your connections
link-ended-title = You have left
link-ended-text = You can close this page, or come back to { $client } with the same link.
link-ended-again = Open the link again

## One connection
link-connection-with = Shared with
link-connection-asked-by = Asked for by
link-connection-company = Your company there
link-connection-data = Data that is shared
link-connection-data-asked = Data that would be shared
link-connection-connect = Connect { $platform }
link-connection-reconnect = Sign in at { $platform } again
link-connection-disconnect = Disconnect
link-disconnect-title = Disconnect { $platform }?
link-disconnect-text = { $client } will not be able to read anything more from { $platform }. You can connect it again later.
link-disconnect-keep = Keep it connected

## Links that do not open
link-no-link-title = This link does not open anything
link-no-link-what = It may be incomplete, or what it led to is no longer there.
link-no-link-todo = Check that the whole link was copied, or ask whoever sent it for a new one.
link-cookies-title = Your browser did not remember you
link-cookies-what = This page needs one cookie to know you again when you come back from your software, and your browser did not keep it.
link-cookies-todo = Allow cookies for this site, or open the link in another browser.

## Kinds of data
link-data-accountTransactions = Movements on your accounts
link-data-balanceSheet = Balance sheet
link-data-bankAccounts = Bank accounts in your books
link-data-bankTransactions = Bank transactions in your books
link-data-billCreditNotes = Credit notes from suppliers
link-data-billPayments = Payments to suppliers
link-data-bills = Bills from suppliers
link-data-cashFlowStatement = Cash flow statement
link-data-chartOfAccounts = Chart of accounts
link-data-company = Company details
link-data-creditNotes = Credit notes to customers
link-data-customers = Customers
link-data-directCosts = Purchases paid at once
link-data-directIncomes = Sales paid at once
link-data-invoices = Invoices to customers
link-data-itemReceipts = Goods received
link-data-items = Products and services
link-data-journalEntries = Journal entries
link-data-journals = Journals
link-data-paymentMethods = Ways of payment
link-data-payments = Payments from customers
link-data-profitAndLoss = Profit and loss
link-data-purchaseOrders = Purchase orders
link-data-salesOrders = Sales orders
link-data-suppliers = Suppliers
link-data-taxRates = Tax rates
link-data-trackingCategories = Cost centres and categories
link-data-transfers = Transfers between accounts
link-data-banking-accountBalances = Balances of bank accounts
link-data-banking-accounts = Bank accounts
link-data-banking-transactionCategories = Categories of bank transactions
link-data-banking-transactions = Bank transactions
link-data-commerce-companyInfo = Details of your shop
link-data-commerce-customers = Customers of your shop
link-data-commerce-disputes = Disputed payments
link-data-commerce-locations = Places of sale
link-data-commerce-orders = Orders
link-data-commerce-paymentMethods = Ways of payment in your shop
link-data-commerce-payments = Payments in your shop
link-data-commerce-productCategories = Product categories
link-data-commerce-products = Products
link-data-commerce-taxComponents = Taxes on sales
link-data-commerce-transactions = Transactions of your payment service

## What the software needs
link-fields-title-before = Before you go to { $platform }
link-fields-title-instead = Connect { $platform }
link-fields-lead-before = { $platform } needs this to find your account. You sign in there afterwards.
link-fields-lead-instead = { $platform } has no sign-in page for this. What you enter is checked, kept encrypted and used for { $client } alone.
link-fields-mistakes = Something is not right yet
link-field-called = In { $platform } it is called “{ $called }”.
link-field-example = For example: { $example }
link-field-missing = Enter this.
link-field-unfit = This does not look right. Copy it from your software once more.
link-field-optional = you can leave it empty
link-field-shop = Name of your shop
link-field-site = Name of your site
link-field-address = Address of your server
link-field-address-of-shop = Address of your shop
link-field-account = Account
link-field-company = Company
link-field-region = Region
link-field-country = Country
link-field-bank = Bank
link-field-database = Database
link-field-store = Store code
link-field-edition = Edition
link-field-user = User name
link-field-password = Password
link-field-key = API key
link-field-token = Access token
link-field-client-id = Client ID
link-field-client-secret = Client secret

## Which company
link-entities-title = Which company do you want to connect?
link-entities-lead = Your sign-in at { $platform } reaches several. { $client } gets access to the one that you choose.
link-entities-missing = Choose a company
link-entities-connect = Connect it to { $client }
