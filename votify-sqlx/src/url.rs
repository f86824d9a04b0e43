/// Returns an error for an unknown parameter of a URL, without its value, which may be a
/// secret. sqlx would ignore the parameter or log it.
pub(crate) fn check_parameters(url: &str, known: &[&str]) -> Result<(), String> {
    let Some((_, parameters)) = url.split_once('?') else {
        return Ok(());
    };
    let parameters = parameters.split('#').next().unwrap_or_default();
    for parameter in parameters.split('&').filter(|text| !text.is_empty()) {
        let name = parameter.split('=').next().unwrap_or_default();
        let is_known = |one: &&str| match one.strip_suffix('[') {
            Some(family) => {
                name.starts_with(family) && name[family.len()..].starts_with(['[', '%'])
            }
            None => name == *one,
        };
        if !known.iter().any(is_known) {
            return Err(format!(
                "unknown parameter {name:?} in the URL; known parameters: {}",
                known.join(", ").replace('[', "[…]")
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_parameters_are_named_without_their_values() {
        let known = ["sslmode", "options", "options["];
        let check = |url| check_parameters(url, &known);
        assert_eq!(check("postgres://a@b/c"), Ok(()));
        assert_eq!(
            check("postgres://a@b/c?sslmode=x&options[y]=z&options=w"),
            Ok(())
        );
        let problem = check("postgres://a@b/c?sslmode=x&sslpassword=hunter2").unwrap_err();
        assert!(
            problem.contains("\"sslpassword\"") && !problem.contains("hunter2"),
            "{problem}"
        );
    }
}
