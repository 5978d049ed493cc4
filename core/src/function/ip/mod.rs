//! Addresses of the internet and of network cards.

mod number;
mod range;

use super::definition::Function;
use std::net::Ipv6Addr;

pub(crate) const FUNCTIONS: &[&[Function]] = &[number::FUNCTIONS, range::FUNCTIONS];

/// An IPv6 address, or an IPv4 one as such.
pub(crate) fn parse_v6(text: &str) -> Option<[u8; 16]> {
    if let Ok(address) = text.parse::<std::net::Ipv4Addr>() {
        return Some(address.to_ipv6_mapped().octets());
    }
    text.parse::<Ipv6Addr>().ok().map(|address| address.octets())
}

/// As ClickHouse writes it: `::1.2.3.4` keeps its dots too.
pub(crate) fn write_v6(bytes: &[u8], out: &mut impl std::fmt::Write) -> std::fmt::Result {
    let bytes: [u8; 16] = bytes.try_into().unwrap_or_default();
    if bytes[..12] == [0; 12] && (bytes[12], bytes[13]) != (0, 0) {
        return write!(out, "::{}.{}.{}.{}", bytes[12], bytes[13], bytes[14], bytes[15]);
    }
    write!(out, "{}", Ipv6Addr::from(bytes))
}
