//! Bodies that make or change companies.

use handclasp_app::{CompanyChange, NewCompany};
use handclasp_domain::{
    CompanyName, DESCRIPTION_MAX, Edit, FieldError, PARENT_FIELD, Products, References,
    SUBSIDIARIES_FIELD, Tags, Unnamed, parse_description,
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Pairs;
use super::company_reference::Referred;
use crate::doc::shape::{Object, id, line, list, name, object, or_null, text, with};
use crate::doc::{Schemas, Shape};

/// What a company is created with, and replaced with.
#[derive(Deserialize)]
#[serde(transparent)]
pub(crate) struct CreateCompany(UpdateCompany);

/// What a company is changed to. What is absent or null stays as it is.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UpdateCompany {
    name: Option<String>,
    description: Option<String>,
    tags: Option<Pairs>,
    products: Option<Vec<String>>,
    reference_parent_company: Option<Referred>,
    reference_subsidiary_companies: Option<Vec<Referred>>,
}

impl CreateCompany {
    /// Checks the fields.
    pub(crate) fn parse(self) -> Result<NewCompany, FieldError> {
        let change = self.0.parse()?;
        let Edit::Set(name) = change.name else {
            return Err(super::missing("name"));
        };
        Ok(NewCompany {
            name,
            description: or_default(change.description),
            tags: or_default(change.tags),
            products: or_default(change.products),
            references: change.references,
        })
    }

    /// Checks the fields of a replacement: whatever is absent is cleared. Products are not: they have operations of their own, and
    /// those who know the contract alone would lose them with every new name, as its body has no field for them.
    pub(crate) fn parse_replacement(self) -> Result<CompanyChange, FieldError> {
        let change = self.0.parse()?;
        if change.name == Edit::Keep {
            return Err(super::missing("name"));
        }
        Ok(CompanyChange {
            description: Edit::Set(or_default(change.description)),
            tags: Edit::Set(or_default(change.tags)),
            references: References {
                unnamed: Unnamed {
                    parent: change.references.parent == Edit::Keep,
                    subsidiaries: change.references.subsidiaries == Edit::Keep,
                },
                parent: Edit::Set(or_default(change.references.parent)),
                subsidiaries: Edit::Set(or_default(change.references.subsidiaries)),
            },
            ..change
        })
    }
}

fn or_default<T: Default>(edit: Edit<T>) -> T {
    match edit {
        Edit::Keep => T::default(),
        Edit::Set(value) => value,
    }
}

impl UpdateCompany {
    /// Checks the fields.
    pub(crate) fn parse(self) -> Result<CompanyChange, FieldError> {
        let name = self.name.as_deref().map(CompanyName::parse);
        let description = match self.description {
            Some(text) => Edit::Set(parse_description(Some(&text))?),
            None => Edit::Keep,
        };
        let tags = self.tags.map(|tags| Tags::parse(tags.0));
        let products = self
            .products
            .map(|list| Products::parse(list.iter().map(String::as_str)));
        let parent = self
            .reference_parent_company
            .map(|referred| referred.parse_or_none(PARENT_FIELD));
        let subsidiaries = self.reference_subsidiary_companies.map(|list| {
            let each = list.iter().enumerate();
            let ids = each.map(|(index, one)| one.parse(&format!("{SUBSIDIARIES_FIELD}[{index}]")));
            References::subsidiaries(ids.collect::<Result<_, _>>()?)
        });
        Ok(CompanyChange {
            name: name.transpose()?.into(),
            description,
            tags: tags.transpose()?.into(),
            products: products.transpose()?.into(),
            references: References {
                parent: parent.transpose()?.into(),
                subsidiaries: subsidiaries.transpose()?.into(),
                unnamed: Unnamed::default(),
            },
        })
    }
}

impl Shape for CreateCompany {
    const NAME: &'static str = "CreateCompany";

    fn schema(_: &mut Schemas) -> Value {
        members("What a company is created or replaced with.", Object::must)
    }
}

impl Shape for UpdateCompany {
    const NAME: &'static str = "UpdateCompany";

    fn schema(_: &mut Schemas) -> Value {
        members("What of a company is changed.", |object, name, schema| {
            object.may(name, or_null(schema))
        })
    }
}

fn members(text: &'static str, name: fn(Object, &'static str, Value) -> Object) -> Value {
    let parent = "The company that it belongs to, by its id; `{}` for none.";
    let subsidiaries = list("The companies that belong to it, by their ids.", referred());
    name(object(text), "name", own_name())
        .may("description", or_null(description()))
        .may("tags", or_null(tags()))
        .may("products", or_null(products()))
        .may(
            PARENT_FIELD,
            or_null(with(referred(), json!({ "description": parent }))),
        )
        .may(SUBSIDIARIES_FIELD, or_null(subsidiaries))
        .schema()
}

fn referred() -> Value {
    object("Another company.").may("id", id("Its id.")).schema()
}

pub(super) fn own_name() -> Value {
    name(
        "Your name for it, in any script. Spaces around it are taken away.",
        "Ash & Birch Ltd",
    )
}

pub(super) fn description() -> Value {
    json!({
        "type": "string",
        "description": "Your notes. The one text that may have several lines.",
        "maxLength": DESCRIPTION_MAX,
        "pattern": r"^[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u2028\u2029]*$",
        "example": "Asked for a loan in March",
    })
}

pub(super) fn tags() -> Value {
    json!({
        "type": "object",
        "description": "Your labels, each with its value.",
        "maxProperties": 10,
        "propertyNames": line("The label.", 1, 27),
        "additionalProperties": line("The value.", 0, 100),
        "example": { "region": "eu" },
    })
}

pub(super) fn products() -> Value {
    let identifier = with(
        text("Your name for a product."),
        json!({ "pattern": "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$", "example": "lending" }),
    );
    with(
        list("The products that are enabled for it.", identifier),
        json!({ "maxItems": 50 }),
    )
}
