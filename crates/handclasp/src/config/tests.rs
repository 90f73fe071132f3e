use super::*;

fn env(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs
        .iter()
        .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
        .collect()
}

#[test]
fn the_example_is_a_configuration_and_names_every_setting() {
    let table: toml::Table = example().parse().unwrap();
    let config: Config = toml::Value::Table(table.clone()).try_into().unwrap();
    let default = Config::default();
    assert_eq!(config.connections, default.connections);
    assert_eq!(config.drain(), default.drain());
    let limits = |config: &Config| {
        (
            config.requests_per_minute,
            config.wrong_keys_per_minute,
            config.requests_per_day,
        )
    };
    assert_eq!(limits(&config), limits(&default));
    assert_eq!(config.log_filter(), default.log_filter());
    // A field that the list lacks would be missing here: without it the structure's own list of fields is told.
    let error = toml::from_str::<Config>("no_such_setting = 1")
        .unwrap_err()
        .to_string();
    for field in error.split('`').skip(3).step_by(2) {
        assert!(table.contains_key(field), "{field} is not in KEYS");
    }
    assert_eq!(error.split('`').skip(3).step_by(2).count(), KEYS.len());
}

#[test]
fn the_environment_goes_first_and_unknown_settings_are_named() {
    let config = Config::read(
        None,
        env(&[
            ("HANDCLASP_LISTEN", "127.0.0.1:1"),
            ("HANDCLASP_METRICS_LISTEN", "[::1]:9090"),
            ("HANDCLASP_LOG", "info,handclasp_webhooks=debug"),
            ("HANDCLASP_DATABASE_POOL", "3"),
            ("HANDCLASP_ALLOWED_RANGES", "10.0.0.0/8, ::1/128"),
            ("HANDCLASP_TEST_POSTGRES", "x"),
            ("OTHER", "x"),
        ]),
    )
    .unwrap();
    assert_eq!(
        (
            config.listen.port(),
            config.database_pool,
            config.allowed_ranges.len()
        ),
        (1, 3, 2)
    );
    let metrics = config.metrics_listen.map(|address| address.port());
    assert_eq!(metrics, Some(9090));
    for (variable, value) in [
        ("HANDCLASP_LISTN", "x"),
        ("HANDCLASP_DATABASE_POOL", "many"),
        ("HANDCLASP_LISTEN", "here"),
        ("HANDCLASP_LOG_FORMAT", "xml"),
        ("HANDCLASP_CONNECTIONS", "0"),
        ("HANDCLASP_REQUESTS_PER_DAY", "-1"),
        ("HANDCLASP_METRICS_LISTEN", "nonsense"),
        ("HANDCLASP_LOG", "a=b=c"),
        ("HANDCLASP_LOG", "info,handclasp=loud"),
    ] {
        let error = format!(
            "{:#}",
            Config::read(None, env(&[(variable, value)])).unwrap_err()
        );
        let named = variable.strip_prefix(PREFIX).unwrap().to_lowercase();
        assert!(error.to_lowercase().contains(&named), "{error}");
    }
}

#[test]
fn no_error_shows_what_stands_in_the_file() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("handclasp.toml");
    let refused = |text: &str| {
        std::fs::write(&path, text).unwrap();
        let error = format!("{:#}", Config::read(Some(&path), None).unwrap_err());
        assert!(!error.contains("hunter2"), "{text}: {error}");
        error
    };
    for (text, place) in [
        ("master_key = \"hunter2", "(line 1, column "),
        ("\nmaster_key = hunter2\n", "(line 2, column 14)"),
        ("# \u{e4}\n\nmaster_key \"hunter2\"", "(line 3, column "),
        (
            "master_key = \"\"\nmaster_key = \"hunter2\"",
            "(line 2, column 1)",
        ),
        ("master_key = \"hunter2\" hunter2", "(line 1, column "),
        (
            "database_url = \"postgres://u:hunter2\\q@h/d\"",
            "(line 1, column ",
        ),
        ("master_key = \"\"\"\nhunter2", "(line "),
        ("[hunter2", "(line 1, column "),
    ] {
        let error = refused(text);
        assert!(
            error.contains("is not TOML") && error.contains(place),
            "{error}"
        );
    }
    for text in [
        "older_master_key_files = \"hunter2\"",
        "older_master_key_files = \"hunter2\\\", expected\"",
        "sandbox_integrations = \"hunter2\"",
        "database_pool = \"hunter2\"",
        "listen = \"hunter2\"",
        "allowed_ranges = [\"hunter2\"]",
        "log = \"hunter2=x=y\"",
    ] {
        let error = refused(text);
        assert!(error.contains(text.split(' ').next().unwrap()), "{error}");
    }
}
