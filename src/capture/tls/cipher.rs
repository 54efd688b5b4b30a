//! Opens records: keys from secrets (RFC 8446 §7, RFC 5246 §6.3) and authenticated decryption with them.

use ring::{
    aead::{
        AES_128_GCM, AES_256_GCM, Aad, Algorithm, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce,
        UnboundKey,
    },
    hkdf, hmac,
};

use super::{hello::Choice, record::Record};

/// Of the nonce of AES-GCM in TLS 1.2, so much is secret; the rest travels (RFC 5288 §3).
const SALT: usize = 4;
/// Bytes of that rest.
const EXPLICIT: usize = 8;

/// How a connection encrypts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Suite {
    algorithm: &'static Algorithm,
    /// Hashes with 384 bits instead of 256.
    is_long: bool,
}

impl Suite {
    /// The suite with this number, if it is one of those that are read. How the keys were agreed on does not matter.
    pub(super) fn new(number: u16) -> Option<Self> {
        let (algorithm, is_long) = match number {
            // TLS 1.3; then RSA, DHE, PSK, DHE-PSK, RSA-PSK, ECDHE-ECDSA, ECDHE-RSA and ECDHE-PSK.
            0x1301 | 0x009C | 0x009E | 0x00A8 | 0x00AA | 0x00AC | 0xC02B | 0xC02F | 0xD001 => {
                (&AES_128_GCM, false)
            }
            0x1302 | 0x009D | 0x009F | 0x00A9 | 0x00AB | 0x00AD | 0xC02C | 0xC030 | 0xD002 => {
                (&AES_256_GCM, true)
            }
            0x1303 | 0xCCA8..=0xCCAE => (&CHACHA20_POLY1305, false),
            _ => return None,
        };
        Some(Self { algorithm, is_long })
    }

    /// The secret that follows this one in TLS 1.3 when a party changes its keys (RFC 8446 §7.2).
    pub(super) fn next(self, secret: &[u8]) -> Option<Vec<u8>> {
        self.expand(secret, "traffic upd", secret.len())
    }

    /// HKDF-Expand-Label without a context (RFC 8446 §7.1).
    fn expand(self, secret: &[u8], label: &str, length: usize) -> Option<Vec<u8>> {
        let hash = if self.is_long { hkdf::HKDF_SHA384 } else { hkdf::HKDF_SHA256 };
        let [high, low] = u16::try_from(length).ok()?.to_be_bytes();
        let name = [b"tls13 ", label.as_bytes()].concat();
        let info = [&[high, low, u8::try_from(name.len()).ok()?], &name[..], &[0]].concat();
        let mut out = vec![0; length];
        let key = hkdf::Prk::new_less_safe(hash, secret);
        key.expand(&[&info], Length(length)).ok()?.fill(&mut out).ok()?;
        Some(out)
    }

    /// The pseudo-random function of TLS 1.2 (RFC 5246 §5) with the label of keys.
    fn key_block(self, master: &[u8], seed: &[u8], length: usize) -> Vec<u8> {
        let hash = if self.is_long { hmac::HMAC_SHA384 } else { hmac::HMAC_SHA256 };
        let key = hmac::Key::new(hash, master);
        let seed = [b"key expansion", seed].concat();
        let mut block = Vec::with_capacity(length + LONGEST_HASH);
        let mut link = hmac::sign(&key, &seed);
        while block.len() < length {
            block.extend_from_slice(hmac::sign(&key, &[link.as_ref(), &seed].concat()).as_ref());
            link = hmac::sign(&key, link.as_ref());
        }
        block
    }
}

/// Bytes of the longest hash.
const LONGEST_HASH: usize = 48;

/// How many bytes are wanted of a key derivation.
#[derive(Clone, Copy)]
struct Length(usize);

impl hkdf::KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

/// Where the nonce of a record comes from.
#[derive(Clone, Copy, Debug)]
enum Scheme {
    /// TLS 1.3: the record's number over the secret part; what a record carries is inside.
    Tls13,
    /// The same in TLS 1.2 with ChaCha20-Poly1305 (RFC 7905).
    Counted,
    /// AES-GCM in TLS 1.2.
    Explicit,
}

