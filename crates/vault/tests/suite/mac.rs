//! Keyed checksums.

use handclasp_domain::Secret;
use handclasp_vault::MacKey;
use proptest::prelude::*;

fn key(purpose: &'static str) -> MacKey {
    MacKey::derive(&Secret::new(vec![7; 32]), purpose)
}

#[test]
fn a_checksum_is_of_its_parts_in_their_order_and_division() {
    let key = key("test");
    let parts: &[&[u8]] = &[b"ab", b"c"];
    let mac = key.mac(parts);
    assert!(key.verify(parts, &mac));
    let others: [&[&[u8]]; 8] = [
        &[b"a", b"bc"],
        &[b"abc"],
        &[b"c", b"ab"],
        &[b"ab", b"c", b""],
        &[b"", b"ab", b"c"],
        &[b"ab"],
        &[b"ab", b"d"],
        &[],
    ];
    for other in others {
        assert!(!key.verify(other, &mac), "{other:?}");
    }
}

#[test]
fn purposes_and_secrets_are_worlds_apart() {
    let mac = key("link").mac(&[b"x"]);
    assert!(!key("cookie").verify(&[b"x"], &mac));
    let other = MacKey::derive(&Secret::new(vec![8; 32]), "link");
    assert!(!other.verify(&[b"x"], &mac));
    assert!(key("link").verify(&[b"x"], &mac));
}

#[test]
fn a_changed_shortened_or_lengthened_checksum_is_wrong() {
    let key = key("test");
    let mac = key.mac(&[b"x"]);
    for bit in 0..256 {
        let mut changed = mac;
        changed[bit / 8] ^= 1 << (bit % 8);
        assert!(!key.verify(&[b"x"], &changed));
    }
    for length in 0..32 {
        assert!(!key.verify(&[b"x"], &mac[..length]));
    }
    assert!(!key.verify(&[b"x"], &[&mac[..], &[0]].concat()));
}

#[test]
fn a_key_shows_its_purpose_alone() {
    assert_eq!(format!("{:?}", key("link")), "MacKey(link)");
}

proptest! {
    #[test]
    fn different_parts_have_different_checksums(one: Vec<Vec<u8>>, two: Vec<Vec<u8>>) {
        let key = key("test");
        let mac = |parts: &[Vec<u8>]| key.mac(&parts.iter().map(Vec::as_slice).collect::<Vec<_>>());
        prop_assert_eq!(mac(&one) == mac(&two), one == two);
    }
}
