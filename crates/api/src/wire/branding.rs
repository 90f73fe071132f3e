//! An integration's branding on the wire.

use handclasp_domain::SourceId;
use handclasp_integrations::Integration;
use serde::Serialize;
use serde_json::{Value, json};

use crate::doc::shape::{id, object, text, url, with};
use crate::doc::{Schemas, Shape};
use crate::drawing::Drawing;
use crate::state::Api;

/// The pictures of an integration.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Branding {
    logo: Logo,
    button: Button,
    source_id: SourceId,
}

#[derive(Serialize)]
struct Logo {
    full: Picture,
    square: Picture,
}

#[derive(Serialize)]
struct Button {
    default: Picture,
    hover: Picture,
}

#[derive(Serialize)]
struct Picture {
    image: Reference,
}

#[derive(Serialize)]
struct Reference {
    src: String,
    alt: String,
}

impl Branding {
    /// An integration's.
    pub(crate) fn of(api: &Api, integration: &Integration) -> Self {
        let picture = |drawing: Drawing| Picture {
            image: Reference {
                src: api.drawing_url(integration.key, drawing),
                alt: drawing.says(&integration.name),
            },
        };
        Self {
            logo: Logo {
                full: picture(Drawing::LogoFull),
                square: picture(Drawing::LogoSquare),
            },
            button: Button {
                default: picture(Drawing::Button),
                hover: picture(Drawing::ButtonHover),
            },
            source_id: integration.source_id,
        }
    }
}

impl Shape for Branding {
    const NAME: &'static str = "Branding";

    fn schema(all: &mut Schemas) -> Value {
        let picture = all.named("BrandingPicture", |_| {
            let src = url(
                "Where it is. It needs no key.",
                "https://link.example.com/api/integrations/mqjo/branding/logo-full.svg",
            );
            let alt = with(text("What it says."), json!({ "example": "Sandbox" }));
            let image = object("The image.").must("src", src).must("alt", alt);
            object("A picture.").must("image", image.schema()).schema()
        });
        let logo = object("The integration's mark.")
            .must("full", picture.clone())
            .must("square", picture.clone());
        let button = object("A button that begins a connection.")
            .must("default", picture.clone())
            .must("hover", picture);
        object("The pictures of an integration.")
            .must("logo", logo.schema())
            .must("button", button.schema())
            .must(
                "sourceId",
                id("The id of the system that the integration leads to."),
            )
            .schema()
    }
}
