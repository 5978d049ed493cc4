use super::*;
use sqlparser::dialect::ClickHouseDialect;
use sqlparser::tokenizer::{Token, Tokenizer};

fn template(text: &str) -> Template {
    let (template, diagnostics) = Template::compile(text, "t.pipe", 0);
    let errors: Vec<_> = diagnostics.iter().filter(|diagnostic| diagnostic.is_error()).collect();
    assert!(errors.is_empty(), "{text}: {errors:?}");
    template
}

/// `a=x&b=y` without any decoding: values may hold anything but `&`.
fn params(query: &str) -> Params {
    let mut out = Params::default();
    for (name, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
        out.0.entry(name.to_owned()).or_default().push(value.to_owned());
    }
    out
}

#[track_caller]
fn check(text: &str, query: &str, expected: &str) {
    let result = template(&format!("%{text}")).render(&params(query));
    let shown = match result {
        Ok(rendered) => rendered.sql,
        Err(failure) => format!("{} {}", failure.status, failure.message),
    };
    assert_eq!(shown, expected, "{text} with {query}");
}

#[track_caller]
fn check_fails(text: &str, query: &str, expected: &str) {
    check(text, query, &format!("400 Template Syntax Error: {expected}"));
}

#[track_caller]
fn check_placeholders(text: &str, expected: &str) {
    let rendered = template(&format!("%{text}")).render_for_check();
    assert_eq!(rendered.expect("renders").sql, expected, "{text}");
}

#[track_caller]
fn check_code(text: &str, code: &str) {
    let (_, diagnostics) = Template::compile(&format!("%{text}"), "t.pipe", 0);
    let codes: Vec<_> = diagnostics.iter().map(|diagnostic| diagnostic.code).collect();
    assert_eq!(codes, [code], "{text}: {diagnostics:?}");
}

