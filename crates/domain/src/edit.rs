//! What is to become of a field.

/// What a change does with a field: a change names some and leaves the others.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Edit<T> {
    /// It stays as it is.
    #[default]
    Keep,
    /// It becomes this.
    Set(T),
}

impl<T> Edit<T> {
    /// What it becomes; none where it stays.
    pub const fn as_set(&self) -> Option<&T> {
        match self {
            Self::Keep => None,
            Self::Set(value) => Some(value),
        }
    }

    /// Makes the change.
    pub fn apply(&self, field: &mut T)
    where
        T: Clone,
    {
        if let Self::Set(value) = self {
            field.clone_from(value);
        }
    }
}

impl<T> From<Option<T>> for Edit<T> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Keep, Self::Set)
    }
}
