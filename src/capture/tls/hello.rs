//! What client and server agree on, as far as it travels in the clear: ClientHello and ServerHello (RFC 8446 §4.1).

use super::keylog::ClientRandom;

/// A ServerHello with this random value asks for another ClientHello (RFC 8446 §4.1.3).
const RETRY: [u8; 32] = [
    0xCF, 0x21, 0xAD, 0x74, 0xE5, 0x9A, 0x61, 0x11, 0xBE, 0x1D, 0x8C, 0x02, 0x1E, 0x65, 0xB8, 0x91, 0xC2,
    0xA2, 0x11, 0x16, 0x7A, 0xBB, 0x8C, 0x5E, 0x07, 0x9E, 0x09, 0xE2, 0xC8, 0xA8, 0x33, 0x9C,
];
/// The extension in which TLS 1.3 is chosen.
const SUPPORTED_VERSIONS: u16 = 43;
/// More of a handshake is not kept before its hello is complete.
const LONGEST: usize = 1 << 16;

/// What a hello says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hello {
    /// The client's number of this connection.
    Client(ClientRandom),
    /// The server's choice.
    Server(Choice),
}

/// What the server has chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Choice {
    /// Its own number of this connection.
    pub(super) random: [u8; 32],
    /// The version: 0x0304 is TLS 1.3.
    pub(super) version: u16,
    /// The number of the cipher suite.
    pub(super) suite: u16,
}

/// Reads the messages of a handshake until one of them is a hello.
#[derive(Debug, Default)]
pub(super) struct Listener {
    pending: Vec<u8>,
    is_done: bool,
}

/// A handshake that cannot be read.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Garbled;

impl Listener {
    /// Takes the body of a record; gives the hello that it completes.
    pub(super) fn take(&mut self, body: &[u8]) -> Result<Option<Hello>, Garbled> {
        if self.is_done {
            return Ok(None);
        }
        self.pending.extend_from_slice(body);
        while let Some((kind, message, rest)) = message(&self.pending) {
            let found = match kind {
                1 => Some(Hello::Client(client(message).ok_or(Garbled)?)),
                2 => {
                    let choice = server(message).ok_or(Garbled)?;
                    (choice.random != RETRY).then_some(Hello::Server(choice))
                }
                _ => None,
            };
            self.pending = rest.to_vec();
            if found.is_some() {
                (self.is_done, self.pending) = (true, Vec::new());
                return Ok(found);
            }
        }
        if self.pending.len() > LONGEST { Err(Garbled) } else { Ok(None) }
    }
}

/// The type and the body of the first message, and what follows it.
fn message(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let ([kind, length @ ..], rest) = bytes.split_first_chunk::<4>()?;
    let [high, middle, low] = *length;
    let length = u32::from_be_bytes([0, high, middle, low]);
    let (message, rest) = rest.split_at_checked(usize::try_from(length).ok()?)?;
    Some((*kind, message, rest))
}

fn client(message: &[u8]) -> Option<ClientRandom> {
    let (_version, rest) = message.split_first_chunk::<2>()?;
    rest.first_chunk().copied()
}

fn server(message: &[u8]) -> Option<Choice> {
    let (version, rest) = message.split_first_chunk::<2>()?;
    let (random, rest) = rest.split_first_chunk::<32>()?;
    let (session, rest) = rest.split_first()?;
    let rest = rest.get(usize::from(*session)..)?;
    let ([high, low, _compression], rest) = rest.split_first_chunk::<3>()?;
    let version = chosen_version(rest).unwrap_or(u16::from_be_bytes(*version));
    Some(Choice { random: *random, version, suite: u16::from_be_bytes([*high, *low]) })
}

/// The version that an extension names.
fn chosen_version(extensions: &[u8]) -> Option<u16> {
    let (_length, mut rest) = extensions.split_first_chunk::<2>()?;
    loop {
        let ([kind_high, kind_low, high, low], after) = rest.split_first_chunk::<4>()?;
        let (body, after) = after.split_at_checked(usize::from(u16::from_be_bytes([*high, *low])))?;
        if u16::from_be_bytes([*kind_high, *kind_low]) == SUPPORTED_VERSIONS {
            return Some(u16::from_be_bytes(*body.first_chunk()?));
        }
        rest = after;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A ServerHello with a session of one byte, and extensions.
    fn server_hello(random: [u8; 32], extensions: &[u8]) -> Vec<u8> {
        let mut body = [&[3, 3], &random[..], &[1, 0xFF, 0x13, 0x01, 0]].concat();
        body.extend(u16::try_from(extensions.len()).unwrap().to_be_bytes());
        body.extend(extensions);
        [&[2, 0, 0, u8::try_from(body.len()).unwrap()], &body[..]].concat()
    }

    #[test]
    fn the_choice_is_that_of_the_extension_and_else_of_the_header() {
        let newer = server_hello([7; 32], &[0, 51, 0, 1, 9, 0, 43, 0, 2, 3, 4]);
        let older = server_hello([7; 32], &[0, 23, 0, 0]);
        for (hello, version) in [(newer, 0x0304), (older, 0x0303)] {
            let choice = Choice { random: [7; 32], version, suite: 0x1301 };
            assert_eq!(Listener::default().take(&hello), Ok(Some(Hello::Server(choice))));
        }
    }

    #[test]
    fn a_server_that_asks_for_another_hello_has_not_chosen_yet() {
        let mut listener = Listener::default();
        assert_eq!(listener.take(&server_hello(RETRY, &[0, 43, 0, 2, 3, 4])), Ok(None));
        assert!(matches!(listener.take(&server_hello([7; 32], &[])), Ok(Some(Hello::Server(_)))));
    }

    #[test]
    fn a_hello_in_pieces_counts_when_it_is_complete() {
        let hello = [&[1, 0, 0, 40, 3, 3], &[5; 32][..], &[0; 6]].concat();
        let mut listener = Listener::default();
        for byte in &hello[..hello.len() - 1] {
            assert_eq!(listener.take(&[*byte]), Ok(None));
        }
        assert_eq!(listener.take(&[0]), Ok(Some(Hello::Client([5; 32]))));
        assert_eq!(listener.take(&hello), Ok(None));
    }

    #[test]
    fn a_hello_that_lies_about_its_length_is_garbled() {
        assert_eq!(Listener::default().take(&[1, 0, 0, 2, 3, 3]), Err(Garbled));
        let mut listener = Listener::default();
        let endless =
            (0..17).map(|_| listener.take(&[1, 0xFF, 0xFF, 0xFF].repeat(1024))).find(Result::is_err);
        assert_eq!(endless, Some(Err(Garbled)));
    }
}
