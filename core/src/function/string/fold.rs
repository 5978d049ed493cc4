//! Letters without their case, for searches.

use std::borrow::Cow;

/// How a search takes the case of letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Case {
    Exact,
    /// Latin letters in any case.
    Ascii,
    /// All letters in any case.
    Unicode,
}

impl Case {
    /// The text as it is compared. It has as many characters as before, so that places can be counted in it.
    pub(crate) fn fold(self, text: &str) -> Cow<'_, str> {
        match self {
            Case::Exact => Cow::Borrowed(text),
            Case::Unicode if !text.is_ascii() => Cow::Owned(text.chars().map(lower).collect()),
            _ if text.bytes().any(|byte| byte.is_ascii_uppercase()) => Cow::Owned(text.to_ascii_lowercase()),
            _ => Cow::Borrowed(text),
        }
    }

    /// As [`Case::fold`], into a buffer that is used again.
    pub(crate) fn fold_into<'a>(self, text: &'a str, buffer: &'a mut String) -> &'a str {
        if self == Case::Exact {
            return text;
        }
        buffer.clear();
        if self == Case::Unicode && !text.is_ascii() {
            buffer.extend(text.chars().map(lower));
        } else {
            buffer.push_str(text);
            buffer.make_ascii_lowercase();
        }
        buffer
    }
}

/// One character in lower case; those that would become two stay.
pub(crate) fn lower(character: char) -> char {
    if character.is_ascii() {
        return character.to_ascii_lowercase();
    }
    let mut lower = character.to_lowercase();
    match (lower.next(), lower.next()) {
        (Some(one), None) => one,
        _ => character,
    }
}

/// Full case folding: what is equal in upper case is equal after it.
pub(crate) fn fold_full(text: &str, out: &mut String) {
    if text.is_ascii() {
        out.push_str(text);
        out.make_ascii_lowercase();
        return;
    }
    out.extend(text.chars().flat_map(char::to_uppercase).flat_map(char::to_lowercase));
}
