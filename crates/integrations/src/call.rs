//! Calls that a declaration describes.

use std::collections::BTreeMap;

use bytes::Bytes;
use handclasp_domain::Secret;
use handclasp_outbound::Request;
use http::header::CONTENT_TYPE;
use http::{HeaderName, HeaderValue, Method};
use serde_json::{Map, Value};
use url::form_urlencoded;

use crate::declared_error::DeclaredError;
use crate::endpoint::Endpoint;
use crate::provider::{ProviderFailure, sensitive};
use crate::template::{Template, Unfilled};
use crate::values::Values;

/// A call: where, how, and what is sent. Its answer is read by whoever makes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The method.
    pub method: Method,
    /// Where.
    pub endpoint: Endpoint,
    /// How we show who we are.
    pub authorization: CallAuthorization,
    /// Further headers.
    pub headers: BTreeMap<String, Template>,
    /// The body.
    pub body: CallBody,
    /// What refusals mean that are not in usual words.
    pub errors: Vec<DeclaredError>,
}

/// How a call shows who makes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallAuthorization {
    /// As calls to the integration's API do.
    #[default]
    Api,
    /// By our client id and secret, as at the token endpoint.
    Client,
    /// Not beyond what the call itself says.
    None,
}

/// What a call sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallBody {
    /// Nothing.
    Empty,
    /// A form.
    Form(BTreeMap<String, Template>),
    /// JSON whose texts are templates.
    Json(JsonTemplate),
}

/// JSON whose texts are templates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JsonTemplate {
    /// What is sent as it is: numbers, truth values.
    Fixed(Value),
    /// A text.
    Text(Template),
    /// A list.
    List(Vec<Self>),
    /// An object.
    Object(Vec<(String, Self)>),
}

impl JsonTemplate {
    pub(crate) fn fill(&self, values: &Values) -> Result<Value, Unfilled> {
        Ok(match self {
            Self::Fixed(value) => value.clone(),
            Self::Text(template) => Value::String(template.fill(values)?),
            Self::List(items) => items
                .iter()
                .map(|item| item.fill(values))
                .collect::<Result<_, _>>()?,
            Self::Object(members) => {
                let mut object = Map::new();
                for (name, member) in members {
                    object.insert(name.clone(), member.fill(values)?);
                }
                Value::Object(object)
            }
        })
    }
}

impl Call {
    /// The request, without what shows who makes it. `purpose` is its label in the metrics.
    pub(crate) fn request(
        &self,
        purpose: &'static str,
        values: &Values,
    ) -> Result<Request, ProviderFailure> {
        let mut request = Request::new(purpose, self.method.clone(), self.endpoint.url(values)?);
        match &self.body {
            CallBody::Empty => {}
            CallBody::Form(fields) => {
                let mut form = form_urlencoded::Serializer::new(String::new());
                for (name, template) in fields {
                    form.append_pair(name, &template.fill(values)?);
                }
                set_form(&mut request, form.finish());
            }
            CallBody::Json(body) => set_json(&mut request, &body.fill(values)?),
        }
        add_headers(&mut request, &self.headers, values)?;
        Ok(request)
    }
}

/// Adds declared headers. None of them shows in a log.
pub(crate) fn add_headers(
    request: &mut Request,
    headers: &BTreeMap<String, Template>,
    values: &Values,
) -> Result<(), ProviderFailure> {
    for (name, template) in headers {
        // Declarations are checked: a name is one.
        if let Ok(name) = HeaderName::try_from(name.as_str()) {
            let value = Secret::new(template.fill(values)?);
            request.headers.insert(name, sensitive(&value)?);
        }
    }
    Ok(())
}

pub(crate) fn set_form(request: &mut Request, form: String) {
    request.headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static("application/x-www-form-urlencoded"),
    );
    request.body = Bytes::from(form);
}

pub(crate) fn set_json(request: &mut Request, value: &Value) {
    request
        .headers
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    request.body = Bytes::from(value.to_string());
}
