//! A point in time as reports write it.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// Seconds since 1970 in UTC, written as `2026-11-20T14:40:00Z`. Years 1970 to 9999.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date(u64);

/// The last second of the year 9999.
const LAST: u64 = 253_402_300_799;
const DAY: u64 = 86_400;
/// The days of 400 years.
const ERA: u64 = 146_097;

impl Date {
    /// A point in time by the seconds since 1970; what lies beyond the year 9999 is its end.
    pub const fn from_unix(seconds: u64) -> Self {
        Self(if seconds > LAST { LAST } else { seconds })
    }

    /// The seconds since 1970.
    pub const fn unix(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The year is taken to begin in March, so that leap days come last; 0000-03-01 is 719,468 days before 1970.
        let days = self.0 / DAY + 719_468;
        let (era, day) = (days / ERA, days % ERA);
        let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
        let day = day - (365 * year + year / 4 - year / 100);
        let from_march = (5 * day + 2) / 153;
        let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
        let year = era * 400 + year + u64::from(month <= 2);
        let day = day - (153 * from_march + 2) / 5 + 1;
        let seconds = self.0 % DAY;
        let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
    }
}

/// A text that is not written as `2026-11-20T14:40:00Z`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no point in time; write it as 2026-11-20T14:40:00Z")]
pub struct ParseDateError(String);

impl FromStr for Date {
    type Err = ParseDateError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fields = |separator: char| {
            move |part: &str| -> Vec<u64> {
                part.split(separator).filter_map(|number| number.parse().ok()).collect()
            }
        };
        let parts = text.strip_suffix('Z').and_then(|text| text.split_once('T'));
        let seconds = parts.and_then(|(date, time)| {
            match (fields('-')(date).as_slice(), fields(':')(time).as_slice()) {
                ([year, month, day], [hour, minute, second])
                    if (1970..=9999).contains(year) && (1..=12).contains(month) =>
                {
                    Some(
                        days(*year, *month, *day) * DAY
                            + hour.min(&99) * 3600
                            + minute.min(&99) * 60
                            + second.min(&99),
                    )
                }
                _ => None,
            }
        });
        // Only what is written back letter by letter was a date.
        seconds
            .map(Self::from_unix)
            .filter(|date| date.to_string() == text)
            .ok_or_else(|| ParseDateError(text.to_owned()))
    }
}

fn days(year: u64, month: u64, day: u64) -> u64 {
    let (year, from_march) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let (era, year) = (year / 400, year % 400);
    let day = (153 * from_march + 2) / 5 + day.clamp(1, 99) - 1;
    era * ERA + year * 365 + year / 4 - year / 100 + day - 719_468
}

impl Serialize for Date {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Date {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::{prop_assert_eq, proptest};
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(0, "1970-01-01T00:00:00Z")]
    #[case(951_782_399, "2000-02-28T23:59:59Z")]
    #[case(951_782_400, "2000-02-29T00:00:00Z")]
    #[case(1_793_889_600, "2026-11-05T14:40:00Z")]
    #[case(4_107_542_400, "2100-03-01T00:00:00Z")]
    #[case(u64::MAX, "9999-12-31T23:59:59Z")]
    fn dates_are_written_in_utc(#[case] seconds: u64, #[case] expected: &str) {
        assert_eq!(Date::from_unix(seconds).to_string(), expected);
    }

    #[rstest]
    #[case("2026-02-30T00:00:00Z")]
    #[case("2026-11-20T24:00:00Z")]
    #[case("2026-11-20 14:40:00")]
    #[case("2026-11-20T14:40:00+01:00")]
    #[case("1969-12-31T23:59:59Z")]
    #[case("yesterday")]
    fn other_texts_are_no_dates(#[case] text: &str) {
        assert!(text.parse::<Date>().is_err());
    }

    proptest! {
        #[test]
        fn dates_read_back(seconds in 0..=LAST) {
            let date = Date::from_unix(seconds);
            prop_assert_eq!(date.to_string().parse(), Ok(date));
        }
    }
}
