//! Times in UTC as text, RFC 3339.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A time as RFC 3339, in UTC, to the millisecond; times before 1970 come out as 1970.
///
/// ```
/// use std::time::{Duration, UNIX_EPOCH};
/// let text = ielade_core::timestamp::rfc3339(UNIX_EPOCH + Duration::from_secs(951_782_400));
/// assert_eq!(text, "2000-02-29T00:00:00.000Z");
/// ```
pub fn rfc3339(time: SystemTime) -> String {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    let seconds = since.as_secs();
    let (year, month, day) = civil_date(seconds / 86_400);
    let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    let millisecond = since.subsec_millis();
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millisecond:03}Z")
}

/// Year, month and day of a number of days since 1970, in the proleptic Gregorian calendar.
///
/// Years are counted from March, so that a leap day is a year's last, and months then have
/// lengths by one linear formula (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms").
fn civil_date(days: u64) -> (u64, u64, u64) {
    // Counted from 1 March of year 0, so that a leap day ends a cycle of 400 years (146,097 days).
    let from_march = days + 719_468;
    let (cycle, day_of_cycle) = (from_march / 146_097, from_march % 146_097);
    let leap_days = day_of_cycle / 1460 + day_of_cycle / 146_096 - day_of_cycle / 36_524;
    let year_of_cycle = (day_of_cycle - leap_days) / 365;
    let leap_days_before = year_of_cycle / 4 - year_of_cycle / 100;
    let day_of_year = day_of_cycle - (365 * year_of_cycle + leap_days_before);
    // Months from March on have 153 days in every five.
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = (month_from_march + 2) % 12 + 1;
    let year = cycle * 400 + year_of_cycle + u64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::{civil_date, rfc3339};
    use std::time::{Duration, UNIX_EPOCH};

    #[test]
    fn known_moments_are_written_as_the_calendar_has_them() {
        for (milliseconds, expected) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_399_999, "2000-02-28T23:59:59.999Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (1_795_447_322_060, "2026-11-23T15:22:02.060Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
        ] {
            let time = UNIX_EPOCH + Duration::from_millis(milliseconds);
            assert_eq!(rfc3339(time), expected);
        }
        assert_eq!(
            rfc3339(UNIX_EPOCH - Duration::from_secs(1)),
            "1970-01-01T00:00:00.000Z"
        );
    }

    #[test]
    fn every_day_of_four_centuries_follows_the_one_before() {
        let is_leap = |year: u64| {
            year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
        };
        let (mut year, mut month, mut day) = (1970, 1, 1);
        for days in 0..160_000 {
            assert_eq!(civil_date(days), (year, month, day));
            let length = match month {
                2 if is_leap(year) => 29,
                2 => 28,
                4 | 6 | 9 | 11 => 30,
                _ => 31,
            };
            day += 1;
            if day > length {
                (month, day) = (month + 1, 1);
            }
            if month > 12 {
                (year, month) = (year + 1, 1);
            }
        }
    }
}
