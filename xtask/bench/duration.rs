use std::time::Duration;

/// Formats a duration with a space before its unit: `33 ms`.
pub(crate) fn duration(duration: Duration) -> String {
    let text = format!("{duration:?}");
    let unit = text.find(|letter: char| !letter.is_ascii_digit() && letter != '.');
    let (number, unit) = text.split_at(unit.unwrap_or(text.len()));
    format!("{number} {unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_a_space_before_the_unit() {
        assert_eq!(duration(Duration::from_millis(33)), "33 ms");
        assert_eq!(duration(Duration::from_micros(1_500)), "1.5 ms");
        assert_eq!(duration(Duration::from_micros(200)), "200 µs");
    }
}
