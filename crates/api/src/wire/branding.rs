//! An integration's branding on the wire.

use handclasp_domain::SourceId;
use handclasp_integrations::Integration;
use serde::Serialize;

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
