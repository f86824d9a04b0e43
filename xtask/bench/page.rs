//! The results page. A run replaces the sections of the figures that it measured.

/// Everything before the first section.
const HEAD: &str = "# Benchmarks

`cargo xtask bench --write NAME…` writes this page. It measures the named figures, or all without a
name, and replaces their sections; do not edit it by hand. Each section has its own date, commit and
machine. Server, load and compared servers share the cores of that machine.

In the column `target`, `at least` or `at most` is the required bound, and `aim` is a further goal.
*Ceiling*, *baseline* and *naive* are explained in
[decision 22](decisions/0022-benchmarks-run-beside-a-ceiling-and-a-naive-server.md).
";

/// Sections in page order, each with its name.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Page {
    sections: Vec<(String, String)>,
}

impl Page {
    /// Parses a page. Text before the first section is dropped, because
    /// [`render`](Self::render) writes it again.
    pub(crate) fn parse(text: &str) -> Self {
        let text = format!("\n{text}");
        let sections = text.split("\n## ").skip(1).filter_map(|section| {
            let (name, text) = section.split_once('\n')?;
            Some((name.trim().to_owned(), text.trim().to_owned()))
        });
        Self {
            sections: sections.collect(),
        }
    }

    /// Replaces the section with this name, or appends it.
    pub(crate) fn set_section(&mut self, name: &str, text: &str) {
        let text = text.trim().to_owned();
        match self.sections.iter_mut().find(|(known, _)| known == name) {
            Some((_, old)) => *old = text,
            None => self.sections.push((name.to_owned(), text)),
        }
    }

    /// Returns the Markdown, with sections in the given order. Sections with other names
    /// follow.
    pub(crate) fn render(mut self, order: &[String]) -> String {
        let index = |name: &String| order.iter().position(|other| other == name);
        self.sections
            .sort_by_key(|(name, _)| index(name).unwrap_or(order.len()));
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
    fn a_section_is_replaced_and_the_others_stay() {
        let order = ["first", "second", "third"].map(str::to_owned);
        let old =
            format!("{HEAD}\n## third\n\n3\n\n### within\n\nx\n\n## first\n\n1\n\n## odd\n\n?\n");
        let mut page = Page::parse(&old);
        page.set_section("first", "one\n");
        page.set_section("second", "two");
        let text = page.render(&order);
        assert_eq!(
            text,
            format!(
                "{HEAD}\n## first\n\none\n\n## second\n\ntwo\n\n## third\n\n3\n\n### within\n\nx\n\n## odd\n\n?\n"
            )
        );
        assert_eq!(Page::parse(&text).render(&order), text);
    }
}
