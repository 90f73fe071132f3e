//! The kinds of data that an integration can give access to.

use serde::Deserialize;

macro_rules! data_types {
    ($($variant:ident = $name:literal),* $(,)?) => {
        /// A kind of data, by the name that the Platform API has for it: what Link's consent page lists and
        /// what the API shows as `datatypeFeatures`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
        pub enum DataType {
            $(
                #[doc = concat!("`", $name, "`.")]
                #[serde(rename = $name)]
                $variant,
            )*
        }

        impl DataType {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The wire's word, as in `chartOfAccounts`.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }
        }
    };
}

data_types! {
    AccountTransactions = "accountTransactions",
    BalanceSheet = "balanceSheet",
    BankAccounts = "bankAccounts",
    BankTransactions = "bankTransactions",
    BillCreditNotes = "billCreditNotes",
    BillPayments = "billPayments",
    Bills = "bills",
    CashFlowStatement = "cashFlowStatement",
    ChartOfAccounts = "chartOfAccounts",
    Company = "company",
    CreditNotes = "creditNotes",
    Customers = "customers",
    DirectCosts = "directCosts",
    DirectIncomes = "directIncomes",
    Invoices = "invoices",
    ItemReceipts = "itemReceipts",
    Items = "items",
    JournalEntries = "journalEntries",
    Journals = "journals",
    PaymentMethods = "paymentMethods",
    Payments = "payments",
    ProfitAndLoss = "profitAndLoss",
    PurchaseOrders = "purchaseOrders",
    SalesOrders = "salesOrders",
    Suppliers = "suppliers",
    TaxRates = "taxRates",
    TrackingCategories = "trackingCategories",
    Transfers = "transfers",
    BankingAccountBalances = "banking-accountBalances",
    BankingAccounts = "banking-accounts",
    BankingTransactionCategories = "banking-transactionCategories",
    BankingTransactions = "banking-transactions",
    CommerceCompanyInfo = "commerce-companyInfo",
    CommerceCustomers = "commerce-customers",
    CommerceDisputes = "commerce-disputes",
    CommerceLocations = "commerce-locations",
    CommerceOrders = "commerce-orders",
    CommercePaymentMethods = "commerce-paymentMethods",
    CommercePayments = "commerce-payments",
    CommerceProductCategories = "commerce-productCategories",
    CommerceProducts = "commerce-products",
    CommerceTaxComponents = "commerce-taxComponents",
    CommerceTransactions = "commerce-transactions",
}
