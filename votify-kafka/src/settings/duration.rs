use std::time::Duration;

/// Parses a whole number with a unit: `500ms`, `5s`, `30m`, `48h` or `7d`.
pub(super) fn parse(text: &str) -> Option<Duration> {
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().ok()?;
    let seconds = match unit {
        "ms" => return Some(Duration::from_millis(number)),
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return None,
    };
    number.checked_mul(seconds).map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_with_a_unit_are_parsed() {
        let seconds = |seconds| Some(Duration::from_secs(seconds));
        assert_eq!(parse("1500ms"), Some(Duration::from_millis(1_500)));
        assert_eq!(parse("5s"), seconds(5));
        assert_eq!(parse("30m"), seconds(1_800));
        assert_eq!(parse("48h"), seconds(172_800));
        assert_eq!(parse("7d"), seconds(604_800));
        for invalid in ["", "5", "s", "5 s", "-5s", "5w", "99999999999999999999d"] {
            assert_eq!(parse(invalid), None, "{invalid}");
        }
    }
}
