use super::{Kind, Number, Tape};

/// Each byte of some texts gone, doubled or replaced: what is JSON, is JSON to both.
#[test]
fn reads_what_serde_reads() {
    let texts = [
        r#"{"a":[1,-2.5,{"b":null}],"c":"x\ny\u00e9","d":true,"e":{}}"#,
        r#" [ [ ] , "\"" , 0 , 10 , 1.0 , 12 , false ] "#,
        r#"{"":{"":[]},"ñ":"\\"}"#,
    ];
    let mut tape = Tape::default();
    for text in texts {
        assert!(tape.read(text).is_some(), "{text}");
        for (at, character) in text.char_indices() {
            let (before, after) = (&text[..at], &text[at + character.len_utf8()..]);
            let doubled = format!("{before}{character}{character}{after}");
            let replaced = "{}[],:\"\\0.-etnu \n\u{1}".chars().map(|other| format!("{before}{other}{after}"));
            for text in [format!("{before}{after}"), doubled].into_iter().chain(replaced) {
                let expected = serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok();
                assert_eq!(tape.read(&text).is_some(), expected, "{text}");
            }
        }
    }
}

#[test]
fn halves_of_surrogates_and_endless_numbers_are_no_json() {
    let mut tape = Tape::default();
    for text in [r#""\ud83d""#, r#""\ude00""#, r#""\ud83d\u0041""#, "1e400", "-", "01", "[1", "{\"a\"}", "nul", "", " "]
    {
        assert!(tape.read(text).is_none(), "{text}");
    }
    let mut text = String::new();
    tape.read(r#""\ud83d\ude00\/""#).expect("a pair is whole").unescape(&mut text);
    assert_eq!(text, "😀/");
}

#[test]
fn values_know_what_is_inside_of_them() {
    let mut tape = Tape::default();
    let value = tape.read(r#"{"a":[1,[2,3]],"b":18446744073709551615,"c":18446744073709551616}"#).expect("JSON");
    let pairs: Vec<_> = value.pairs().collect();
    assert_eq!(pairs.iter().map(|(key, _)| key.written()).collect::<Vec<_>>(), ["a", "b", "c"]);
    assert_eq!(pairs[0].1.items().map(|item| item.kind()).collect::<Vec<_>>(), [Kind::Number, Kind::Array]);
    assert_eq!(pairs[1].1.number(), Some(Number::UInt(u64::MAX)));
    assert_eq!(pairs[2].1.number(), Some(Number::Big(18446744073709551616.0)));
}

#[test]
fn depth_is_bounded() {
    let deep = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(Tape::default().read(&deep(crate::limits::JSON_DEPTH_MAX)).is_some());
    assert!(Tape::default().read(&deep(crate::limits::JSON_DEPTH_MAX + 2)).is_none());
}
