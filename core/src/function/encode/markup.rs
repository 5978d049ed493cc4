//! XML and HTML.

use crate::function::definition::{Function, family};
use crate::function::string::{each, text};
use std::collections::HashMap;
use std::sync::LazyLock;

pub(crate) const FUNCTIONS: &[Function] = family! {
    "encodeXMLComponent", exact_case, "encodeXMLComponent(s)", "The text as it may stand in XML.", [("encodeXMLComponent('<a>')", "&lt;a&gt;")], |call| text(call, |input| each(input, |text, out| for character in text.chars() {
        match character {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            other => out.push(other),
        }
    }));
    "decodeXMLComponent", exact_case, "decodeXMLComponent(s)", "The entities of XML, and numbers of characters, as the characters they stand for.", [("decodeXMLComponent('&lt;&#65;&#x42;')", "<AB")], |call| text(call, |input| each(input, |text, out| decode(text, out, false)));
    "decodeHTMLComponent", exact_case, "decodeHTMLComponent(s)", "As decodeXMLComponent, and the entities of HTML 4.", [("decodeHTMLComponent('&eacute;&euro;')", "é€")], |call| text(call, |input| each(input, |text, out| decode(text, out, true)));
    "extractTextFromHTML", exact_case, "extractTextFromHTML(html)", "The text without tags, comments, scripts and styles, with one space where there are more.", [("extractTextFromHTML('<p>Hello <b>world</b></p>')", "Hello world")], |call| text(call, |input| each(input, plain));
};

/// The entities of HTML 4, a name and a number on each line.
static ENTITIES: LazyLock<HashMap<&'static str, char>> = LazyLock::new(|| {
    let lines = include_str!("entities.txt").lines();
    lines
        .filter_map(|line| line.split_once(' '))
        .filter_map(|(name, code)| Some((name, char::from_u32(code.parse().ok()?)?)))
        .collect()
});

/// Longer names than this are none.
const NAME_BYTES_MAX: usize = 32;

fn decode(text: &str, out: &mut String, html: bool) {
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        let end = after.bytes().take(NAME_BYTES_MAX).position(|byte| byte == b';');
        match end.and_then(|end| Some((entity(&after[..end], html)?, end))) {
            Some((character, end)) => {
                out.push(character);
                rest = &after[end + 1..];
            }
            None => {
                out.push('&');
                rest = after;
            }
        }
    }
    out.push_str(rest);
}

fn entity(name: &str, html: bool) -> Option<char> {
    if let Some(number) = name.strip_prefix('#') {
        let code = match number.strip_prefix(['x', 'X']) {
            Some(digits) => u32::from_str_radix(digits, 16).ok()?,
            None => number.parse().ok()?,
        };
        return char::from_u32(code);
    }
    match name {
        "lt" => Some('<'),
        "gt" => Some('>'),
        "amp" => Some('&'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        name if html => ENTITIES.get(name).copied(),
        _ => None,
    }
}

/// Tags part words; text that is `CDATA` is taken as it is.
fn plain(html: &str, out: &mut String) {
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        push_words(&rest[..at], out);
        let tag = &rest[at..];
        if let Some(data) = tag.strip_prefix("<![CDATA[") {
            let end = data.find("]]>").unwrap_or(data.len());
            if !out.is_empty() && !out.ends_with(' ') {
                out.push(' ');
            }
            out.push_str(&data[..end]);
            rest = data.get(end + 3..).unwrap_or("");
            continue;
        }
        let hidden = [("<!--", "-->"), ("<script", "</script"), ("<style", "</style")];
        let starts = |open: &str| tag.get(..open.len()).is_some_and(|start| start.eq_ignore_ascii_case(open));
        let start = match hidden.iter().find(|(open, _)| starts(open)) {
            Some((open, close)) => match find_any_case(&tag[open.len()..], close) {
                Some(end) => open.len() + end,
                None => return,
            },
            None => 0,
        };
        rest = match tag[start..].find('>') {
            Some(end) => &tag[start + end + 1..],
            None => "",
        };
    }
    push_words(rest, out);
}

fn find_any_case(text: &str, wanted: &str) -> Option<usize> {
    text.as_bytes().windows(wanted.len()).position(|part| part.eq_ignore_ascii_case(wanted.as_bytes()))
}

fn push_words(text: &str, out: &mut String) {
    for word in text.split_ascii_whitespace() {
        if !out.is_empty() && !out.ends_with(' ') {
            out.push(' ');
        }
        out.push_str(word);
    }
}
