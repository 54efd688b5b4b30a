use rstest::rstest;

use super::*;

/// The nonces, salt and messages of RFC 7677 §3.
const OWN_NONCE: &str = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
const CLIENT_FIRST: &str = "n,,n=user,r=rOprNGfwEbeRWgbNEkqO";
const SERVER_FIRST: &str =
    "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
const CLIENT_FINAL: &str = "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,\
                            p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
const SERVER_FINAL: &str = "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=";

fn scram() -> Scram {
    let salt = STANDARD.decode("W22ZaJ0SNY7soEsUEjb6gQ==").unwrap();
    let keys = ScramKeys::of_password("pencil", &salt, 4096).unwrap();
    Scram::new([7; 32], [("user".to_owned(), keys)].into())
}

fn challenged() -> Challenged {
    scram().challenge(CLIENT_FIRST.as_bytes(), OWN_NONCE).unwrap().1
}

#[test]
fn the_example_of_the_standard() {
    let (answer, challenged) = scram().challenge(CLIENT_FIRST.as_bytes(), OWN_NONCE).unwrap();
    assert_eq!(answer, SERVER_FIRST);
    let proved = challenged.finish(CLIENT_FINAL.as_bytes()).unwrap();
    assert_eq!((proved.name.as_str(), &proved.answer[..]), ("user", SERVER_FINAL.as_bytes()));
}

#[rstest]
#[case::empty("")]
#[case::no_gs2_header("n=user,r=abc")]
#[case::channel_binding("p=tls-unique,,n=user,r=abc")]
#[case::for_somebody_else("n,a=admin,n=user,r=abc")]
#[case::mandatory_extension("n,,m=x,n=user,r=abc")]
#[case::no_name("n,,n=,r=abc")]
#[case::no_nonce("n,,n=user,r=")]
#[case::space_in_nonce("n,,n=user,r=a b")]
#[case::bare_equals_sign("n,,n=us=er,r=abc")]
#[case::nothing_after_the_name("n,,n=user")]
fn other_first_messages_are_refused(#[case] message: &str) {
    assert!(scram().challenge(message.as_bytes(), OWN_NONCE).is_err());
    assert!(scram().challenge(&[0xFF], OWN_NONCE).is_err());
}

#[rstest]
#[case::proof("p=d", "p=e")]
#[case::short_proof("zjfMHgsqmmiz7AndVQ=", "")]
#[case::nonce("k0,p", "k1,p")]
#[case::binding("c=biws", "c=eSws")]
#[case::no_proof(",p=", ",q=")]
fn other_last_messages_are_refused(#[case] right: &str, #[case] wrong: &str) {
    let changed = CLIENT_FINAL.replace(right, wrong);
    assert_ne!(changed, CLIENT_FINAL);
    assert!(challenged().finish(changed.as_bytes()).is_err());
    assert!(challenged().finish(CLIENT_FINAL.as_bytes()).is_ok());
}

#[test]
fn unknown_names_look_like_known_ones_until_the_proof() {
    let ask = |name: &str| scram().challenge(format!("n,,n={name},r=abc").as_bytes(), "d").unwrap();
    let ((first, challenged), (again, _), (other, _)) = (ask("ghost"), ask("ghost"), ask("spirit"));
    assert_eq!(first, again);
    assert_ne!(first, other);
    let attributes = std::str::from_utf8(&first).unwrap().split(',').map(|text| &text[..2]);
    assert_eq!(attributes.collect::<Vec<_>>(), ["r=", "s=", "i="]);
    let zero = STANDARD.encode([0; 32]);
    assert!(challenged.finish(format!("c=biws,r=abcd,p={zero}").as_bytes()).is_err());
}

#[rstest]
#[case("user", Some("user"))]
#[case("a=2Cb=3Dc", Some("a,b=c"))]
#[case("a=2c", None)]
#[case("a=", None)]
fn names_are_unescaped(#[case] text: &str, #[case] name: Option<&str>) {
    assert_eq!(unescaped(text).as_deref(), name);
}

/// The examples of RFC 4013 §3, and what else a name may not be.
#[rstest]
#[case("I\u{AD}X", Some("IX"))]
#[case("user", Some("user"))]
#[case("USER", Some("USER"))]
#[case("\u{AA}", Some("a"))]
#[case("\u{2168}", Some("IX"))]
#[case("no\u{A0}break", Some("no break"))]
#[case("\u{7}", None)]
#[case("\u{627}1", None)]
#[case("a\u{E000}", None)]
#[case("\u{AD}", None)]
#[case("", None)]
fn texts_are_prepared(#[case] text: &str, #[case] expected: Option<&str>) {
    assert_eq!(prepared(text).ok().as_deref(), expected);
}

/// However a client writes its name, and whatever wrote its password, it is the same user.
#[test]
fn names_and_passwords_are_prepared() {
    let first = CLIENT_FIRST.replace("n=user", "n=\u{FF55}s\u{AD}er");
    let (answer, challenged) = scram().challenge(first.as_bytes(), OWN_NONCE).unwrap();
    assert_eq!(answer, SERVER_FIRST);
    assert_eq!(challenged.name, "user");
    let keys = |password| ScramKeys::of_password(password, b"salt", 4096);
    assert_eq!(keys("p\u{AD}\u{E4}\u{A0}\u{2168}"), keys("pa\u{308} IX"));
    assert!(keys("\u{7}").is_err());
    assert!(scram().challenge("n,,n=\u{7},r=abc".as_bytes(), OWN_NONCE).is_err());
}

#[test]
fn nonces_differ() {
    assert_ne!(scram().nonce(1), scram().nonce(2));
    assert_ne!(scram().nonce(1), Scram::new([8; 32], BTreeMap::new()).nonce(1));
}

#[rstest]
#[case("")]
#[case("SCRAM-SHA-1$4096:c2FsdA==$eA==:eA==")]
#[case("SCRAM-SHA-256$4096:c2FsdA==$eA==:eA==")]
#[case(
    "SCRAM-SHA-256$0:c2FsdA==$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
)]
#[case(
    "SCRAM-SHA-256$4096:$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
)]
fn other_texts_are_no_keys(#[case] text: &str) {
    assert_eq!(text.parse::<ScramKeys>(), Err(NotScramKeys));
}
