//! Unicode's normal forms.

use super::edit::{each, text};
use super::fold::fold_full;
use crate::function::definition::{Function, family};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

pub(crate) const FUNCTIONS: &[Function] = family! {
    "normalizeUTF8NFC", exact_case, "normalizeUTF8NFC(s)", "Letters and their marks as one character where there is one.", [("length(normalizeUTF8NFC('Ä'))", "2")], |call| text(call, |input| each(input, |text, out| out.extend(text.nfc())));
    "normalizeUTF8NFD", exact_case, "normalizeUTF8NFD(s)", "Letters apart from their marks.", [("length(normalizeUTF8NFD('Ä'))", "3")], |call| text(call, |input| each(input, |text, out| out.extend(text.nfd())));
    "normalizeUTF8NFKC", exact_case, "normalizeUTF8NFKC(s)", "As NFC, and ligatures and the like as the letters they stand for.", [("normalizeUTF8NFKC('ﬁ')", "fi")], |call| text(call, |input| each(input, |text, out| out.extend(text.nfkc())));
    "normalizeUTF8NFKD", exact_case, "normalizeUTF8NFKD(s)", "As NFD, and ligatures and the like as the letters they stand for.", [("normalizeUTF8NFKD('①')", "1")], |call| text(call, |input| each(input, |text, out| out.extend(text.nfkd())));
    "normalizeUTF8NFKCCasefold", exact_case, "normalizeUTF8NFKCCasefold(s)", "As NFKC, without the case of letters.", [("normalizeUTF8NFKCCasefold('ﬁ STRASSE ß')", "fi strasse ss")], |call| text(call, |input| each(input, |text, out| {
        let mut folded = String::with_capacity(text.len());
        fold_full(&text.nfkc().collect::<String>(), &mut folded);
        out.extend(folded.nfkc());
    }));
    "removeDiacriticsUTF8" | "removeAccentsUTF8", exact_case, "removeDiacriticsUTF8(s)", "Letters without accents.", [("removeDiacriticsUTF8('Ñandú')", "Nandu")], |call| text(call, |input| each(input, |text, out| {
        out.extend(text.nfd().filter(|character| !is_combining_mark(*character)).nfc());
    }));
};
