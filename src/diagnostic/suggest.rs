//! Did you mean ...?

/// How many candidates are looked at.
const MOST_CANDIDATES: usize = 1000;

/// The candidate most like `word`, if one is like it at all.
pub(crate) fn closest<'c>(word: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    let tolerance = ((word.chars().count() + 1) / 3).clamp(1, 3);
    candidates
        .into_iter()
        .take(MOST_CANDIDATES)
        .map(|candidate| (distance(word, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= tolerance && *distance < candidate.chars().count())
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// "did you mean `x`?" for the candidate most like `word`.
pub(crate) fn did_you_mean<'c>(word: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<String> {
    closest(word, candidates).map(|candidate| format!("did you mean `{candidate}`?"))
}

/// What to say at a name that is none of those `known`: beside it, and below.
pub(crate) fn guidance(word: &str, known: &[&str]) -> (String, Option<String>) {
    const BESIDE: usize = 70;
    const TOO_MANY: usize = 20;
    let guess = did_you_mean(word, known.iter().copied());
    let all = one_of(known.iter().copied());
    match guess {
        _ if known.is_empty() => ("there is none here".to_owned(), None),
        guess if all.len() <= BESIDE => (format!("{all} can stand here"), guess),
        Some(guess) if known.len() > TOO_MANY => (guess, None),
        Some(guess) => (guess, Some(wrap(&format!("these are known: {all}")))),
        None => ("this name is not known".to_owned(), Some(wrap(&format!("these are known: {all}")))),
    }
}

/// Breaks a long line between words.
fn wrap(text: &str) -> String {
    const WIDTH: usize = 90;
    let mut wrapped = String::new();
    let mut column = 0;
    for word in text.split(' ') {
        if column > 0 && column + word.len() > WIDTH {
            wrapped.push('\n');
            column = 0;
        } else if column > 0 {
            wrapped.push(' ');
        }
        wrapped.push_str(word);
        column += word.len() + 1;
    }
    wrapped
}

/// "`a`, `b` or `c`".
pub(crate) fn one_of<'c>(names: impl IntoIterator<Item = &'c str>) -> String {
    let names: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
    match names.split_last() {
        None => String::new(),
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
    }
}

/// How many letters must be inserted, removed, replaced or swapped with their neighbour to make `b` of `a`.
///
/// Long words are as different as they can be, which bounds the effort.
fn distance(a: &str, b: &str) -> usize {
    const LONGEST: usize = 64;
    let (a, b): (Vec<char>, Vec<char>) =
        (a.to_lowercase().chars().collect(), b.to_lowercase().chars().collect());
    if a.len() > LONGEST || b.len() > LONGEST {
        return LONGEST;
    }
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, letter) in a.iter().enumerate() {
        let mut next = vec![i + 1];
        for (j, other) in b.iter().enumerate() {
            let at = |row: &[usize], index: usize| row.get(index).copied().unwrap_or(LONGEST);
            let replaced = at(&row, j) + usize::from(letter != other);
            let swapped = match (i.checked_sub(1), j.checked_sub(1)) {
                (Some(h), Some(k)) if a.get(h) == Some(other) && b.get(k) == Some(letter) => {
                    at(&before, k) + 1
                }
                _ => LONGEST,
            };
            next.push(replaced.min(swapped).min(at(&row, j + 1) + 1).min(at(&next, j) + 1));
        }
        before = std::mem::replace(&mut row, next);
    }
    row.last().copied().unwrap_or(LONGEST)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("retian", Some("retain"))]
    #[case("Topic", Some("topic"))]
    #[case("payloda", Some("payload"))]
    #[case("packetid", Some("packet-id"))]
    #[case("colour", None)]
    #[case("x", None)]
    fn the_nearest_name(#[case] word: &str, #[case] expected: Option<&str>) {
        assert_eq!(closest(word, ["topic", "payload", "retain", "qos", "packet-id"]), expected);
    }

    #[rstest]
    #[case("", "abc", 3)]
    #[case("abc", "abc", 0)]
    #[case("abc", "acb", 1)]
    #[case("kitten", "sitting", 3)]
    fn distances(#[case] a: &str, #[case] b: &str, #[case] expected: usize) {
        assert_eq!(distance(a, b), expected);
    }

    #[test]
    fn enumerations() {
        assert_eq!(one_of(["a"]), "`a`");
        assert_eq!(one_of(["a", "b", "c"]), "`a`, `b` or `c`");
    }
}
