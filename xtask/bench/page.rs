//! The page of all figures, of which a run replaces those that it took.

/// Everything before the first figure.
const HEAD: &str = "# Benchmarks

Written by `cargo xtask bench --write`, which measures the named figures anew, or all, and leaves the others as they are; not by
hand. Each figure says when, where and of which commit it was taken. Servers, load and what they are compared with share the
machine's cores. A figure's floor is behind `at least` or `at most`, the aim beyond it behind `aim`.
";

/// Sections in their order, each with its name.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Page {
    sections: Vec<(String, String)>,
}

impl Page {
    /// What such a page holds; whatever stands before its first section is written anew.
    pub(crate) fn read(text: &str) -> Self {
        let text = format!("\n{text}");
        let sections = text.split("\n## ").skip(1).filter_map(|section| {
            let (name, text) = section.split_once('\n')?;
            Some((name.trim().to_owned(), text.trim().to_owned()))
        });
        Self {
            sections: sections.collect(),
        }
    }

    /// Puts a section in the place of the one of this name, or behind all.
    pub(crate) fn put(&mut self, name: &str, text: &str) {
        let text = text.trim().to_owned();
        match self.sections.iter_mut().find(|(known, _)| known == name) {
            Some((_, old)) => *old = text,
            None => self.sections.push((name.to_owned(), text)),
        }
    }

    /// The whole page, its sections in the order of these names, and those of other names behind them.
    pub(crate) fn text(mut self, order: &[String]) -> String {
        let place = |name: &String| order.iter().position(|one| one == name);
        self.sections
            .sort_by_key(|(name, _)| place(name).unwrap_or(order.len()));
        let mut page = HEAD.to_owned();
        for (name, text) in self.sections {
            page.push_str(&format!("\n## {name}\n\n{text}\n"));
        }
        page
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_replaces_what_it_took_and_keeps_the_rest() {
        let order = ["first", "second", "third"].map(str::to_owned);
        let old =
            format!("{HEAD}\n## third\n\n3\n\n### within\n\nx\n\n## first\n\n1\n\n## odd\n\n?\n");
        let mut page = Page::read(&old);
        page.put("first", "one\n");
        page.put("second", "two");
        let text = page.text(&order);
        assert_eq!(
            text,
            format!(
                "{HEAD}\n## first\n\none\n\n## second\n\ntwo\n\n## third\n\n3\n\n### within\n\nx\n\n## odd\n\n?\n"
            )
        );
        assert_eq!(Page::read(&text).text(&order), text);
    }
}
