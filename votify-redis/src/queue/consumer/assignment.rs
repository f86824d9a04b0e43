/// Returns true if a partition is to be owned by this member. Each partition has exactly
/// one member among `members`, which are sorted.
pub(super) fn is_assigned(partition: u32, member: &str, members: &[String]) -> bool {
    let Some(index) = members.iter().position(|other| other == member) else {
        return false;
    };
    usize::try_from(partition).is_ok_and(|partition| partition % members.len() == index)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_partition_has_one_member() {
        let members: Vec<String> = ["a", "b", "c"].map(String::from).into();
        for partition in 0..8 {
            let owners = members
                .iter()
                .filter(|member| is_assigned(partition, member, &members));
            assert_eq!(owners.count(), 1);
        }
        assert!(!is_assigned(0, "unknown", &members));
        assert!(!is_assigned(0, "unknown", &[]));
    }
}
