use std::fmt;

use votify_axum::Creators;

/// Who may create polls over HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CreateSetting(pub(crate) Creators);

const NAMES: [(&str, Creators); 3] = [
    ("anyone", Creators::Anyone),
    ("accounts", Creators::Accounts),
    ("nobody", Creators::Nobody),
];

pub(super) fn parse(text: &str) -> Result<CreateSetting, String> {
    let known = NAMES.iter().find(|(name, _)| *name == text);
    known
        .map(|(_, creators)| CreateSetting(*creators))
        .ok_or_else(|| "must be anyone, accounts or nobody".to_owned())
}

impl fmt::Display for CreateSetting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = NAMES.iter().find(|(_, creators)| *creators == self.0);
        f.write_str(known.map_or("nobody", |(name, _)| name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_parsed_and_shown() {
        for (name, creators) in NAMES {
            let setting = parse(name).unwrap();
            assert_eq!(setting.0, creators);
            assert_eq!(setting.to_string(), name);
        }
        for bad in ["", "Anyone", "off"] {
            assert!(parse(bad).unwrap_err().contains("accounts"), "{bad}");
        }
    }
}
