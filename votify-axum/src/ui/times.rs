//! Times as people read them.

use std::time::Duration;

use votify_core::Timestamp;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
const TWO_HOURS: u64 = 2 * HOUR;
const TWO_DAYS: u64 = 2 * DAY;
const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// Returns a time such as `28 Nov 2026, 18:30 UTC`.
pub(super) fn absolute(time: Timestamp) -> String {
    let text = time.to_string();
    let part = |from: usize, to: usize| text.get(from..to).unwrap_or_default();
    let month = part(5, 7).parse::<usize>().unwrap_or_default();
    let month = MONTHS.get(month.wrapping_sub(1)).copied();
    match month {
        // Years beyond 9999 have another form.
        Some(month) if text.as_bytes().get(4) == Some(&b'-') => {
            let day = part(8, 10).trim_start_matches('0');
            format!("{day} {month} {}, {} UTC", part(0, 4), part(11, 16))
        }
        _ => text,
    }
}

/// Returns the time until a later moment, such as `2 hours`, rounded down. Units begin at 2,
/// as in the countdown of the element: `119 minutes`, then `2 hours`.
pub(super) fn until(wait: Duration) -> String {
    let seconds = wait.as_secs();
    let (count, unit) = match seconds {
        0..MINUTE => return "less than a minute".to_owned(),
        MINUTE..TWO_HOURS => (seconds / MINUTE, "minute"),
        TWO_HOURS..TWO_DAYS => (seconds / HOUR, "hour"),
        _ => (seconds / DAY, "day"),
    };
    plural(count, unit)
}

/// Returns a number with a noun: `1 vote`, `2 votes`.
pub(super) fn plural(count: u64, noun: &str) -> String {
    let ending = if count == 1 { "" } else { "s" };
    format!("{} {noun}{ending}", grouped(count))
}

/// Returns a number with a comma after each three digits.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_for_people() {
        let time: Timestamp = "2026-11-08T18:30:15.5Z".parse().unwrap();
        assert_eq!(absolute(time), "8 Nov 2026, 18:30 UTC");
        for (seconds, expected) in [
            (59, "less than a minute"),
            (60, "1 minute"),
            (2 * HOUR - 1, "119 minutes"),
            (2 * HOUR + 5, "2 hours"),
            (2 * DAY - 1, "47 hours"),
            (3 * DAY, "3 days"),
        ] {
            assert_eq!(until(Duration::from_secs(seconds)), expected);
        }
    }

    #[test]
    fn numbers_are_grouped() {
        for (number, expected) in [
            (0, "0"),
            (999, "999"),
            (1_000, "1,000"),
            (12_345_678, "12,345,678"),
        ] {
            assert_eq!(grouped(number), expected);
        }
        assert_eq!(plural(1, "vote"), "1 vote");
        assert_eq!(plural(1_200, "vote"), "1,200 votes");
    }
}
