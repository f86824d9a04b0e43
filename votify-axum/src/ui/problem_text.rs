//! The texts of errors on pages: whole sentences instead of the short texts of the API.

/// Returns the heading of an error. `title` is the one of the API.
pub(super) fn heading(code: &str, title: &str) -> String {
    let text = match code {
        "poll_not_found" | "malformed_id" => "There is no poll here",
        "not_found" => "There is no page here",
        "not_logged_in" => "Please log in first",
        "invalid_login" => "Please log in again",
        "not_owner" => "Only the owner of this poll may do this",
        "not_allowed" => "This is not allowed here",
        "invite_invalid" => "This poll needs an invite code",
        "origin_not_allowed" => "This request came from another site",
        "form_expired" => "This form has expired",
        "already_voted" => "You have already voted in this poll",
        "poll_not_open" => "This poll is not open yet",
        "poll_closed" => "This poll is closed",
        "address_quota" => "Your network has used all its votes",
        "revote_not_allowed" => "Votes in this poll are final",
        "not_voted" => "You have not voted in this poll",
        "invalid_poll" => "Some fields need another look",
        "invalid_ballot" => "Please check your choice",
        "rate_limited" => "That was too fast",
        "overloaded" | "store_unavailable" => "The server is busy",
        "internal" => "Something went wrong",
        "method_not_allowed" => "This page cannot do that",
        "body_too_large" => "That is too much text",
        "name_taken" => "This name is taken",
        "invalid_account" => "Please check name and password",
        other => return sentence(if title.is_empty() { other } else { title }),
    };
    text.to_owned()
}

/// Returns a text of the API as a sentence: with a capital letter and a full stop.
pub(crate) fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    let Some(first) = chars.next() else {
        return String::new();
    };
    let mut sentence: String = first.to_uppercase().chain(chars).collect();
    if !sentence.ends_with(['.', '!', '?']) {
        sentence.push('.');
    }
    sentence
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_become_sentences() {
        assert_eq!(sentence("must be 1 to 5"), "Must be 1 to 5.");
        assert_eq!(sentence("Why?"), "Why?");
        assert_eq!(sentence(""), "");
        assert_eq!(heading("internal", "x"), "Something went wrong");
        assert_eq!(heading("some_code", "poll closed"), "Poll closed.");
    }
}
