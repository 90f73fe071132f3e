//! Asks serde what a type reads: which fields a table has and which words a choice, at any depth.

use std::fmt;

use serde::de::value::{BorrowedStrDeserializer, UsizeDeserializer};
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, MapAccess, SeqAccess,
    VariantAccess, Visitor,
};
use serde::forward_to_deserialize_any;

/// What is read at a place.
#[derive(Debug, Clone, Copy)]
pub(super) enum Seen {
    /// A table with these fields.
    Fields(&'static [&'static str]),
    /// One of these words, or a table with one of these names.
    Variants(&'static [&'static str]),
    /// Neither: a text, a number, anything.
    Other,
}

/// What is read at a path of names. Lists, and tables with free names, are no step of it.
pub(super) fn read_at<T: DeserializeOwned>(path: &[String]) -> Seen {
    let mut seen = Seen::Other;
    // It fails once it is there.
    let failed = T::deserialize(At {
        path,
        seen: &mut seen,
    });
    assert!(failed.is_err());
    seen
}

struct At<'a> {
    path: &'a [String],
    seen: &'a mut Seen,
}

impl<'a> At<'a> {
    fn step(self) -> Option<(&'a str, Self)> {
        let (first, path) = self.path.split_first()?;
        let seen = self.seen;
        Some((first, Self { path, seen }))
    }
}

#[derive(Debug)]
struct Enough;

impl fmt::Display for Enough {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("enough is known")
    }
}

impl std::error::Error for Enough {}

impl serde::de::Error for Enough {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

/// The name of the table as which toml's `Spanned` is read.
fn is_spanned(name: &str) -> bool {
    name.to_lowercase().contains("spanned")
}

impl<'de> Deserializer<'de> for At<'_> {
    type Error = Enough;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Enough> {
        Err(Enough)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Enough> {
        if is_spanned(name) {
            return visitor.visit_map(Spanned {
                names: fields.iter(),
                value: Some(self),
            });
        }
        if self.path.is_empty() {
            *self.seen = Seen::Fields(fields);
            return Err(Enough);
        }
        let (name, value) = self.step().ok_or(Enough)?;
        visitor.visit_map(One(Some((name, value))))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Enough> {
        if self.path.is_empty() {
            *self.seen = Seen::Variants(variants);
            return Err(Enough);
        }
        visitor.visit_enum(self)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Enough> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Enough> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Enough> {
        visitor.visit_seq(Item(Some(self)))
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Enough> {
        visitor.visit_map(One(Some(("any", self))))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct tuple tuple_struct identifier ignored_any
    }
}

/// A table with one entry.
struct One<'a>(Option<(&'a str, At<'a>)>);

impl<'de> MapAccess<'de> for One<'_> {
    type Error = Enough;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Enough> {
        let key = self.0.as_ref().map(|(name, _)| Key(name));
        key.map(|key| seed.deserialize(key)).transpose()
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Enough> {
        let (_, value) = self.0.take().ok_or(Enough)?;
        seed.deserialize(value)
    }
}

/// A list with one entry.
struct Item<'a>(Option<At<'a>>);

impl<'de> SeqAccess<'de> for Item<'_> {
    type Error = Enough;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Enough> {
        self.0.take().map(|at| seed.deserialize(at)).transpose()
    }
}

impl<'de, 'a> EnumAccess<'de> for At<'a> {
    type Error = Enough;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), Enough> {
        let (name, value) = self.step().ok_or(Enough)?;
        Ok((seed.deserialize(Key(name))?, value))
    }
}

impl<'de> VariantAccess<'de> for At<'_> {
    type Error = Enough;

    fn unit_variant(self) -> Result<(), Enough> {
        Err(Enough)
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Enough> {
        seed.deserialize(self)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, _: V) -> Result<V::Value, Enough> {
        Err(Enough)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Enough> {
        self.deserialize_struct("", fields, visitor)
    }
}

/// A value with its place in the text, which is nowhere.
struct Spanned<T> {
    names: std::slice::Iter<'static, &'static str>,
    value: Option<T>,
}

impl<'de, T: Deserializer<'de, Error = Enough>> MapAccess<'de> for Spanned<T> {
    type Error = Enough;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Enough> {
        let name = self.names.next();
        let name = name.map(|name| BorrowedStrDeserializer::new(name));
        name.map(|name| seed.deserialize(name)).transpose()
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Enough> {
        // Its beginning and its end come first.
        if self.names.len() > 0 {
            return seed.deserialize(UsizeDeserializer::new(0));
        }
        seed.deserialize(self.value.take().ok_or(Enough)?)
    }
}

/// A name.
#[derive(Clone, Copy)]
struct Key<'a>(&'a str);

impl<'de> Deserializer<'de> for Key<'_> {
    type Error = Enough;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Enough> {
        visitor.visit_str(self.0)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Enough> {
        assert!(is_spanned(name), "{name} is no name");
        visitor.visit_map(Spanned {
            names: fields.iter(),
            value: Some(self),
        })
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}
