//! Random numbers that are the same on every machine and in every build.

/// A generator of pseudo-random integers (SplitMix64), of which every device and link has its own, so that leaving one
/// of them out changes nothing for the others.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// The generator of `place` among those that a seed makes.
    pub const fn new(seed: u64, place: u64) -> Self {
        Self(scramble(seed) ^ scramble(place.wrapping_add(1)))
    }

    /// The next number.
    pub const fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        scramble(self.0)
    }

    /// A number below `limit`; 0 if that is 0.
    pub const fn below(&mut self, limit: u64) -> u64 {
        if limit == 0 { 0 } else { self.number() % limit }
    }

    /// A number of this range.
    pub const fn within(&mut self, range: Range) -> u64 {
        let span = range.most.saturating_sub(range.least);
        range.least + self.below(span.saturating_add(1))
    }

    /// Whether something happens that does so `parts` times in a million.
    pub const fn happens(&mut self, parts: u32) -> bool {
        parts > 0 && self.below(1_000_000) < parts as u64
    }
}

/// The numbers from `least` to `most`, both included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Range {
    /// The smallest.
    pub least: u64,
    /// The largest.
    pub most: u64,
}

impl Range {
    /// The range that is a single number.
    pub const fn only(number: u64) -> Self {
        Self { least: number, most: number }
    }
}

/// A number that has nothing to do with its neighbours'.
pub const fn scramble(number: u64) -> u64 {
    let mut mixed = number;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_the_published_generator() {
        let mut random = Random(1_234_567);
        let numbers = [random.number(), random.number(), random.number()];
        assert_eq!(
            numbers,
            [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]
        );
    }

    #[test]
    fn every_place_has_a_generator_of_its_own() {
        assert_ne!(Random::new(1, 2).number(), Random::new(1, 3).number());
        assert_ne!(Random::new(1, 2).number(), Random::new(2, 2).number());
    }

    #[test]
    fn ranges_include_both_ends() {
        let mut random = Random::new(0, 0);
        let seen: std::collections::BTreeSet<u64> =
            (0..100).map(|_| random.within(Range { least: 3, most: 5 })).collect();
        assert_eq!(seen, [3, 4, 5].into());
        assert_eq!(random.within(Range::only(7)), 7);
    }
}
