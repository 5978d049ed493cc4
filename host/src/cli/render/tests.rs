use super::*;

fn answers(input: &str) -> String {
    let mut out = Vec::new();
    answer_lines(input.as_bytes(), &mut out).expect("every line is read");
    String::from_utf8(out).expect("is text")
}

#[test]
fn lines_are_answered_one_by_one() {
    let input = r#"{"template": "SELECT {{Int32(n)}}", "variables": {"n": 5}}
{"template": "%SELECT {{Array(a)}}", "variables": {"a": ["x", "it's"]}}

{"template": "{{String(a)}}"}
{"template": "{{custom_error({'e': 'gone'}, 410)}}"}
{"template": "{{tb_secret('k')}} {{tb_secret('l')}}", "secrets": ["k", "l"]}
{"template": "{% if a %}"}
{"template": "{{UInt8(n, 3)}}", "variables": {"n": null}}
{"template": "{{Date(d)}}", "check": true}
"#;
    let expected = r#"{"sql":"SELECT toInt32('5')"}
{"sql":"SELECT ['x','it\\'s']"}
{"error":"Template Syntax Error: Required parameter is not defined. Check the parameters a. Please provide a value or set a default value in the pipe code.","status":400}
{"body":{"e":"gone"},"error":"{'e': 'gone'}","status":410}
{"sql":"{k: String} {l: String}"}
{"error":"Missing {% end %} block for if at line 1","status":400}
{"sql":"toUInt8('3')"}
{"sql":"'2019-01-01'"}
"#;
    assert_eq!(answers(input), expected);
}

#[test]
fn a_line_that_is_no_question_stops() {
    let mut out = Vec::new();
    let error = answer_lines("{\"sql\": 1}\n".as_bytes(), &mut out).expect_err("it is no question");
    assert!(format!("{error:#}").starts_with("line 1: unknown field"), "{error:#}");
}
