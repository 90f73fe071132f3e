//! Where people are sent, and what they and the third party's server bring back.

use super::*;

impl Provider {
    /// Its sign-in page: the person agrees at once. Gives the parameters that the person comes back with.
    pub(in crate::tests) fn sign_in(&self, address: &Url) -> Vec<(String, String)> {
        let query: BTreeMap<_, _> = address.query_pairs().into_owned().collect();
        let count = address.query_pairs().count();
        assert_eq!(query.len(), count, "a parameter is repeated: {address}");
        let mut back = match &self.integration.auth {
            Auth::OAuth2Code(declared) => {
                let expected = declared.authorization_endpoint.url(&self.known).unwrap();
                assert_eq!(
                    (address.host(), address.path()),
                    (expected.host(), expected.path())
                );
                self.sign_in_by_code(declared, &query)
            }
            Auth::OAuth1(_) => {
                assert_eq!(query["oauth_token"], "request-token");
                vec![
                    ("oauth_token".to_owned(), "request-token".to_owned()),
                    ("oauth_verifier".to_owned(), "v3rifier".to_owned()),
                    ("state".to_owned(), "st4te".to_owned()),
                ]
            }
            Auth::TokenLink(link) => {
                match &link.address {
                    Address::Answered { .. } => assert_eq!(address.as_str(), self.link_address()),
                    Address::Made(endpoint) => {
                        assert_eq!(*address, endpoint.url(&self.known).unwrap())
                    }
                }
                vec![("state".to_owned(), "st4te".to_owned())]
            }
            Auth::Delivery(declared) => {
                assert!(query.values().any(|value| value == "st4te"));
                vec![(declared.state_parameter.clone(), "st4te".to_owned())]
            }
            Auth::ClientCredentials(_) | Auth::Credentials | Auth::FileUpload => {
                panic!("nobody goes")
            }
        };
        for (name, _) in callback_values(&self.integration) {
            let value = self.known.get(&format!("callback.{name}")).unwrap();
            back.push((name.clone(), value.to_owned()));
        }
        if let Auth::OAuth2Code(declared) = &self.integration.auth
            && let Some(signature) = &declared.callback_signature
        {
            back.sort();
            let pairs: Vec<String> = back
                .iter()
                .map(|(name, value)| format!("{name}={}", encode(value)))
                .collect();
            let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
            let tag = hmac::sign(&key, pairs.join("&").as_bytes());
            let hex: String = tag
                .as_ref()
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect();
            back.push((signature.parameter.clone(), hex));
        }
        back
    }

    fn sign_in_by_code(
        &self,
        declared: &OAuth2Code,
        query: &BTreeMap<String, String>,
    ) -> Vec<(String, String)> {
        let replaced = |name: &str| {
            declared.authorize_without.iter().any(|left| left == name)
                || declared.authorize_parameters.contains_key(name)
        };
        let separator = declared.token.scope_separator.as_char().to_string();
        for (name, value) in [
            ("response_type", "code".to_owned()),
            ("client_id", self.client_id().to_owned()),
            ("redirect_uri", self.redirect_uri()),
            ("scope", declared.token.scopes.join(&separator)),
        ] {
            if replaced(name) {
                continue;
            }
            match query.get(name) {
                Some(sent) => assert_eq!(*sent, value, "{name}"),
                None => assert_eq!(value, "", "{name} is missing"),
            }
        }
        for (name, template) in &declared.authorize_parameters {
            let mut known = self.known.clone();
            known.set("scopes", declared.token.scopes.join(&separator));
            assert_eq!(query[name], template.fill(&known).unwrap(), "{name}");
        }
        assert_eq!(
            query.get("response_mode").map(String::as_str) == Some("form_post"),
            declared.response_mode == ResponseMode::FormPost
        );
        let challenge = query.get("code_challenge").cloned();
        match declared.pkce {
            Pkce::S256 => assert_eq!(query["code_challenge_method"], "S256"),
            Pkce::Unsupported => assert_eq!(challenge, None),
        }
        let mut memory = self.memory.lock().unwrap();
        memory.codes.insert("c0de".to_owned(), challenge);
        let mut back = vec![
            (declared.code_parameter.clone(), "c0de".to_owned()),
            ("state".to_owned(), query["state"].clone()),
        ];
        if let Some(issuer) = declared.issuer.as_ref().filter(|issuer| issuer.in_callback) {
            back.push(("iss".to_owned(), issuer.value.fill(&self.known).unwrap()));
        }
        back
    }

    /// What its server delivers to ours, where it does.
    pub(in crate::tests) fn delivery(&self) -> Option<Vec<u8>> {
        let Auth::Delivery(declared) = &self.integration.auth else {
            return None;
        };
        let mut body = json!({});
        put(&mut body, &declared.state, "st4te");
        for (name, value) in &declared.keep {
            let known = self.known.get(&format!("delivery.{name}"));
            put(&mut body, &value.at, known.unwrap());
        }
        Some(body.to_string().into_bytes())
    }

    /// Where a page stands that was made.
    pub(super) fn link_address(&self) -> String {
        let Auth::TokenLink(link) = &self.integration.auth else {
            return String::new();
        };
        let Address::Answered { pattern, .. } = &link.address else {
            return String::new();
        };
        let fits = [
            "https://pages.acme.example/l/1",
            "https://secure.plaid.com/hl/1",
        ];
        let found = fits.iter().find(|text| pattern.fits(text));
        found
            .unwrap_or_else(|| panic!("add an address that fits {}", pattern.as_str()))
            .to_string()
    }
}