#[test]
fn texts_are_literals() {
    check("SELECT {{String(s)}}", "s=it's", r"SELECT 'it\'s'");
    check("SELECT {{String(s)}}", "s=a\"b", r#"SELECT 'a\"b'"#);
    check("SELECT {{String(s)}}", r"s=a\b", r"SELECT 'a\\b'");
    check("SELECT {{String(s)}}", "s=100%", r"SELECT '100\%'");
    check("SELECT {{String(s)}}", "s=l1\nl2\tx`y", r"SELECT 'l1\nl2\tx\`y'");
    check("SELECT {{s}}", "s=x'y", r"SELECT 'x\'y'");
    check("SELECT {{a + b}}", "a=x&b=y", "SELECT 'xy'");
    check("{{ x[0] }} {{ x[0:2] }}", "x=hello", "'h' 'he'");
    check("{{ f'{a}-{b}' }}", "a=1&b='", r"'1-\''");
}

#[test]
fn inside_quotes_a_value_brings_none_of_its_own() {
    check("SELECT '%{{String(s)}}%'", "s=it's", r"SELECT '%it\'s%'");
    check("SELECT '{{Int32(n)}}'", "n=5", "SELECT '5'");
    check_fails(
        "SELECT '{{column(c, 'x')}}'",
        "",
        "only a single value can stand inside quotes; remove the quotes around the tag",
    );
}

#[test]
fn typed_parameters() {
    check("{{Int32(n)}}", "n=42", "toInt32('42')");
    check("{{Int32(n)}}", "n=-042", "toInt32('-42')");
    check("{{Int32(n, 7)}}", "", "toInt32('7')");
    check("{{Int32(n, default=7, description='a, b', required=True)}}", "", "toInt32('7')");
    check("{{Int(n)}} {{Integer(n)}}", "n=42", "42 42");
    check("5 -{{Int(n)}}", "n=-42", "5 - -42");
    check("{{Float64(x)}} {{Float32(x)}}", "x=1e3", "toFloat64('1000.0') toFloat32('1000.0')");
    check("{{Boolean(x)}}", "x=FALSE", "0");
    check("{{Boolean(x)}}", "x=no", "1");
    check("{{Boolean(x)}} {{Boolean(y, 1, description='d')}}", "", "0 1");
    check("{{Date(d)}}", "d=2024-01-31", "'2024-01-31'");
    check("{{DateTime(d)}}", "d=2024-01-31 10:00:00", "'2024-01-31 10:00:00'");
    check("{{DateTime64(d)}}", "d=2024-01-31T10:00:00.123", "'2024-01-31T10:00:00.123'");
    check("{{UInt256(n)}}", &format!("n={}", "9".repeat(70)), &format!("toUInt256('{}')", "9".repeat(70)));
    check("{{UUID(u)}}", "u=61f0c404-5cb3-11e7-907b-a6006ad3dba0", "'61f0c404-5cb3-11e7-907b-a6006ad3dba0'");
    check_fails("{{Int32(n)}}", "n=2147483648", "Error validating '2147483648' to type Int32");
    check_fails("{{UInt8(n)}}", "n=+1", "Error validating '+1' to type UInt8");
    check_fails("{{Int32(n, 7)}}", "n=", "Error validating '' to type Int32");
    check_fails("{{Date(d)}}", "d=2024-1-1", "Error validating '2024-1-1' to type Date");
    check_fails(
        "{{String(a)}} {{String(b)}}",
        "",
        "Required parameter is not defined. Check the parameters a and b. Please provide a value or set a default \
         value in the pipe code.",
    );
    check_fails("{{x}}", "", "expression \"x\" evaluated to null");
}

#[test]
fn arrays() {
    check("{{Array(a)}}", "a=a,b", "['a','b']");
    check("{{Array(a, 'Int32')}}", "a=1,2", "[1,2]");
    check("{{Array(a, 'Int32')}}", "a=1&a=2", "[1,2]");
    check("{{Array(a, 'String', default='x,y')}}", "", "['x','y']");
    check("{{Array(a)}} {% for x in a %}{{x}};{% end %}", "a=1,2", "['1','2'] '1';'2';");
    check("{% if sum(a) > 2 %}{{Array(a, 'Int32')}}{% end %}", "a=1,2", "[1,2]");
    check("{{','.join(a)}}{% if False %}{{Array(a)}}{% end %}", "a=1,2", "'1,2'");
    check("x IN {{Array(a)}}", "a=it's,)", r"x IN ['it\'s',')']");
    check_fails("{{Array(a, 'Int32')}}", "a=1,x", "Error validating [1,x][1] (x) to type Int32");
    check_fails("{{Array(a, 'Int32')}}", "a=1,", "Error validating [1,][1] (empty string) to type Int32");
}

#[test]
fn identifiers() {
    check("{{column(c, 'id')}}", "", "`id`");
    check("{{column(c, 'id')}}", "c=x.y", "`x`.`y`");
    check("{{column(c)}}", "c=a`b\"", "`a``b`");
    check("{{columns(c)}}", "c=x, y", "`x`,`y`");
    check("{{columns(c, 'a,b', fn='sum')}}", "", "sum(`a`) as a,sum(`b`) as b");
    check("{{symbol(x)}}", "x=a`b", "`a``b`");
    check("{{table(x)}} {{TABLE('ws.ds')}}", "x=events", "events ws.ds");
    check_fails("{{table(x)}}", "x=t; DROP", "\"t; DROP\" is not the name of a data source or pipe");
    check_fails(
        "{{column(c)}}",
        "",
        "Missing column() default value, use `column(column_name, 'default_column_name')`",
    );
}

#[test]
fn helpers() {
    check("{{sql_and(a=Int32(x, 1), b__in=Array(y), c=z)}}", "y=x,y", "a = toInt32('1') and b in ['x','y']");
    check("{{sql_and(a=x)}}", "", "");
    check("{{sql_unescape(String(p),'%')}}", "p=a%b_c", "'a%b_c'");
    check("{{sql_unescape(String(p),'%')}}", r"p=\%'", r"'\\%\''");
    check("{{','.join(split_to_array(l,'a, b'))}}", "", "'a,b'");
    check(
        "{% for last, x in enumerate_with_last(split_to_array(l,'a,b')) %}{{symbol(x)}}{% if not last %},{% end %}{% end %}",
        "",
        "`a`,`b`",
    );
    check("{% if defined(x) %}y{% else %}n{% end %}", "x=", "y");
    check("{% if defined(x) %}y{% else %}n{% end %}", "", "n");
    check_fails(
        "{% if defined({{UInt64(x)}}) %}y{% end %}",
        "x=1",
        "wrong syntax, you might be using a not valid function inside a control block",
    );
    check("{{day_diff(a, b)}}", "a=2024-03-01&b=2024-02-01", "29");
    check("{{date_diff_in_hours(a, b)}}", "a=2024-03-01 00:00:00&b=2024-03-02 01:59:00", "25");
    check("{{date_diff_in_days(a, b, date_format='%Y/%m/%d')}}", "a=2024/03/01&b=2024/03/02", "1");
    check("{% for x in JSON(j,'[]') %}{{x['k']}},{% end %}", r#"j=[{"k":1},{"k":"v"}]"#, "1,'v',");
    check("{{cache_ttl('5m')}}SELECT 1", "", "-- cache_ttl 5m\nSELECT 1");
    check("{{max_threads(4)}}SELECT {{String(s)}}", "s='", "-- max_threads 4\nSELECT '\\''");
    check("{{error('no')}}", "", "400 no");
    check("{{custom_error('gone', 410)}}", "", "410 gone");
    let failure = template("%{{custom_error({'error': 'x'}, 403)}}").render(&Params::default()).expect_err("stops");
    assert_eq!((failure.status, failure.body), (403, Some(serde_json::json!({"error": "x"}))));
}

#[test]
fn control_flow() {
    check("{% if a == '1' %}x{% elif a == '2' %}y{% else %}z{% end %}", "a=2", "y");
    check("{% for i in range(5) %}{% if i == 3 %}{% break %}{% end %}{{i}}{% else %}no{% end %}", "", "012");
    check("{% set i = 0 %}{% while i < 3 %}{{i}}{% set i += 1 %}{% end %}", "", "012");
    check("{% try %}{{Int32(x)}}{% except %}fb{% finally %}fin{% end %}", "", "fbfin");
    check("{% set z = Int32(n, 2) %}{{z}} {{z + 1}}", "", "toInt32('2') 3");
    check("{% set z = ['a','b'] %}{{z}}", "", "['a', 'b']");
    check("{% set l = [] %}{% for x in 'ab' %}{% set l.append(x) %}{% end %}{{','.join(l)}}", "", "'a,b'");
    check("{% set a, b = 1, 2 %}{{a}}{{b}}", "", "12");
    check("{% set l = [1] %}{% try %}{% set l.pop(5) %}{% except IndexError %}{{l}}{% end %}", "", "[1]");
    check("{% set d = {'a': [1]} %}{% set d['a'].append(2) %}{% set d['b'] = 3 %}{{d}}", "", "{'a': [1, 2], 'b': 3}");
    check("{{! x }} {%! y %} {# z #}{% comment z %}", "", "{{ x }} {% y %} ");
    check("{% whitespace oneline %}a\n  b", "", "a b");
    check("{{ 4 * 2 - 1 }}", "", "7");
    check("{% set x = [n * 2 for n in [1, 2, 3] if n > 1] %}{{x}}", "", "[4, 6]");
    check("OFFSET {{Int32(page,0) * Int32(page_size,100)}}", "page=2", "OFFSET 200");
    check("{% if 1 < 2 <= 2 and not (x or y) and 'a' in ['a'] %}ok{% end %}", "", "ok");
    check("{{ {'a': {'b': 1}}['a']['b'] }}", "", "1");
}

#[test]
fn secrets_come_from_the_workspace_only() {
    let template = template("%{{tb_secret('key')}}");
    assert!(template.render(&params("key=x")).is_err());
    let secrets = Secrets([("key".to_owned(), "it's".to_owned())].into());
    let rendered = template.render_with(&params("key=x"), &secrets).expect("known");
    assert_eq!((rendered.sql.as_str(), &rendered.secrets), ("{key: String}", &secrets));
    assert_eq!(format!("{secrets:?}"), r#"{"key"}"#);
}

#[test]
fn checks_use_placeholders() {
    check_placeholders("{{String(a)}} {{String(b, 'x')}} {{a}}", "'__no_value__' 'x' '__no_value__'");
    check_placeholders("{{Int32(a)}} {{Float64(a)}} {{Int(a)}}", "toInt32('0') toFloat64('0.0') 0");
    check_placeholders("{{Date(a)}} {{DateTime(a)}}", "'2019-01-01' '2019-01-01 00:00:00'");
    check_placeholders("{{DateTime64(a)}}", "'2019-01-01 00:00:00.000'");
    check_placeholders("{{Array(a,'Int32')}} {{Array(b)}}", "[0,0] ['']");
    check_placeholders("{{column(h,'x')}} {{table(j)}} {{symbol(k)}}", "`x` placeholder `placeholder`");
    check_placeholders("{% if defined(a) %}x{% end %}{{error('no')}}{{day_diff(a,b)}}", "-- {x} \n0");
}

#[test]
fn mistakes_have_codes() {
    check_code("SELECT {{ a", "T0101");
    check_code("{% if a %}x", "T0102");
    check_code("x{% end %}", "T0102");
    check_code("{% import os %}", "T0103");
    check_code("{% iff a %}", "T0103");
    check_code("{{ a b }}", "T0104");
    check_code("{{ }}", "T0104");
    check_code(&format!("{{{{ {}1{} }}}}", "(".repeat(100), ")".repeat(100)), "T0105");
    check_code(&format!("{{% if {}1{} %}}{{% end %}}", "any(x for x in l if ".repeat(100), ")".repeat(100)), "T0105");
    check_code("{{ Strin(a) }}", "T0201");
    check_code("{{ Int32() }}", "T0202");
    check_code("{{ sql_and(a__like='x') }}", "T0202");
    check_code("{{ sum(a) }}", "T0203");
    check_code("{{ a.upper() }}", "T0203");
    check_code("{{ a == 1 }}", "T0203");
    check_code("{{ a.__class__ }}", "T0203");
    check_code("{{ Int32(5) }}", "T0204");
    check_code("{{ format }}", "T0204");
    check_code("{{ String(token) }}", "T0205");
}

#[test]
fn bounds_end_endless_templates() {
    let endless = template("%{% while True %}{% end %}").render(&Params::default()).expect_err("is bounded");
    assert!(endless.message.contains("steps"), "{}", endless.message);
    let caught = template("%{% try %}{% while True %}{% end %}{% except %}x{% end %}").render(&Params::default());
    assert!(caught.is_err());
    for bomb in [
        "%{% set x = 'a' * 100000000000 %}",
        "%{% set x = [1] * 100000000000 %}",
        "%{% set x = 'ab' %}{% while True %}{% set x = x + x %}{% end %}",
        "%{% set x = [] %}{% while True %}{% set x = [x, x] %}{% end %}",
        "%{% set x = [] %}{% while True %}{% set x = [x] %}{% end %}",
        "%{% for x in range(100000000000) %}{% end %}",
        "%{% for x in range(100000) %}aaaaaaaaaaaaaaaa{% end %}",
    ] {
        assert!(template(bomb).render(&Params::default()).is_err(), "{bomb}");
    }
}

#[test]
fn spans_lead_back() {
    let text = "% SELECT {{Int32(n)}} + foo";
    let (template, _) = Template::compile(text, "t.pipe", 100);
    let rendered = template.render(&params("n=12345")).expect("renders");
    let at = rendered.sql.find("foo").expect("is there");
    let source = rendered.source_span(at..at + 3);
    assert_eq!(&text[source.start - 100..source.end - 100], "foo");
    let at = rendered.sql.find("12345").expect("is there");
    let source = rendered.source_span(at..at + 5);
    assert_eq!(&text[source.start - 100..source.end - 100], "{{Int32(n)}}");
    let failure = template.render(&Params::default()).expect_err("n is missing");
    assert_eq!(failure.span, Some(111..119));
}

#[test]
fn params_are_listed() {
    let text =
        "%{% if defined(a) %}{{String(a, 'x', description='d', required=True)}}{% end %}{{Array(c,'Int32','1,2')}}
        {{bare}}{{column(o, 'id')}}{{table(t)}}{{tb_secret('s')}}{% set z = Int32(n, 9007199254740993) %}{{z}}
        {% for i in c %}{{i}}{% end %}";
    let json = serde_json::to_value(template(text).params()).expect("is JSON");
    let expected = serde_json::json!([
        {"name": "a", "type": "String", "default": "x", "required": true, "description": "d"},
        {"name": "c", "type": "Array(Int32)", "default": "1,2"},
        {"name": "bare", "type": "String", "default": null},
        {"name": "o", "type": "String", "default": null, "used_in": "function_call"},
        {"name": "n", "type": "Int32", "default": "9007199254740993"},
    ]);
    assert_eq!(json, expected);
}

#[test]
fn params_of_a_pipe_say_who_reads_them() {
    let source = template("%SELECT {{n}} {% if defined(d) %}{{Date(d, description='the day')}}{% end %}");
    let top = template("%SELECT {{Int32(n, 5)}} {{Date(d, '2024-01-01')}} {{n}} {{String(s)}}");
    let json = serde_json::to_value(pipe_params([("source", &source), ("top", &top)])).expect("is JSON");
    let expected = serde_json::json!([
        {"name": "n", "type": "Int32", "default": 5, "nodes": ["source", "top"]},
        {"name": "d", "type": "Date", "default": "2024-01-01", "description": "the day", "nodes": ["source", "top"]},
        {"name": "s", "type": "String", "default": null, "nodes": ["top"]},
    ]);
    assert_eq!(json, expected);
}

#[test]
fn stored_templates_compile_when_they_are_needed() {
    let template = template("%{% for a, b in [(1, 2.5)] %}{{Int32(x, 1)}}{% if a in [1] %}{{b}}{% end %}{% end %}");
    let mut bytes = Vec::new();
    ciborium::into_writer(&template, &mut bytes).expect("fits into memory");
    let mut out: Template = ciborium::from_reader(&bytes[..]).expect("is CBOR");
    assert!(out.program.get().is_none() && bytes.len() < template.text().len() + 20, "only the text is stored");
    out.offset = 0;
    assert_eq!(out.render(&Params::default()).expect("renders").sql, "toInt32('1')2.5");
}

/// The kinds of the tokens of some SQL, without their contents where a value may decide them.
fn structure(sql: &str) -> Vec<String> {
    let tokens = Tokenizer::new(&ClickHouseDialect {}, sql).tokenize().unwrap_or_else(|error| panic!("{sql}: {error}"));
    let kind = |token: Token| match token {
        Token::SingleQuotedString(_) => Some("literal".to_owned()),
        Token::Word(word) if word.quote_style.is_some() => Some("identifier".to_owned()),
        Token::Whitespace(_) => None,
        other => Some(other.to_string()),
    };
    tokens.into_iter().filter_map(kind).collect()
}

/// A small generator: the same seeds on every run.
struct Random(u64);

impl Random {
    fn next(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % below as u64) as usize
    }

    fn text(&mut self, pieces: &[&str], count: usize) -> String {
        (0..self.next(count) + 1).map(|_| pieces[self.next(pieces.len())]).collect()
    }
}

#[test]
fn hostile_values_never_change_the_structure() {
    let pieces = [
        "'", "''", "\\", "\\'", "\"", "`", "``", "--", "/*", "*/", ";", " OR 1=1", "\n", "\r", "\0", "\u{1a}", "%",
        "{{", "}}", "é", "a-", "x'y", "\u{2019}", "$$", "#", ")", "(", "\\\\", "\\`",
    ];
    let templates = [
        "%SELECT {{String(v)}}, 1",
        "%SELECT {{v}}, 1",
        "%SELECT 'a{{String(v)}}b', 1",
        "%SELECT '%{{v}}%' -- {{v}}\n, 1",
        "%SELECT /* {{v}} {{String(v)}} */ 1",
        "%SELECT {{symbol(v)}}, 1",
        "%SELECT `{{v}}`, \"{{v}}\", 1",
        "%SELECT {{sql_unescape(String(v), '%')}}, {{sql_unescape(v, 'n')}}, 1",
        "%SELECT {{v + v}}, {{f'{v}x'}}, 1",
        "%SELECT {{split_to_array(v, separator='@')}}, {{ {'k': v} }}, 1",
        "%SELECT 1 WHERE {{sql_and(a=v, b__in=[v])}}",
        "%{{backend_hint(v)}}SELECT 1",
    ];
    let templates: Vec<Template> = templates.into_iter().map(template).collect();
    let plain = params("v=x");
    let expected: Vec<_> = templates.iter().map(|t| structure(&t.render(&plain).expect("renders").sql)).collect();
    let mut random = Random(0x5eed);
    for _ in 0..500 {
        let value = random.text(&pieces, 8);
        let params = Params([("v".to_owned(), vec![value.clone()])].into());
        for (template, expected) in templates.iter().zip(&expected) {
            let sql = template.render(&params).expect("renders").sql;
            assert_eq!(&structure(&sql), expected, "{value:?} in {}: {sql}", template.text());
        }
    }
}

/// Values print the same number of tokens whatever they hold, so every rendering of a template without
/// conditions on them has the same structure.
#[test]
fn hostile_values_never_change_the_structure_of_random_templates() {
    let prints = [
        "String(v)",
        "v",
        "String(v, 'd')",
        "v + w",
        "v * 2",
        "f'{v}-{w}'",
        "f'{v!r}'",
        "[v, w]",
        "{'k': v}",
        "(v, w)",
        "'-'.join([v, w])",
        "v.replace('a', w)",
        "v.split('@')",
        "v.split('@')[0]",
        "v[0:3]",
        "v if defined(v) else w",
        "column(v)",
        "column(v, 'd')",
        "columns(v)",
        "columns(v, 'd', 'sum')",
        "symbol(v)",
        "symbol(v, '\"')",
        "Array(v)",
        "Array(v, 'String')",
        "Array(split_to_array(v, '', '@'))",
        "sql_and(a=v, b__in=[w])",
        "sql_and(c=String(v))",
        "sql_unescape(v, '%')",
        "sql_unescape(String(v), 'n')",
        "sql_unescape(v, '`')",
        "split_to_array(v, '', '@')",
        "enumerate_with_last([v, w])[0]",
        "JSON(j, '{}')",
        "JSON(j).get('k', v)",
        "backend_hint(v)",
        "tb_secret('k', v)",
        "max(v, w)",
        "list([v])",
        "{v: w}",
        "String(v) + 'x'",
        "(v + w)[0:9]",
    ];
    // inside quotes values may stand only one by one
    let quoted = ["String(v)", "v", "v + w", "f'{v}-{w}'", "v.replace('a', w)", "Int32(n, 5)", "v[0:2]"];
    let places = ["{}", " {} AS x ", "({})", "-- {}\n", "/* {} */", "a = {} AND 1"];
    let quotes = ["'{}'", "'%{}%'", "\"{}\"", "`{}`", "'it\\'s {}'", "'a''{}'"];
    let hostile = [
        "'",
        "''",
        "\\",
        "\\'",
        "\"",
        "`",
        "``",
        "--",
        "/*",
        "*/",
        ";",
        " OR 1=1",
        "\n",
        "\r",
        "\0",
        "\u{1a}",
        "%",
        "{{",
        "}}",
        "é",
        "a-",
        "x'y",
        "\u{2019}",
        "$$",
        "#",
        ")",
        "(",
        "\\\\",
        "\\`",
        "# ",
        "\u{2028}",
        "{k: String}",
        "\u{7f}",
    ];
    let mut random = Random(0xca9e);
    let mut tried = 0;
    for _ in 0..1_500 {
        let mut text = String::from("%SELECT 1");
        for _ in 0..1 + random.next(5) {
            let (print, place) = match random.next(4) {
                0 => (quoted[random.next(quoted.len())], quotes[random.next(quotes.len())]),
                _ => (prints[random.next(prints.len())], places[random.next(places.len())]),
            };
            let tag = ["{{ V }}", "{% set y = V %}{{y}}", "{% for y in [V] %}{{y}}{% end %}"][random.next(3)];
            text.push_str(", ");
            text.push_str(&place.replace("{}", &tag.replace('V', print)));
        }
        let (template, _) = Template::compile(&text, "t.pipe", 0);
        let render = |v: &str, w: &str| {
            let json = serde_json::json!({ "k": v }).to_string();
            let values = [("v", v), ("w", w), ("j", json.as_str())];
            let values = values.map(|(name, text)| (name.to_owned(), vec![text.to_owned()]));
            template.render(&Params(values.into())).map(|rendered| rendered.sql)
        };
        // with a space, as one word would be an alias without quotes
        let Ok(plain) = render("x y", "y z") else { continue };
        tried += 1;
        let expected = structure(&plain);
        for _ in 0..6 {
            let (v, w) = (random.text(&hostile, 6), random.text(&hostile, 6));
            let sql = render(&v, &w).unwrap_or_else(|failure| panic!("{text} with {v:?} and {w:?}: {failure}"));
            assert_eq!(structure(&sql), expected, "{text} with {v:?} and {w:?}: {sql}");
        }
    }
    assert!(tried > 700, "only {tried} templates render");
}

#[test]
fn any_text_is_survived() {
    let pieces = [
        "{{", "}}", "{%", "%}", "{#", "#}", " if ", " for ", " x ", " in ", " end ", " set ", "=", "(", ")", "[", "]",
        "{", "}", ",", "'", "\"", "\\", "String", "Int32", "Array", "column", "defined", "1", "2.5", "+", "-", "*",
        "/", ".", "split", "not ", " and ", "else", "elif ", "while ", "try", "except", "finally", ":", "f'", "é",
        "\n", "!", "lambda", "== ", "<", "range", "None", "append",
    ];
    let mut random = Random(0xf00d);
    for _ in 0..4_000 {
        let text = format!("%{}", random.text(&pieces, 24));
        let (template, _) = Template::compile(&text, "t.pipe", 0);
        let _ = template.params();
        let _ = template.render(&params("x=1,2&y='"));
        let _ = template.render_for_check();
    }
}
