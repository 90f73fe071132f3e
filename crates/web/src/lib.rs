//! The shared HTTP kit: front, errors, cookies, forms, languages, layout, assets
