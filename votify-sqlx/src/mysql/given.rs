//! Rows of parameters as a table: one parameter however many rows there are, so that each statement has one text.

/// In what form a value travels in the JSON, and what the statement makes of it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    /// 16 bytes, as hexadecimal digits.
    Id,
    /// Bytes, as hexadecimal digits.
    Bytes,
    Integer,
    /// In decimal digits: the one way from text to a number that rounds right on both servers.
    Real,
    /// As it is written in SQL.
    Moment,
}

/// The columns of a table `given`, in the order in which the rows hold them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Given(pub(super) &'static [(&'static str, Kind)]);

impl Given {
    /// The table, whose rows are the statement's next parameter.
    pub(super) fn table(self) -> String {
        let columns = self.0.iter().enumerate().map(|(place, (name, kind))| {
            let sql = match kind {
                Kind::Id | Kind::Real | Kind::Moment => "VARCHAR(32)",
                Kind::Bytes => "LONGTEXT",
                Kind::Integer => "BIGINT",
            };
            format!("`{name}` {sql} PATH '$[{place}]' ERROR ON EMPTY ERROR ON ERROR")
        });
        let columns: Vec<_> = columns.collect();
        format!(
            "JSON_TABLE(?, '$[*]' COLUMNS ({})) given",
            columns.join(", ")
        )
    }

    /// Gives a row `of` another table the values of these columns.
    pub(super) fn set(self, of: &str, names: &[&str]) -> String {
        self.pairs(of, names, ", ")
    }

    /// That a row `of` another table has the values of these columns.
    pub(super) fn is(self, of: &str, names: &[&str]) -> String {
        self.pairs(of, names, " AND ")
    }

    fn pairs(self, of: &str, names: &[&str], between: &str) -> String {
        let wanted = self.0.iter().filter(|(name, _)| names.contains(name));
        let pairs = wanted.map(|(name, kind)| format!("{of}.`{name}` = {}", value(name, *kind)));
        pairs.collect::<Vec<_>>().join(between)
    }
}

fn value(name: &str, kind: Kind) -> String {
    match kind {
        Kind::Id | Kind::Bytes => format!("UNHEX(given.`{name}`)"),
        Kind::Integer => format!("given.`{name}`"),
        Kind::Real => format!("given.`{name}` + 0e0"),
        Kind::Moment => format!("CAST(given.`{name}` AS DATETIME(6))"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_read_from_their_places() {
        let given = Given(&[("id", Kind::Id), ("vote_count", Kind::Integer)]);
        assert_eq!(
            given.table(),
            "JSON_TABLE(?, '$[*]' COLUMNS (\
             `id` VARCHAR(32) PATH '$[0]' ERROR ON EMPTY ERROR ON ERROR, \
             `vote_count` BIGINT PATH '$[1]' ERROR ON EMPTY ERROR ON ERROR)) given"
        );
        assert_eq!(given.is("o", &["id"]), "o.`id` = UNHEX(given.`id`)");
        assert_eq!(
            given.set("o", &["vote_count"]),
            "o.`vote_count` = given.`vote_count`"
        );
    }
}
