use proptest::prelude::*;

use super::*;
use crate::query::{CompanyProperty, ConnectionProperty, IntegrationProperty, TagKey};

fn companies(text: &str) -> Result<Query<CompanyProperty>, QueryError> {
    parse_query(text).map(Option::unwrap)
}

fn shown(text: &str) -> String {
    companies(text).unwrap().to_string()
}

#[test]
fn all_forms_are_read() {
    for (text, canonical) in [
        ("name=Ash & Birch", r#"name="ash & birch""#),
        ("  name  =  a  ", r#"name="a""#),
        ("name!=a", r#"name!="a""#),
        ("name~a|b&c", r#"name~"a|b&c""#),
        ("name>=a&&name<b", r#"name>="a"&&name<"b""#),
        (
            "name=a||name=b&&name=c",
            r#"name="a"||{name="b"&&name="c"}"#,
        ),
        (
            "{name=a||name=b}&&name=c",
            r#"{name="a"||name="b"}&&name="c""#,
        ),
        ("{{{name=a}}}", r#"name="a""#),
        (r#"name="a && \"b\" {c} \\""#, r#"name="a && \"b\" {c} \\""#),
        (r#"description="""#, r#"description="""#),
        ("name=a=b~c", r#"name="a=b~c""#),
        ("name=a\"b", r#"name="a\"b""#),
        (
            "dataConnections.status=LINKED",
            r#"dataConnections.status="linked""#,
        ),
        (
            "dataConnections.status~link",
            r#"dataConnections.status~"link""#,
        ),
        ("created>2026-03-01", "created>2026-03-01T00:00:00.0000000Z"),
        (
            "created<=2026-03-01T14:30:00.1234567+02:00",
            "created<=2026-03-01T12:30:00.1234560Z",
        ),
        (
            "lastSync<2026-03-01T12:30",
            "lastSync<2026-03-01T12:30:00.0000000Z",
        ),
        (
            "id=E3334455-1aed-4e71-ab43-6bccf12092ee",
            "id=e3334455-1aed-4e71-ab43-6bccf12092ee",
        ),
    ] {
        assert_eq!(shown(text), canonical, "{text}");
        assert_eq!(shown(canonical), canonical);
    }
    assert_eq!(parse_query::<CompanyProperty>(" \t"), Ok(None));
    let both = parse_query::<IntegrationProperty>("enabled=TRUE||enabled!=false");
    assert_eq!(
        both.unwrap().unwrap().to_string(),
        "enabled=true||enabled!=false"
    );
    let tags = parse_query::<TagKey>(r#"region=uk && team~Finance || "my = key"!="""#);
    assert_eq!(
        tags.unwrap().unwrap().to_string(),
        r#"{region="uk"&&team~"finance"}||"my = key"!="""#
    );
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    let tests = [
        ("=a", 1, "a property"),
        ("name", 5, "an operator"),
        ("name a", 1, "no such property"),
        ("Name=a", 1, "no such property"),
        ("colour=a", 1, "no such property: there are id, name"),
        ("name=", 6, "a value"),
        ("name= &&name=b", 7, "a value"),
        ("name==a", 6, "operator's sign"),
        ("name!a", 5, "an operator"),
        ("name=a&&", 9, "a property"),
        ("name=a||&&", 9, "a property"),
        ("&&name=a", 1, "a property"),
        ("name=a}", 7, "no group is open"),
        ("{name=a", 1, "not closed"),
        ("{name=a}}", 9, "no group is open"),
        ("{}", 2, "a property"),
        ("name=a{name=b}", 7, "a group can't begin"),
        ("{name=a}name=b", 9, "&& or ||"),
        ("{name=a}{name=b}", 9, "&& or ||"),
        ("name=\"a", 6, "not closed"),
        ("name=\"a\\n\"", 8, "backslash"),
        ("name=\"a\"b", 9, "&& or ||"),
        ("{name=\"a\"b}", 10, "&&, || or }"),
        ("name=a\0", 7, "control"),
        ("name=\"\u{1b}\"", 7, "control"),
        ("id=1", 4, "a UUID"),
        (
            "id~e3334455-1aed-4e71-ab43-6bccf12092ee",
            3,
            "only the operators = !=",
        ),
        ("created~2026", 8, "only the operators = != > < >= <="),
        ("created>yesterday", 9, "a date"),
        ("created>2026-13-01", 9, "a date"),
        ("created>2026-02-30", 9, "a date"),
        ("created>2026-03-01T25:00:00Z", 9, "a date"),
        ("created>20260301", 9, "a date"),
        ("created>2026-03-01T00:00:00[Europe/Paris]", 9, "a date"),
        ("dataConnections.status=Lnked", 24, "PendingAuth, Linked"),
        (
            "dataConnections.status>Linked",
            23,
            "only the operators = != ~",
        ),
        ("é=a", 1, "no such property"),
        ("name=é||é", 9, "no such property"),
    ];
    for (text, at, problem) in tests {
        let error = companies(text).unwrap_err();
        assert_eq!(error.at, at, "{text}: {error}");
        assert!(error.problem.contains(problem), "{text}: {error}");
    }
    let error = parse_query::<IntegrationProperty>("enabled=yes").unwrap_err();
    assert_eq!(
        (error.at, error.problem.as_str()),
        (9, "the value must be true or false")
    );
    let error = parse_query::<ConnectionProperty>("company=x").unwrap_err();
    assert!(error.problem.contains("platformName"), "{error}");
    let key = "k".repeat(28);
    assert_eq!(
        parse_query::<TagKey>(&format!("a=b&&{key}=b"))
            .unwrap_err()
            .at,
        6
    );
    assert_eq!(parse_query::<TagKey>("a>b").unwrap_err().at, 2);
}

#[test]
fn what_is_too_much_is_refused_in_time() {
    let clauses = |count: usize| vec!["name=a"; count].join("||");
    assert!(companies(&clauses(64)).is_ok());
    assert_eq!(companies(&clauses(65)).unwrap_err().at, 64 * 8 + 1);
    assert_eq!(companies(&clauses(10_000)).unwrap_err().at, 2_049);
    let deep = |depth: usize| format!("{}name=a{}", "{".repeat(depth), "}".repeat(depth));
    assert!(companies(&deep(16)).is_ok());
    assert_eq!(companies(&deep(17)).unwrap_err().at, 17);
    assert_eq!(companies(&"{".repeat(2_000)).unwrap_err().at, 17);
    assert_eq!(companies(&"{".repeat(10_000_000)).unwrap_err().at, 2_049);
    let long = |length: usize| format!("name={}", "é".repeat(length - 5));
    assert!(companies(&long(2_048)).is_ok());
    assert_eq!(companies(&long(2_049)).unwrap_err().at, 2_049);
}

/// Any value of a property, as a query may hold it.
fn operand(kind: PropertyKind, operator: Operator) -> BoxedStrategy<Operand> {
    match kind {
        PropertyKind::Id => any::<u128>()
            .prop_map(|n| Operand::Id(Uuid::from_u128(n)))
            .boxed(),
        PropertyKind::Text | PropertyKind::Tag => any::<String>()
            .prop_map(|text| {
                let printable: String = text.chars().filter(|c| !is_control(*c)).collect();
                Operand::Text(fold(&printable))
            })
            .boxed(),
        PropertyKind::Word(words) => {
            let word = proptest::sample::select(words);
            word.prop_map(move |word| {
                let folded = fold(word);
                let part = folded.chars().skip(1).collect();
                Operand::Text(if operator == Operator::Contains {
                    part
                } else {
                    folded
                })
            })
            .boxed()
        }
        PropertyKind::Instant => (0_i64..4_000_000_000_000_000)
            .prop_map(|micros| Operand::Instant(Timestamp::from_micros(micros)))
            .boxed(),
        PropertyKind::Bool => any::<bool>().prop_map(Operand::Bool).boxed(),
    }
}

fn test_of(property: CompanyProperty) -> BoxedStrategy<Query<CompanyProperty>> {
    let kind = property.kind();
    let taken: Vec<Operator> = Operator::ALL
        .into_iter()
        .filter(|one| kind.takes(*one))
        .collect();
    proptest::sample::select(taken)
        .prop_flat_map(move |operator| (Just(operator), operand(kind, operator)))
        .prop_map(move |(operator, operand)| {
            Query::Test(Test {
                property,
                operator,
                operand,
            })
        })
        .boxed()
}

fn query() -> impl Strategy<Value = Query<CompanyProperty>> {
    let leaf = proptest::sample::select(CompanyProperty::ALL).prop_flat_map(test_of);
    leaf.prop_recursive(3, 20, 4, |inner| {
        let parts = proptest::collection::vec(inner, 2..4);
        prop_oneof![
            parts.clone().prop_map(Query::All),
            parts.prop_map(Query::Any)
        ]
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read_as_the_same(query in query()) {
        let text = query.to_string();
        prop_assume!(text.chars().count() <= CHARACTERS_MOST);
        prop_assert_eq!(companies(&text).unwrap(), query);
    }

    #[test]
    fn nothing_breaks_the_parser(text in any::<String>()) {
        let length = text.chars().count();
        for error in [
            parse_query::<CompanyProperty>(&text).err(),
            parse_query::<TagKey>(&text).err(),
            parse_query::<IntegrationProperty>(&text).err(),
        ].into_iter().flatten() {
            prop_assert!((1..=length + 1).contains(&error.at));
        }
    }

    #[test]
    fn nothing_like_a_query_breaks_the_parser(text in r#"([{}"\\=!~<>&| a]|&&|\|\||name|\{name=a\}){0,40}"#) {
        if let Ok(Some(query)) = parse_query::<CompanyProperty>(&text) {
            prop_assert_eq!(companies(&query.to_string()).unwrap(), query);
        }
    }
}
