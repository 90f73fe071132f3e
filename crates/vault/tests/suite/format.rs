//! The format does not drift: what was sealed once opens for ever. These vectors were checked against
//! another implementation, Python's `cryptography` and `hmac`, from the format's description alone.

use handclasp_domain::Secret;
use handclasp_vault::{Cell, MacKey, MasterKey, Vault};
use uuid::Uuid;

use crate::{ROW, cell, client, master, random, vault};

const KEY: &str = "hcmk1_wVwCiewtCpFn7I5loY3rvl5VMvvuopP4C8lC7pCGwXEMfOpQw";
const KEY_ID: &str = "b36f1125a59ee3f6";
/// `a token`, in the connection of a client.
const SEALED: &str = "01b36f1125a59ee3f6003cabd534f4ebbfca81b94f3d99b3b8328bc0534df5769a766018dd98a7879270ba13fedaa18116414711a0d9e9fe843f9709f7abfaf8e1fdb0d7ffe06a58cfe6bb012fc62f288433432ae3c1dc3ae393bd3035ed1baf6199778c3d78be1666c6";
/// Nothing, in a cell of no client.
const SEALED_NOBODYS: &str = "01b36f1125a59ee3f6003c75f07fb0a23ed3e70058a35020c4db0b3bb421e1e02c7323aea9a38b99a384b703fe7c3d74d60119e9df10f40bd78786b5cea520fba499f3533cdea3a46c12f9b85ea891fe6300c3702da7a62ef4061a66d10b4d1f6168ab";
const KEY_CHECK: &str = "01b36f1125a59ee3f6003c15a096b931a01d71a1844d9915504d46e8812fb85925898a301692c35be532f6df694e4c4bf6d5a1c5c1b79bdb4025ca47b2893ada7ba448d129f3f695063c423c82e92eea9d64e85e5ff3af5f21086b6d866db6109b7a87f71c7b09e155086aa9b65988b9ac5e672a5a81";
/// Of the parts `ab` and `c`, for the purpose `test` under thirty-two bytes of 7.
const MAC: &str = "0e82a052046ab8645f0bf48c589d76466f5c6cde47762d5eb77131656ea92a7a";

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
        .collect()
}

fn cell_then() -> Cell {
    Cell {
        client: Some(client(7)),
        table: "connection",
        row: Uuid::parse_str("67e55044-10b1-426f-9247-bb680e5fe0c8").unwrap(),
        column: "tokens",
    }
}

#[test]
fn what_was_sealed_opens() {
    let key = MasterKey::parse(KEY).unwrap();
    assert_eq!(key.id().to_string(), KEY_ID);
    let vault = Vault::new(handclasp_vault::KeyRing::from(key), random(5));
    let opened = vault.open(&cell_then(), &unhex(SEALED)).unwrap();
    assert_eq!(opened.expose(), b"a token");
    let nobodys = Cell {
        client: None,
        ..cell_then()
    };
    let opened = vault.open(&nobodys, &unhex(SEALED_NOBODYS)).unwrap();
    assert_eq!(opened.expose(), b"");
    vault.verify_key_check(&unhex(KEY_CHECK)).unwrap();
}

#[test]
fn seals_are_made_as_they_were() {
    assert_eq!(master(1).to_text().expose(), KEY);
    assert_eq!((cell(), ROW), (cell_then(), cell_then().row));
    let vault = vault(1, &[]);
    assert_eq!(hex(&vault.seal(&cell(), b"a token").unwrap()), SEALED);
    let nobodys = Cell {
        client: None,
        ..cell()
    };
    assert_eq!(hex(&vault.seal(&nobodys, b"").unwrap()), SEALED_NOBODYS);
    assert_eq!(hex(&vault.key_check().unwrap()), KEY_CHECK);
}

#[test]
fn checksums_are_made_as_they_were() {
    let key = MacKey::derive(&Secret::new(vec![7; 32]), "test");
    let parts: &[&[u8]] = &[b"ab", b"c"];
    assert_eq!(hex(&key.mac(parts)), MAC);
    assert!(key.verify(parts, &unhex(MAC)));
}
