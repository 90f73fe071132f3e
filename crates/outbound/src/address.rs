//! Which addresses lead into the open internet.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

/// IPv4 networks that no request may reach unless the operator allows it: the entries of IANA's
/// special-purpose registry that are not globally reachable (RFC 6890), and cloud services at public addresses.
const REFUSED_V4: &[(Ipv4Addr, u32)] = &[
    (Ipv4Addr::new(0, 0, 0, 0), 8),        // this host, this network
    (Ipv4Addr::new(10, 0, 0, 0), 8),       // private
    (Ipv4Addr::new(100, 64, 0, 0), 10),    // carriers' NAT; some clouds' metadata
    (Ipv4Addr::new(127, 0, 0, 0), 8),      // loopback
    (Ipv4Addr::new(168, 63, 129, 16), 32), // Azure's host agent
    (Ipv4Addr::new(169, 254, 0, 0), 16),   // link-local; most clouds' metadata
    (Ipv4Addr::new(172, 16, 0, 0), 12),    // private
    (Ipv4Addr::new(192, 0, 0, 0), 24),     // protocol assignments; Oracle's metadata
    (Ipv4Addr::new(192, 0, 2, 0), 24),     // documentation
    (Ipv4Addr::new(192, 88, 99, 0), 24),   // 6to4 relays
    (Ipv4Addr::new(192, 168, 0, 0), 16),   // private
    (Ipv4Addr::new(198, 18, 0, 0), 15),    // benchmarking
    (Ipv4Addr::new(198, 51, 100, 0), 24),  // documentation
    (Ipv4Addr::new(203, 0, 113, 0), 24),   // documentation
    (Ipv4Addr::new(224, 0, 0, 0), 4),      // multicast
    (Ipv4Addr::new(240, 0, 0, 0), 4),      // reserved, broadcast
];

/// IPv6 networks within global unicast (2000::/3) that are refused. Outside of it everything is: loopback,
/// unspecified, IPv4-compatible, link-local, unique local, multicast, local NAT64 (64:ff9b:1::/48), what is
/// not assigned yet.
const REFUSED_V6: &[(Ipv6Addr, u32)] = &[
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23), // protocol assignments: Teredo, benchmarking, ORCHID
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32), // documentation
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16), // 6to4, which carries an IPv4 address
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20), // documentation
];

const GLOBAL_UNICAST: (Ipv6Addr, u32) = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);
const NAT64: (Ipv6Addr, u32) = (Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0), 96);

/// Whether an address belongs to the open internet: not to this machine, a private network, a
/// cloud's metadata service, or a range that is reserved. An IPv6 address that stands for an IPv4 one
/// (`::ffff:0:0/96`, and `64:ff9b::/96` behind a NAT64) is judged as that one; other translations
/// (6to4, Teredo, local NAT64, IPv4-compatible) are never public. An unknown kind of IPv6 address is not public.
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => !REFUSED_V4.iter().any(|net| in_v4(v4, *net)),
        IpAddr::V6(v6) => match embedded(v6) {
            Some(v4) => is_public(IpAddr::V4(v4)),
            None => in_v6(v6, GLOBAL_UNICAST) && !REFUSED_V6.iter().any(|net| in_v6(v6, *net)),
        },
    }
}

/// Whether one of the ranges holds this address, or the IPv4 address that it is a mapped form of. (Behind
/// a NAT64 an address goes elsewhere than its IPv4 part in our own network, and is not looked into.)
pub(crate) fn is_allowed(address: IpAddr, ranges: &[IpNet]) -> bool {
    let canonical = address.to_canonical();
    ranges
        .iter()
        .any(|range| range.contains(&address) || range.contains(&canonical))
}

/// The IPv4 address that an IPv6 one leads to.
fn embedded(v6: Ipv6Addr) -> Option<Ipv4Addr> {
    v6.to_ipv4_mapped().or_else(|| {
        let [.., a, b, c, d] = v6.octets();
        in_v6(v6, NAT64).then(|| Ipv4Addr::new(a, b, c, d))
    })
}

fn in_v4(address: Ipv4Addr, (net, prefix): (Ipv4Addr, u32)) -> bool {
    (address.to_bits() ^ net.to_bits()).leading_zeros() >= prefix
}

