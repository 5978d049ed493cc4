use super::{Flags, build, compile, translate};

#[test]
fn is_written_anew_where_the_syntaxes_differ() {
    for (pattern, expected) in [
        (r"\d+\W", r"[0-9]+[^0-9A-Za-z_]"),
        (r"[\d_-]", r"[0-9_-]"),
        (r"[[]&&", r"[\[]&&"),
        (r"[]a]", r"[\]a]"),
        (r"a{,2}{", r"a\{,2\}\{"),
        (r"\Qa.b\Ec", r"a\.bc"),
        (r"\101", r"\x{41}"),
        (r"\p{Lu}\x{D1}", r"\p{Lu}\x{D1}"),
        (r"[[:alpha:]]", r"[[:alpha:]]"),
        (r"a??b", r"a??b"),
    ] {
        assert_eq!(translate(pattern).as_deref(), Ok(expected), "{pattern}");
    }
    for pattern in ["a**", "a{1001}", "(?=a)", r"\1", "[", r"a\"] {
        assert!(translate(pattern).is_err(), "{pattern}");
    }
}

/// Patterns made of what means something.
#[test]
fn any_pattern_is_survived() {
    const PARTS: [&str; 24] = [
        "a", "ñ", "\\", "[", "]", "(", ")", "{", "}", "1", ",", "*", "+", "?", "|", "^", "$", ".", "-", "&", "(?",
        "[:", ":]", "\\Q",
    ];
    let mut random = 1u64;
    for _ in 0..20_000 {
        let mut pattern = String::new();
        for _ in 0..random % 9 {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            pattern.push_str(PARTS[(random >> 33) as usize % PARTS.len()]);
        }
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let _ = build(&pattern, Flags::Plain);
    }
}

#[test]
fn is_compiled_once() {
    let first = compile("a+b", Flags::AnyCase).expect("a pattern");
    assert!(first.is_match("xAB"));
    assert!(compile(r"(\pL{1,1000}){1,1000}", Flags::Plain).is_err(), "what is too large is refused");
}
