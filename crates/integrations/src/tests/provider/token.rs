//! Its token endpoint.

use super::*;

impl Provider {
    pub(super) fn token(&self, request: &Seen) -> Reply {
        let declared = token_endpoint(&self.integration).unwrap();
        let fields = self.fields(declared, request);
        let get = |name: &str| fields.get(name).map(String::as_str);
        let refused = || Reply::json(400, &json!({"error": "invalid_grant"}));
        let is_refresh = get("refresh_token").is_some();
        self.is_us(declared, is_refresh, request, &fields);
        let mut memory = self.memory.lock().unwrap();
        let grant = if is_refresh {
            "refresh_token"
        } else if get("code").is_some() {
            "authorization_code"
        } else {
            "client_credentials"
        };
        let expected = (!declared.quirks.contains(&Quirk::NoGrantType)).then_some(grant);
        assert_eq!(get("grant_type"), expected);
        let mut give_refresh = declared.refresh_tokens != RefreshTokens::None;
        match grant {
            "authorization_code" => {
                let Some(challenge) = memory.codes.remove(get("code").unwrap()) else {
                    return refused();
                };
                let expected = self.redirect_uri();
                assert_eq!(get("redirect_uri"), Some(expected.as_str()));
                let proof = get("code_verifier").map(|verifier| {
                    URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, verifier.as_bytes()))
                });
                assert_eq!(proof, challenge);
            }
            "refresh_token" => {
                let token = get("refresh_token").unwrap();
                if !memory.refresh.contains(token) {
                    return refused();
                }
                if declared.refresh_tokens == RefreshTokens::Rotate {
                    memory.refresh.remove(token);
                } else {
                    give_refresh = false;
                }
            }
            _ => give_refresh = false,
        }
        let extra = if is_refresh {
            &declared.refresh_parameters
        } else {
            &declared.exchange_parameters
        };
        for (name, template) in declared.parameters.iter().chain(extra) {
            if let Ok(value) = template.fill(&self.known) {
                assert_eq!(get(name), Some(value.as_str()), "{name}");
            }
        }
        memory.issued += 1;
        let access = format!("access-{}", memory.issued);
        let mut body = json!({"token_type": "Bearer"});
        let places = &declared.answer;
        put(
            &mut body,
            places.access_token.as_deref().unwrap_or("/access_token"),
            &access,
        );
        memory.access.insert(access);
        match &places.expires_at {
            None => body["expires_in"] = json!(1800),
            Some(expires) => {
                let at = match expires.form {
                    InstantForm::Rfc3339 => json!("2026-03-01T12:30:00Z"),
                    InstantForm::Unix => json!(NOW.as_seconds() + 1800),
                };
                put_value(&mut body, &expires.at, at);
            }
        }
        if let Some(expires) = &places.refresh_expires_at {
            let at = match expires.form {
                InstantForm::Rfc3339 => json!("2026-04-01T12:30:00Z"),
                InstantForm::Unix => json!(format!("{}.25", NOW.as_seconds() + 86_400)),
            };
            put_value(&mut body, &expires.at, at);
        }
        if give_refresh {
            let refresh = format!("refresh-{}", memory.issued);
            put(
                &mut body,
                places.refresh_token.as_deref().unwrap_or("/refresh_token"),
                &refresh,
            );
            memory.refresh.insert(refresh);
        }
        for (name, value) in &places.keep {
            put(
                &mut body,
                &value.at,
                self.known.get(&format!("token.{name}")).unwrap(),
            );
        }
        Reply::json(200, &body)
    }

    fn fields(&self, declared: &TokenEndpoint, request: &Seen) -> BTreeMap<String, String> {
        assert_eq!(
            (request.method.as_str(), request.header("accept")),
            ("POST", "application/json")
        );
        match declared.body {
            TokenBody::Form => {
                assert_eq!(
                    request.header("content-type"),
                    "application/x-www-form-urlencoded"
                );
                request.form.iter().cloned().collect()
            }
            TokenBody::Json => {
                assert_eq!(request.header("content-type"), "application/json");
                serde_json::from_slice(&request.body).unwrap()
            }
        }
    }

    /// Our authentication, in the one declared way and in no other besides.
    fn is_us(
        &self,
        declared: &TokenEndpoint,
        is_refresh: bool,
        request: &Seen,
        fields: &BTreeMap<String, String>,
    ) {
        use ClientAuthentication as Way;
        let id = self.client_id();
        let of_us = self.known.get("person.client_secret").unwrap_or(SECRET);
        let way = declared
            .refresh_client_authentication
            .filter(|_| is_refresh)
            .unwrap_or(declared.client_authentication);
        let sent = request.header("authorization").strip_prefix("Basic ");
        let sent = sent.map(|sent| String::from_utf8(STANDARD.decode(sent).unwrap()).unwrap());
        let encode =
            |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let basic = match way {
            Way::Basic | Way::BasicAndPost => Some(format!("{}:{}", encode(id), encode(of_us))),
            Way::BasicUnencoded => Some(format!("{id}:{of_us}")),
            Way::Post | Way::IdOnly | Way::PrivateKeyJwt | Way::None => None,
        };
        assert_eq!(sent, basic);
        let get = |name: &str| fields.get(name).map(String::as_str);
        let with_secret = matches!(way, Way::Post | Way::BasicAndPost);
        let with_id = with_secret || matches!(way, Way::IdOnly | Way::PrivateKeyJwt);
        if !declared.parameters.contains_key("client_id") {
            assert_eq!(get("client_id"), with_id.then_some(id));
        }
        assert_eq!(get("client_secret"), with_secret.then_some(of_us));
        assert_eq!(get("client_assertion").is_some(), way == Way::PrivateKeyJwt);
        if let Some(assertion) = get("client_assertion") {
            self.is_assertion(declared, assertion);
        }
    }

    fn is_assertion(&self, declared: &TokenEndpoint, assertion: &str) {
        let claims = assertion.split('.').nth(1).unwrap();
        let claims = URL_SAFE_NO_PAD.decode(claims).unwrap();
        let claims: Value = serde_json::from_slice(&claims).unwrap();
        let fill = |template: &Option<Template>| {
            let template = template.as_ref();
            template.map(|template| template.fill(&self.known).unwrap())
        };
        let issuer = fill(&declared.assertion_issuer);
        let audience = fill(&declared.assertion_audience);
        let endpoint = declared.endpoint.url(&self.known).unwrap();
        assert_eq!(claims["iss"], issuer.unwrap_or(self.client_id().to_owned()));
        assert_eq!(claims["sub"], self.client_id());
        assert_eq!(claims["aud"], audience.unwrap_or(endpoint.into()));
    }
}
