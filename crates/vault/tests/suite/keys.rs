//! Master keys: their text, their ring, and noticing the wrong one.

use handclasp_vault::{BadMasterKey, KeyCheckError, KeyRing, MasterKey, OpenError, WrongKey};
use proptest::prelude::*;

use crate::{master, vault};

#[test]
fn the_text_of_a_key_reads_back() {
    let key = master(1);
    let text = key.to_text();
    assert_eq!(text.expose().len(), 55);
    assert!(text.expose().starts_with("hcmk1_"));
    let again: MasterKey = format!(" {}\r\n", text.expose()).parse().unwrap();
    assert_eq!(again.id(), key.id());
    assert_eq!(again.to_text().expose(), text.expose());
    assert_ne!(master(2).id(), key.id());
}

#[test]
fn a_text_that_is_no_key_says_why() {
    let text = master(1).to_text().expose().clone();
    for (bad, why) in [
        (String::new(), BadMasterKey::Prefix),
        ("secret".to_owned(), BadMasterKey::Prefix),
        (text.to_uppercase(), BadMasterKey::Prefix),
        (text[..54].to_owned(), BadMasterKey::Length(54)),
        (format!("{text}A"), BadMasterKey::Length(56)),
        (
            format!("hcmk1_{}", "ü".repeat(24)),
            BadMasterKey::Characters,
        ),
        (format!("{}!", &text[..54]), BadMasterKey::Characters),
        (format!("{}=", &text[..54]), BadMasterKey::Characters),
        (
            format!("hcmk1_{}ü", "A".repeat(47)),
            BadMasterKey::Characters,
        ),
        (
            format!("hcmk1_{}üü{}", "A".repeat(42), "A".repeat(3)),
            BadMasterKey::Characters,
        ),
    ] {
        let error = MasterKey::parse(&bad).unwrap_err();
        assert_eq!(error, why);
        assert!(!error.to_string().contains("secret"));
    }
}

#[test]
fn one_wrong_character_is_noticed() {
    let text = master(1).to_text().expose().clone();
    for place in 6..text.len() {
        for other in ["A", "b", "7", "_", "-"] {
            if &text[place..=place] != other {
                let mut wrong = text.clone();
                wrong.replace_range(place..=place, other);
                assert!(MasterKey::parse(&wrong).is_err(), "{place}");
            }
        }
    }
    // Two neighbours exchanged.
    for place in 6..text.len() - 1 {
        let mut wrong = text.clone().into_bytes();
        wrong.swap(place, place + 1);
        let wrong = String::from_utf8(wrong).unwrap();
        assert!(
            wrong == text || MasterKey::parse(&wrong).is_err(),
            "{place}"
        );
    }
}

#[test]
fn a_ring_has_no_key_twice() {
    let twice = KeyRing::new(master(1), vec![master(2), master(1)]).unwrap_err();
    assert_eq!(twice.0, master(1).id());
    assert!(KeyRing::new(master(1), vec![master(2), master(2)]).is_err());
    assert!(KeyRing::new(master(1), vec![master(2), master(3)]).is_ok());
}

#[test]
fn the_right_key_passes_the_check_and_an_older_one_too() {
    let stored = vault(1, &[]).key_check().unwrap();
    vault(1, &[]).verify_key_check(&stored).unwrap();
    vault(1, &[2]).verify_key_check(&stored).unwrap();
    let rotating = vault(2, &[1]);
    rotating.verify_key_check(&stored).unwrap();
    assert!(rotating.reseal_needed(&stored));
}

#[test]
fn the_wrong_key_stops_the_start_and_says_what_to_do() {
    let stored = vault(1, &[]).key_check().unwrap();
    let (one, two, three, four) = (
        master(1).id(),
        master(2).id(),
        master(3).id(),
        master(4).id(),
    );
    let Err(KeyCheckError::WrongKey(wrong)) = vault(2, &[]).verify_key_check(&stored) else {
        panic!("a wrong key passed");
    };
    assert_eq!(
        wrong,
        WrongKey {
            expected: one,
            have: vec![two]
        }
    );
    assert_eq!(
        wrong.to_string(),
        format!(
            "the secrets in this database are sealed with the master key {one}, but the server was given \
             the key {two}; give it the key {one}: as the master key, or, where it was replaced, among the \
             older ones. Without it nothing that was sealed can be read"
        )
    );
    let error = vault(2, &[3, 4]).verify_key_check(&stored).unwrap_err();
    let given = format!("was given the key {two} and the older {three}, {four};");
    assert!(error.to_string().contains(&given), "{error}");
}

#[test]
fn a_damaged_check_is_told_from_a_wrong_key() {
    let vault = vault(1, &[]);
    let mut stored = vault.key_check().unwrap();
    *stored.last_mut().unwrap() ^= 1;
    let damaged = vault.verify_key_check(&stored).unwrap_err();
    assert!(matches!(
        damaged,
        KeyCheckError::Damaged(OpenError::NotGenuine)
    ));
    let empty = vault.verify_key_check(b"").unwrap_err();
    assert!(matches!(
        empty,
        KeyCheckError::Damaged(OpenError::Malformed)
    ));
    // A genuine seal, but of something else.
    let other = vault.seal(&crate::cell(), b"handclasp key check").unwrap();
    assert!(vault.verify_key_check(&other).is_err());
}

proptest! {
    #[test]
    fn any_text_is_taken_without_panic(text: String, tail in "[A-Za-z0-9_-]{49}") {
        prop_assert!(MasterKey::parse(&text).is_err());
        prop_assert!(MasterKey::parse(&["hcmk1_", &text].concat()).is_err());
        // One in four thousand million has a right checksum.
        prop_assert!(MasterKey::parse(&["hcmk1_", &tail].concat()).is_err());
    }
}
