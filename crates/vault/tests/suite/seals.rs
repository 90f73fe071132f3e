//! What is sealed opens in its place, and nowhere else.

use handclasp_ambient::Random;
use handclasp_domain::Secret;
use handclasp_vault::{
    Cell, DataKey, KeyError, KeyId, KeyProvider, OpenError, ResealError, SealError, Vault,
};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{ROW, cell, client, master, random, vault};

fn is_not_genuine(result: &Result<Secret<Vec<u8>>, OpenError>) -> bool {
    matches!(result, Err(OpenError::NotGenuine))
}

#[test]
fn a_value_opens_where_it_was_sealed() {
    let vault = vault(1, &[]);
    for value in [&b""[..], b"x", b"a token", &[0xff; 1 << 20]] {
        let sealed = vault.seal(&cell(), value).unwrap();
        assert_eq!(vault.open(&cell(), &sealed).unwrap().expose(), value);
        assert_eq!(sealed.len(), value.len() + 99);
    }
}

#[test]
fn a_value_does_not_open_elsewhere() {
    let vault = vault(1, &[]);
    let sealed = vault.seal(&cell(), b"a token").unwrap();
    let nobodys = Cell {
        client: None,
        ..cell()
    };
    for elsewhere in [
        Cell {
            client: Some(client(8)),
            ..cell()
        },
        Cell {
            client: Some(client(0)),
            ..cell()
        },
        nobodys,
        Cell {
            table: "connections",
            ..cell()
        },
        Cell {
            row: Uuid::nil(),
            ..cell()
        },
        Cell {
            column: "secret",
            ..cell()
        },
        // The same letters, divided otherwise.
        Cell {
            table: "connectio",
            column: "ntokens",
            ..cell()
        },
        Cell {
            table: "tokens",
            column: "connection",
            ..cell()
        },
        Cell {
            table: "",
            column: "connectiontokens",
            ..cell()
        },
    ] {
        assert!(
            is_not_genuine(&vault.open(&elsewhere, &sealed)),
            "{elsewhere:?}"
        );
    }
    let sealed = vault.seal(&nobodys, b"a token").unwrap();
    for elsewhere in [
        cell(),
        Cell {
            client: Some(client(0)),
            ..cell()
        },
    ] {
        assert!(is_not_genuine(&vault.open(&elsewhere, &sealed)));
    }
}

#[test]
fn one_changed_bit_anywhere_is_seen() {
    let vault = vault(1, &[]);
    let sealed = vault.seal(&cell(), b"a token").unwrap();
    for bit in 0..sealed.len() * 8 {
        let mut changed = sealed.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        assert!(vault.open(&cell(), &changed).is_err(), "bit {bit}");
    }
}

#[test]
fn bytes_cut_off_or_added_are_seen() {
    let vault = vault(1, &[]);
    let sealed = vault.seal(&cell(), b"a token").unwrap();
    for length in 0..sealed.len() {
        assert!(vault.open(&cell(), &sealed[..length]).is_err(), "{length}");
    }
    let longer = [&sealed[..], &[0]].concat();
    assert!(is_not_genuine(&vault.open(&cell(), &longer)));
}

#[test]
fn parts_of_two_seals_make_no_third() {
    // Two values of one place: the wrapped key of one, the nonce or the ciphertext of the other.
    let vault = vault(1, &[]);
    let one = vault.seal(&cell(), b"old secret").unwrap();
    let two = vault.seal(&cell(), b"new secret").unwrap();
    for cut in [11, 71, 83] {
        let mixed = [&one[..cut], &two[cut..]].concat();
        let opened = vault.open(&cell(), &mixed);
        // Up to the wrapped key both begin alike.
        assert_eq!(is_not_genuine(&opened), cut != 11, "{cut}");
    }
}

#[test]
fn two_seals_of_one_value_share_nothing_but_the_head() {
    let vault = vault(1, &[]);
    let one = vault.seal(&cell(), b"a token").unwrap();
    let two = vault.seal(&cell(), b"a token").unwrap();
    assert_eq!(one[..11], two[..11]);
    for part in [11..23, 23..55, 55..71, 71..83, 83..90, 90..106] {
        assert_ne!(one[part.clone()], two[part.clone()], "{part:?}");
    }
}

#[test]
fn another_key_does_not_open_and_is_named() {
    let sealed = vault(1, &[]).seal(&cell(), b"a token").unwrap();
    let error = vault(2, &[3]).open(&cell(), &sealed).unwrap_err();
    let expected = master(1).id();
    assert!(matches!(error, OpenError::UnknownKey(id) if id == expected));
    assert!(error.to_string().contains(&expected.to_string()));
}

#[test]
fn a_later_format_is_told_from_damage() {
    let vault = vault(1, &[]);
    let mut sealed = vault.seal(&cell(), b"a token").unwrap();
    sealed[0] = 2;
    assert!(matches!(
        vault.open(&cell(), &sealed),
        Err(OpenError::Version(2))
    ));
    assert!(matches!(
        vault.open(&cell(), b""),
        Err(OpenError::Malformed)
    ));
}