/// Opens the records of one direction, one after another.
#[derive(Debug)]
pub(super) struct Opener {
    key: LessSafeKey,
    iv: [u8; NONCE_LEN],
    scheme: Scheme,
    /// The number of the next record.
    number: u64,
}

impl Opener {
    /// With a traffic secret of TLS 1.3.
    pub(super) fn tls13(suite: Suite, secret: &[u8]) -> Option<Self> {
        let key = suite.expand(secret, "key", suite.algorithm.key_len())?;
        let iv = suite.expand(secret, "iv", NONCE_LEN)?;
        Self::new(suite, &key, &iv, Scheme::Tls13)
    }

    /// With the master secret of TLS 1.2, for what the client sends or for what the server sends.
    pub(super) fn tls12(
        suite: Suite,
        master: &[u8],
        (client, choice): (&[u8; 32], &Choice),
        is_client: bool,
    ) -> Option<Self> {
        let is_counted = suite.algorithm == &CHACHA20_POLY1305;
        let (scheme, width) =
            if is_counted { (Scheme::Counted, NONCE_LEN) } else { (Scheme::Explicit, SALT) };
        let size = suite.algorithm.key_len();
        let seed = [&choice.random[..], client].concat();
        let block = suite.key_block(master, &seed, 2 * (size + width));
        let (keys, ivs) = block.split_at_checked(2 * size)?;
        let part = |from: &[u8], width: usize| -> Option<Vec<u8>> {
            let at = if is_client { 0 } else { width };
            Some(from.get(at..at + width)?.to_vec())
        };
        Self::new(suite, &part(keys, size)?, &part(ivs, width)?, scheme)
    }

    fn new(suite: Suite, key: &[u8], secret: &[u8], scheme: Scheme) -> Option<Self> {
        let key = LessSafeKey::new(UnboundKey::new(suite.algorithm, key).ok()?);
        let mut iv = [0; NONCE_LEN];
        iv.get_mut(..secret.len())?.copy_from_slice(secret);
        Some(Self { key, iv, scheme, number: 0 })
    }

    /// What a record carries, and its bytes. Without success it was not written with these keys, or not at this place.
    pub(super) fn open(&mut self, record: &Record) -> Option<(u8, Vec<u8>)> {
        let tag = self.key.algorithm().tag_len();
        let (nonce, mut body) = self.nonce(&record.body)?;
        let length = u16::try_from(body.len().checked_sub(tag)?).ok()?.to_be_bytes();
        let [content, major, minor, ..] = record.header;
        let number = self.number.to_be_bytes();
        let older = [&number[..], &[content, major, minor], &length].concat();
        let authenticated = match self.scheme {
            Scheme::Tls13 => &record.header[..],
            Scheme::Counted | Scheme::Explicit => &older,
        };
        let nonce = Nonce::assume_unique_for_key(nonce);
        let plain = self.key.open_in_place(nonce, Aad::from(authenticated), &mut body).ok()?.len();
        body.truncate(plain);
        self.number += 1;
        match self.scheme {
            Scheme::Tls13 => inner(body),
            Scheme::Counted | Scheme::Explicit => Some((content, body)),
        }
    }

    /// The nonce of the next record, and what is encrypted of its body.
    fn nonce(&self, body: &[u8]) -> Option<([u8; NONCE_LEN], Vec<u8>)> {
        let mut nonce = self.iv;
        let (_, low) = nonce.split_last_chunk_mut::<EXPLICIT>()?;
        match self.scheme {
            Scheme::Tls13 | Scheme::Counted => {
                for (byte, number) in low.iter_mut().zip(self.number.to_be_bytes()) {
                    *byte ^= number;
                }
                Some((nonce, body.to_vec()))
            }
            Scheme::Explicit => {
                let (explicit, body) = body.split_first_chunk::<EXPLICIT>()?;
                *low = *explicit;
                Some((nonce, body.to_vec()))
            }
        }
    }
}

/// What a record of TLS 1.3 carries stands behind its bytes, before zeros (RFC 8446 §5.2).
fn inner(mut plain: Vec<u8>) -> Option<(u8, Vec<u8>)> {
    while plain.last() == Some(&0) {
        plain.pop();
    }
    plain.pop().map(|content| (content, plain))
}
