//! Percentages and the widths of bars. `percentages` in `ui/poll/model.js` computes the same.

use std::cmp::Reverse;

/// Returns the percentage of the voters for each count, as whole numbers.
///
/// With one option per ballot they add up to 100: each is rounded down, and the missing
/// points go to the largest remainders, then to the larger counts, then in the order of
/// the options. With several options per ballot each is rounded, and they may add up to
/// more.
pub(super) fn percentages(counts: &[u64], voters: u64, is_single: bool) -> Vec<u64> {
    if voters == 0 {
        return vec![0; counts.len()];
    }
    let voters = u128::from(voters);
    let hundredfold = |count: u64| u128::from(count) * 100;
    if !is_single {
        let rounded = |count: &u64| (2 * hundredfold(*count) + voters) / (2 * voters);
        return counts.iter().map(rounded).map(narrow).collect();
    }
    let mut percents: Vec<u128> = counts
        .iter()
        .map(|count| hundredfold(*count) / voters)
        .collect();
    let remainder = |index: usize| hundredfold(counts[index]) % voters;
    let missing = 100_u128.saturating_sub(percents.iter().sum());
    let mut order: Vec<usize> = (0..counts.len()).collect();
    order.sort_by_key(|index| (Reverse(remainder(*index)), Reverse(counts[*index])));
    // Only remainders are rounded up. The counts may lag behind the number of voters.
    let missing = usize::try_from(missing).unwrap_or(usize::MAX);
    for index in order.into_iter().take(missing) {
        if remainder(index) > 0 {
            percents[index] += 1;
        }
    }
    percents.into_iter().map(narrow).collect()
}

/// Returns the share of voters with one decimal, such as `33.3`. At most 100.
pub(super) fn share(count: u64, voters: u64) -> String {
    if voters == 0 {
        return "0".to_owned();
    }
    let voters = u128::from(voters);
    let tenths = (u128::from(count) * 2_000 + voters) / (2 * voters);
    let tenths = tenths.min(1_000);
    match tenths % 10 {
        0 => format!("{}", tenths / 10),
        decimal => format!("{}.{decimal}", tenths / 10),
    }
}

/// Converts a percentage, which is small, as counts are at most the number of voters.
fn narrow(percent: u128) -> u64 {
    u64::try_from(percent).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn single_choice_adds_up_to_a_hundred() {
        for (counts, expected) in [
            (vec![1, 1, 1], vec![34, 33, 33]),
            (vec![1, 2], vec![33, 67]),
            (vec![0, 0], vec![0, 0]),
            (vec![5, 0], vec![100, 0]),
            (vec![1, 1, 1, 1, 1, 1], vec![17, 17, 17, 17, 16, 16]),
            (vec![2, 2, 1, 1], vec![33, 33, 17, 17]),
        ] {
            let voters = counts.iter().sum();
            assert_eq!(percentages(&counts, voters, true), expected, "{counts:?}");
        }
    }

    #[test]
    fn several_options_are_shares_of_voters() {
        assert_eq!(percentages(&[3, 2, 1], 3, false), [100, 67, 33]);
        assert_eq!(percentages(&[1], 200, false), [1]);
        assert_eq!(percentages(&[1], 201, false), [0]);
        assert_eq!(percentages(&[1, 2], 0, false), [0, 0]);
    }

    #[test]
    fn counts_that_lag_behind_the_voters_are_not_raised() {
        assert_eq!(percentages(&[1, 0], 4, true), [25, 0]);
    }

    #[test]
    fn shares_have_one_decimal() {
        for (count, voters, expected) in [
            (1, 3, "33.3"),
            (2, 3, "66.7"),
            (1, 2, "50"),
            (0, 0, "0"),
            (3, 2, "100"),
        ] {
            assert_eq!(share(count, voters), expected, "{count} of {voters}");
        }
    }

    proptest! {
        #[test]
        fn any_counts_add_up(counts in prop::collection::vec(0_u64..u64::MAX / 100, 1..100)) {
            let voters: u64 = counts.iter().sum();
            let sum: u64 = percentages(&counts, voters, true).iter().sum();
            prop_assert_eq!(sum, if voters == 0 { 0 } else { 100 });
        }
    }
}
