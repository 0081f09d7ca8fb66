//! Calendar time for manifests.

use std::time::{SystemTime, UNIX_EPOCH};

const SECONDS_A_DAY: u64 = 86_400;
/// Days of 400 Gregorian years, after which the calendar repeats.
const DAYS_AN_ERA: u64 = 146_097;
/// Days from 1 March of year 0 to 1 January 1970.
const DAYS_BEFORE_1970: u64 = 719_468;

/// Now, in UTC, as RFC 3339 writes it: `2026-11-23T15:22:02Z`.
pub(super) fn now() -> String {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    rfc_3339(since.as_secs())
}

fn rfc_3339(unix_seconds: u64) -> String {
    let (days, seconds) = (unix_seconds / SECONDS_A_DAY, unix_seconds % SECONDS_A_DAY);
    let (year, month, day) = date(days);
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// Year, month and day of a number of days since 1970, in the proleptic Gregorian calendar.
///
/// Years are counted from March, so that a leap day is a year's last, and months then have
/// lengths by one linear formula (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms").
fn date(days_since_1970: u64) -> (u64, u64, u64) {
    let days = days_since_1970 + DAYS_BEFORE_1970;
    let (era, day_of_era) = (days / DAYS_AN_ERA, days % DAYS_AN_ERA);
    let leap_days = day_of_era / 1460 - day_of_era / 36_524 + day_of_era / 146_096;
    let year_of_era = (day_of_era - leap_days) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = (month_from_march + 2) % 12 + 1;
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::{date, rfc_3339};

    #[test]
    fn known_moments_are_written_as_the_calendar_has_them() {
        for (seconds, expected) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_795_447_322, "2026-11-23T15:22:02Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
        ] {
            assert_eq!(rfc_3339(seconds), expected);
        }
    }

    #[test]
    fn every_day_follows_the_one_before() {
        let mut before = date(0);
        for day in 1..60_000 {
            let (year, month, day) = date(day);
            let next = (before.0, before.1, before.2 + 1) == (year, month, day)
                || (before.0, before.1 + 1, 1) == (year, month, day)
                || (before.0 + 1, 1, 1) == (year, month, day) && before.1 == 12;
            assert!(next, "{before:?} then {year}-{month}-{day}");
            before = (year, month, day);
        }
    }
}