fn in_v6(address: Ipv6Addr, (net, prefix): (Ipv6Addr, u32)) -> bool {
    (address.to_bits() ^ net.to_bits()).leading_zeros() >= prefix
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn public(text: &str) -> bool {
        is_public(text.parse().unwrap())
    }

    #[test]
    fn each_range_ends_where_it_ends() {
        for (inside, outside) in [
            ("0.255.255.255", "1.0.0.0"),
            ("10.0.0.0", "9.255.255.255"),
            ("10.255.255.255", "11.0.0.0"),
            ("100.64.0.0", "100.63.255.255"),
            ("100.127.255.255", "100.128.0.0"),
            ("127.0.0.0", "126.255.255.255"),
            ("127.255.255.255", "128.0.0.0"),
            ("168.63.129.16", "168.63.129.17"),
            ("169.254.0.0", "169.253.255.255"),
            ("169.254.255.255", "169.255.0.0"),
            ("172.16.0.0", "172.15.255.255"),
            ("172.31.255.255", "172.32.0.0"),
            ("192.0.0.192", "192.0.1.0"),
            ("192.0.2.255", "192.0.3.0"),
            ("192.88.99.1", "192.88.100.0"),
            ("192.168.0.0", "192.167.255.255"),
            ("192.168.255.255", "192.169.0.0"),
            ("198.18.0.0", "198.17.255.255"),
            ("198.19.255.255", "198.20.0.0"),
            ("198.51.100.7", "198.51.101.0"),
            ("203.0.113.7", "203.0.114.0"),
            ("224.0.0.0", "223.255.255.255"),
            ("2001::1", "2001:200::"),
            ("2001:1ff:ffff::", "2001:200::"),
            ("2001:db8:ffff::", "2001:db9::"),
            ("2002::", "2003::"),
            ("3fff:fff::", "3fff:1000::"),
            ("1fff:ffff::", "2000::"),
            ("4000::", "3ffe::"),
        ] {
            assert!(!public(inside), "{inside}");
            assert!(public(outside), "{outside}");
        }
    }

    #[test]
    fn what_is_not_the_open_internet_is_refused() {
        for text in [
            "0.0.0.0",
            "127.0.0.1",
            "169.254.169.254",
            "100.100.100.200",
            "255.255.255.255",
            "240.0.0.1",
            "239.255.255.250",
            "::",
            "::1",
            "::127.0.0.1",
            "::8.8.8.8",
            "::ffff:127.0.0.1",
            "::ffff:0:127.0.0.1",
            "::ffff:0:8.8.8.8",
            "64:ff9b::10.0.0.1",
            "64:ff9b::169.254.169.254",
            "64:ff9b:1::8.8.8.8",
            "64:ff9b:1:fffe::1",
            "64:ff9b:0:0:1::",
            "100::1",
            "2001:0:4136:e378:8000:63bf:3fff:fdd2",
            "2001:10::1",
            "2001:20::1",
            "2001:2::1",
            "2002:7f00:1::",
            "2002:808:808::1",
            "5f00::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        ] {
            assert!(!public(text), "{text}");
        }
        for text in [
            "8.8.8.8",
            "1.1.1.1",
            "2606:4700:4700::1111",
            "2a00:1450:4001::8a",
            "::ffff:8.8.8.8",
            "64:ff9b::8.8.8.8",
        ] {
            assert!(public(text), "{text}");
        }
    }

    #[test]
    fn an_allowed_range_holds_mapped_addresses_but_no_other_translations() {
        let ranges: Vec<IpNet> = vec!["10.1.0.0/16".parse().unwrap(), "fd00::/8".parse().unwrap()];
        for (text, allowed) in [
            ("10.1.2.3", true),
            ("::ffff:10.1.2.3", true),
            ("fd12::1", true),
            ("10.2.0.1", false),
            ("64:ff9b::10.1.2.3", false),
            ("::10.1.2.3", false),
            ("2002:a01:203::", false),
            ("fc00::1", false),
        ] {
            assert_eq!(
                is_allowed(text.parse().unwrap(), &ranges),
                allowed,
                "{text}"
            );
        }
    }

    /// What the standard library knows of an address, as a second opinion.
    fn std_calls_it_special(v4: Ipv4Addr) -> bool {
        v4.is_unspecified()
            || v4.is_loopback()
            || v4.is_private()
            || v4.is_link_local()
            || v4.is_broadcast()
            || v4.is_documentation()
            || v4.is_multicast()
    }

    /// Any IPv4 address, the special ones more often than by chance.
    fn v4() -> impl Strategy<Value = Ipv4Addr> {
        let near = (0..REFUSED_V4.len(), any::<u32>(), 0..=32_u32).prop_map(|(n, noise, keep)| {
            let net = REFUSED_V4[n].0.to_bits();
            let mask = u32::MAX.checked_shr(keep).unwrap_or(0);
            Ipv4Addr::from_bits(net ^ (noise & mask))
        });
        prop_oneof![any::<u32>().prop_map(Ipv4Addr::from_bits), near]
    }

    proptest! {
        #[test]
        fn what_the_standard_library_calls_special_is_refused(v4 in v4()) {
            if std_calls_it_special(v4) {
                prop_assert!(!is_public(v4.into()));
            }
        }

        #[test]
        fn a_mapped_address_is_judged_as_what_it_stands_for(v4 in v4()) {
            let expected = is_public(v4.into());
            prop_assert_eq!(is_public(v4.to_ipv6_mapped().into()), expected);
            let nat64 = NAT64.0.to_bits() | u128::from(v4.to_bits());
            prop_assert_eq!(is_public(Ipv6Addr::from_bits(nat64).into()), expected);
        }

        #[test]
        fn other_translations_are_refused_whatever_they_stand_for(v4 in v4(), low in any::<u128>()) {
            let v4 = u128::from(v4.to_bits());
            let low_80 = low >> 48;
            for bits in [
                v4,
                (0xffff << 32) << 16 | v4,
                0x2002 << 112 | v4 << 80 | low_80,
                0x2001_0000 << 96 | low >> 32,
                0x0064_ff9b_0001 << 80 | low_80,
            ] {
                prop_assert!(!is_public(Ipv6Addr::from_bits(bits).into()), "{}", Ipv6Addr::from_bits(bits));
            }
        }

        #[test]
        fn outside_global_unicast_no_ipv6_address_is_public(bits in any::<u128>()) {
            let v6 = Ipv6Addr::from_bits(bits);
            if bits >> 125 != 1 && embedded(v6).is_none() {
                prop_assert!(!is_public(v6.into()));
            }
        }
    }
}