#[test]
fn keys_are_replaced_online() {
    let old = vault(1, &[]);
    let sealed = old.seal(&cell(), b"a token").unwrap();
    assert!(!old.reseal_needed(&sealed));

    let both = vault(2, &[1]);
    assert_eq!(both.open(&cell(), &sealed).unwrap().expose(), b"a token");
    assert!(both.reseal_needed(&sealed));
    let anew = both.reseal(&cell(), &sealed).unwrap();
    assert!(!both.reseal_needed(&anew));

    // The old key can go.
    let new = vault(2, &[]);
    assert_eq!(new.open(&cell(), &anew).unwrap().expose(), b"a token");
    assert!(new.open(&cell(), &sealed).is_err());
    assert!(matches!(
        new.reseal(&cell(), &sealed),
        Err(ResealError::Open(OpenError::UnknownKey(_)))
    ));
    assert!(new.reseal_needed(b"no seal"));
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Tokens {
    access: String,
    refresh: Option<String>,
}

#[test]
fn structures_and_texts_are_sealed_too() {
    let vault = vault(1, &[]);
    // Longer than the first buffer, in many pieces.
    let tokens = Tokens {
        access: "a\"b\n".repeat(5_000),
        refresh: Some("ü".to_owned()),
    };
    let sealed = vault.seal_json(&cell(), &tokens).unwrap();
    assert_eq!(vault.open_json::<Tokens>(&cell(), &sealed).unwrap(), tokens);
    let text = vault.open_text(&cell(), &sealed).unwrap();
    assert_eq!(text.expose(), &serde_json::to_string(&tokens).unwrap());
}

#[test]
fn content_of_another_form_is_told_without_showing_it() {
    let vault = vault(1, &[]);
    let sealed = vault.seal(&cell(), b"\"s3cr3t\"").unwrap();
    let error = vault.open_json::<Tokens>(&cell(), &sealed).unwrap_err();
    assert!(matches!(error, OpenError::Content));
    let source = std::error::Error::source(&error).map(ToString::to_string);
    assert!(!format!("{error} {error:?} {source:?}").contains("s3cr3t"));
    let sealed = vault.seal(&cell(), b"\xff\xfe").unwrap();
    assert!(matches!(
        vault.open_text(&cell(), &sealed),
        Err(OpenError::Content)
    ));
    let no_json: std::collections::BTreeMap<Vec<u8>, u8> = [(vec![1], 1)].into();
    let error = vault.seal_json(&cell(), &no_json).unwrap_err();
    assert!(matches!(error, SealError::Json));
}

/// A provider as one for a key service may be: wrapped keys of another length, and failures.
struct Service {
    down: bool,
}

const SERVICE_KEY: KeyId = KeyId::from_bytes(*b"service1");

impl KeyProvider for Service {
    fn current(&self) -> KeyId {
        SERVICE_KEY
    }

    fn older(&self) -> Vec<KeyId> {
        Vec::new()
    }

    fn wrap(
        &self,
        _: KeyId,
        data_key: &DataKey,
        aad: &[u8],
        _: &dyn Random,
    ) -> Result<Vec<u8>, KeyError> {
        if self.down {
            return Err(KeyError::Failed);
        }
        Ok([&data_key[..], aad].concat())
    }

    fn unwrap(&self, _: KeyId, wrapped: &[u8], aad: &[u8]) -> Result<DataKey, KeyError> {
        if self.down {
            return Err(KeyError::Failed);
        }
        let (key, bound) = wrapped.split_first_chunk().ok_or(KeyError::NotGenuine)?;
        if bound != aad {
            return Err(KeyError::NotGenuine);
        }
        Ok(DataKey::new(*key))
    }
}

#[test]
fn keys_may_come_from_elsewhere() {
    let up = Vault::new(Service { down: false }, random(1));
    let down = Vault::new(Service { down: true }, random(1));
    let sealed = up.seal(&cell(), b"a token").unwrap();
    assert_eq!(up.open(&cell(), &sealed).unwrap().expose(), b"a token");
    assert!(matches!(
        down.open(&cell(), &sealed),
        Err(OpenError::Key(KeyError::Failed))
    ));
    assert!(matches!(
        down.seal(&cell(), b""),
        Err(SealError::Key(KeyError::Failed))
    ));
    let elsewhere = Cell {
        row: Uuid::nil(),
        ..cell()
    };
    assert!(is_not_genuine(&up.open(&elsewhere, &sealed)));
    assert_eq!(up.current_key(), SERVICE_KEY);
}

#[test]
fn nothing_shows_a_secret() {
    let vault = vault(1, &[2]);
    let sealed = vault.seal(&cell(), b"s3cr3t").unwrap();
    let opened = vault.open(&cell(), &sealed).unwrap();
    let told = format!("{vault:?} {opened:?} {:?}", master(1));
    assert!(!told.contains("s3cr3t") && !told.contains("115"), "{told}");
    assert!(told.contains(&master(1).id().to_string()), "{told}");
}

proptest! {
    #[test]
    fn any_value_comes_back(value: Vec<u8>, row: u128, seed: u64) {
        let vault = Vault::new(crate::ring(1, &[]), random(seed));
        let cell = Cell { row: Uuid::from_u128(row), ..cell() };
        let sealed = vault.seal(&cell, &value).unwrap();
        let opened = vault.open(&cell, &sealed).unwrap();
        prop_assert_eq!(opened.expose(), &value);
        if row != ROW.as_u128() {
            prop_assert!(vault.open(&crate::cell(), &sealed).is_err());
        }
    }

    #[test]
    fn any_bytes_are_taken_without_panic(bytes: Vec<u8>, after_head: Vec<u8>, length: u16) {
        let vault = vault(1, &[]);
        prop_assert!(vault.open(&cell(), &bytes).is_err());
        prop_assert!(vault.verify_key_check(&bytes).is_err());
        vault.reseal_needed(&bytes);
        // A true head, and any length and bytes after it.
        let head = &vault.seal(&cell(), b"").unwrap()[..9];
        let garbled = [head, &length.to_be_bytes(), &after_head].concat();
        prop_assert!(vault.open(&cell(), &garbled).is_err());
        prop_assert!(vault.verify_key_check(&garbled).is_err());
    }
}
