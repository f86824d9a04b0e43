/// The most characters of a title.
pub const TITLE_MAX: usize = 255;
/// The most characters of a description.
pub const DESCRIPTION_MAX: usize = 10_000;
/// The most characters of a category.
pub const CATEGORY_MAX: usize = 100;
/// The most characters of an option's text.
pub const OPTION_TEXT_MAX: usize = 255;
/// The fewest options of a poll.
pub const OPTIONS_MIN: usize = 2;
/// The most options of a poll.
pub const OPTIONS_MAX: usize = 100;
