//! Whose a certificate is: the common name of its subject (RFC 5280 §4.1.2.6).
//!
//! A walk through its DER, which has been verified already, down to the one name.

/// The tag of a SEQUENCE.
const SEQUENCE: u8 = 0x30;
/// The tag of a SET.
const SET: u8 = 0x31;
/// The tag of the version, which need not be there.
const VERSION: u8 = 0xA0;
/// The object identifier of a common name: 2.5.4.3.
const COMMON_NAME: [u8; 5] = [0x06, 0x03, 0x55, 0x04, 0x03];
/// The tags of the kinds of strings that hold ASCII or UTF-8.
const STRINGS: [u8; 3] = [0x0C, 0x13, 0x16];

/// The common name of the certificate's subject, if it has one.
pub(super) fn common_name(certificate: &[u8]) -> Option<&str> {
    let (certificate, _) = take(certificate, SEQUENCE)?;
    let (mut rest, _) = take(certificate, SEQUENCE)?;
    if rest.first() == Some(&VERSION) {
        rest = skip(rest)?;
    }
    // Serial number, signature, issuer and validity.
    for _ in 0..4 {
        rest = skip(rest)?;
    }
    let (mut names, _) = take(rest, SEQUENCE)?;
    let mut found = None;
    while !names.is_empty() {
        let (set, behind) = take(names, SET)?;
        let (attribute, _) = take(set, SEQUENCE)?;
        if let Some(value) = attribute.strip_prefix(&COMMON_NAME) {
            let (tag, text, _) = element(value)?;
            // The last is the most specific.
            found = STRINGS.contains(&tag).then(|| std::str::from_utf8(text).ok()).flatten();
        }
        names = behind;
    }
    found.filter(|name| !name.is_empty())
}

/// The contents of the element that the bytes begin with, which must have this tag, and what is behind it.
fn take(bytes: &[u8], wanted: u8) -> Option<(&[u8], &[u8])> {
    let (tag, contents, rest) = element(bytes)?;
    (tag == wanted).then_some((contents, rest))
}

/// What is behind the element that the bytes begin with.
fn skip(bytes: &[u8]) -> Option<&[u8]> {
    element(bytes).map(|(_, _, rest)| rest)
}

/// The tag and the contents of the element that the bytes begin with, and what is behind it.
fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = bytes.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7F => (usize::from(first), rest),
        0x81..=0x84 => {
            let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7F))?;
            (digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit)), rest)
        }
        _ => return None,
    };
    let (contents, rest) = rest.split_at_checked(length)?;
    Some((tag, contents, rest))
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair};

    use super::*;

    fn certificate(names: &[(DnType, &str)]) -> Vec<u8> {
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        for (kind, name) in names {
            params.distinguished_name.push(kind.clone(), *name);
        }
        params.self_signed(&KeyPair::generate().unwrap()).unwrap().der().to_vec()
    }

    #[test]
    fn a_certificate_is_of_its_common_name() {
        let der = certificate(&[(DnType::OrganizationName, "us"), (DnType::CommonName, "sensor-7 ä")]);
        assert_eq!(common_name(&der), Some("sensor-7 ä"));
        let long = "x".repeat(300);
        assert_eq!(common_name(&certificate(&[(DnType::CommonName, &long)])), Some(long.as_str()));
    }

    #[test]
    fn others_are_of_nobody() {
        assert_eq!(common_name(&certificate(&[(DnType::OrganizationName, "us")])), None);
        assert_eq!(common_name(&certificate(&[(DnType::CommonName, "")])), None);
        let der = certificate(&[(DnType::CommonName, "a")]);
        for length in 0..der.len() {
            let cut = der.get(..length).unwrap_or_default();
            assert_eq!(common_name(cut), None, "{length}");
        }
    }
}
