//! Texts made after a pattern: `format` and `printf`.

use crate::function::definition::{Call, Function, Mismatch, family};
use crate::function::scalar::Input;
use crate::function::typed::Typed;
use crate::limits;
use crate::value::DataType;
use arrow::array::*;
use arrow::datatypes::{DataType as Arrow, Float64Type};
use datafusion::common::{Result as EngineResult, exec_datafusion_err, exec_err};

pub(crate) const FUNCTIONS: &[Function] = family! {
    "format", exact_case, "format(pattern, a, b, …)", "The pattern with {} or {0} replaced by the arguments.", [("format('{} {}', 'a', 'b')", "a b"), ("format('{1} {0}', 'a', 'b')", "b a")], |call| {
        let count = call.count(2..)?;
        braces(call.constant_text(0)?, count - 1).map_err(|problem| call.bad_value(problem))?;
        Ok(call.kernel_on(formatted, DataType::String, call.all_as_text()?))
    };
    "printf", exact_case, "printf(pattern, a, b, …)", "The pattern with %d, %s, %.2f and the like replaced by the arguments, as in C.", [("printf('%05d|%-4s|%.2f', 42, 'ab', 3.14159)", "00042|ab  |3.14")], printf;
};

enum Piece<'t> {
    Text(&'t str),
    Argument(usize),
}

/// A pattern of `format`, taken apart. Its arguments are numbered all, or none.
fn braces(pattern: &str, arguments: usize) -> Result<Vec<Piece<'_>>, String> {
    let mut pieces = Vec::new();
    let mut numbered: Option<bool> = None;
    let (mut next, mut rest) = (0, pattern);
    while let Some(at) = rest.find(['{', '}']) {
        pieces.push(Piece::Text(&rest[..at]));
        let brace = &rest[at..];
        if brace.starts_with("{{") || brace.starts_with("}}") {
            pieces.push(Piece::Text(&brace[..1]));
            rest = &brace[2..];
            continue;
        }
        let Some(end) = brace.find('}').filter(|_| brace.starts_with('{')) else {
            return Err(format!("finds a brace without a partner in the pattern {pattern:?}"));
        };
        let digits = &brace[1..end];
        if *numbered.get_or_insert(!digits.is_empty()) == digits.is_empty() {
            return Err(format!(
                "cannot take arguments both with and without numbers, as the pattern {pattern:?} does"
            ));
        }
        let index = if digits.is_empty() {
            next
        } else {
            digits.parse().map_err(|_| format!("finds {digits:?} in the pattern {pattern:?}, which is no number"))?
        };
        if index >= arguments {
            return Err(format!("has no argument {index}, for which the pattern {pattern:?} asks"));
        }
        next += 1;
        pieces.push(Piece::Argument(index));
        rest = &brace[end + 1..];
    }
    pieces.push(Piece::Text(rest));
    Ok(pieces)
}

fn formatted(input: &Input) -> EngineResult<ArrayRef> {
    let parts = (0..input.columns.len()).map(|index| input.strings(index)).collect::<EngineResult<Vec<_>>>()?;
    let pieces =
        braces(parts[0].get(0), parts.len() - 1).map_err(|problem| exec_datafusion_err!("format {problem}"))?;
    input.write_strings(|row, out| {
        for piece in &pieces {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Argument(index) => out.push_str(parts[index + 1].get(row)),
            }
            super::bounded(out)?;
        }
        Ok(())
    })
}

/// `%-08.3f`, taken apart.
#[derive(Clone, Copy, Debug, Default)]
struct Conversion {
    left: bool,
    zero: bool,
    plus: bool,
    space: bool,
    alternative: bool,
    width: usize,
    precision: Option<usize>,
    kind: u8,
}

enum Directive<'t> {
    Text(&'t str),
    Percent,
    Value(Conversion),
}

fn directives(pattern: &str) -> Result<Vec<Directive<'_>>, String> {
    let mut out = Vec::new();
    let mut rest = pattern;
    while let Some(at) = rest.find('%') {
        out.push(Directive::Text(&rest[..at]));
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('%') {
            out.push(Directive::Percent);
            rest = after;
            continue;
        }
        let mut conversion = Conversion::default();
        loop {
            match rest.bytes().next() {
                Some(b'-') => conversion.left = true,
                Some(b'0') => conversion.zero = true,
                Some(b'+') => conversion.plus = true,
                Some(b' ') => conversion.space = true,
                Some(b'#') => conversion.alternative = true,
                _ => break,
            }
            rest = &rest[1..];
        }
        (conversion.width, rest) = number(rest);
        if let Some(after) = rest.strip_prefix('.') {
            let (precision, after) = number(after);
            conversion.precision = Some(precision);
            rest = after;
        }
        rest = rest.trim_start_matches(['l', 'h', 'j', 'z', 't', 'q', 'L']);
        let Some(kind) = rest.bytes().next().filter(u8::is_ascii_alphabetic) else {
            return Err(format!("finds an incomplete format in the pattern {pattern:?}"));
        };
        if conversion.width > limits::PRINTF_WIDTH_MAX || conversion.precision > Some(limits::PRINTF_WIDTH_MAX) {
            return Err(format!("takes widths up to {}", limits::PRINTF_WIDTH_MAX));
        }
        conversion.kind = kind;
        rest = &rest[1..];
        out.push(Directive::Value(conversion));
    }
    out.push(Directive::Text(rest));
    Ok(out)
}

fn number(text: &str) -> (usize, &str) {
    let end = text.bytes().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    (text[..end].parse().unwrap_or(if end == 0 { 0 } else { usize::MAX }), &text[end..])
}

fn printf(call: &Call) -> Result<Typed, Mismatch> {
    let count = call.count(1..)?;
    let directives = directives(call.constant_text(0)?).map_err(|problem| call.bad_value(problem))?;
    let conversions: Vec<Conversion> = directives
        .iter()
        .filter_map(|directive| match directive {
            Directive::Value(conversion) => Some(*conversion),
            _ => None,
        })
        .collect();
    if conversions.len() != count - 1 {
        let problem = format_args!("has {} arguments for {} formats", count - 1, conversions.len()).to_string();
        return Err(Mismatch { code: "S0208", ..call.mismatch(problem) });
    }
    let mut arguments = vec![call.arguments[0].clone()];
    for (index, conversion) in conversions.iter().enumerate() {
        let index = index + 1;
        let fits = match conversion.kind {
            b'd' | b'i' | b'u' | b'o' | b'x' | b'X' | b'c' => call.bare(index).is_integer(),
            b'f' | b'F' | b'e' | b'E' | b'g' | b'G' | b'a' | b'A' => call.bare(index).is_float(),
            b's' => call.bare(index).is_string(),
            other => return Err(call.bad_value(format_args!("does not know the format %{}", char::from(other)))),
        };
        if !fits {
            let kind = char::from(conversion.kind);
            return Err(call.bad_value(format_args!("cannot write {} as %{kind}", call.arguments[index].data_type)));
        }
        arguments.push(if conversion.kind == b's' { call.text(index)? } else { call.arguments[index].clone() });
    }
    Ok(call.kernel_on(printed, DataType::String, arguments))
}

/// One argument's values.
enum Values<'a> {
    Texts(super::Strings<'a>),
    Integers(Int64Array, bool),
    Floats(Float64Array),
}

fn printed(input: &Input) -> EngineResult<ArrayRef> {
    let pattern = input.strings(0)?.get(0);
    let directives = directives(pattern).map_err(|problem| exec_datafusion_err!("printf {problem}"))?;
    let mut values = Vec::new();
    for index in 1..input.columns.len() {
        values.push(match &input.types[index] {
            one if one.is_string() => Values::Texts(input.strings(index)?),
            one if one.is_float() => {
                let floats = arrow::compute::cast(&input.columns[index].array, &Arrow::Float64)?;
                Values::Floats(floats.as_primitive::<Float64Type>().clone())
            }
            one => {
                let bits = crate::function::convert::bits(&input.columns[index].array)?;
                Values::Integers(bits, one.is_signed_integer())
            }
        });
    }
    let mut body = String::new();
    input.write_strings(|row, out| {
        let mut index = 0;
        for directive in &directives {
            match directive {
                Directive::Text(text) => out.push_str(text),
                Directive::Percent => out.push('%'),
                Directive::Value(conversion) => {
                    let at = input.columns[index + 1].at(row);
                    body.clear();
                    let sign = match &values[index] {
                        Values::Texts(texts) => write_text(conversion, texts.get(row), &mut body),
                        Values::Integers(bits, signed) => {
                            write_integer(conversion, bits.value(at), *signed, &mut body)?
                        }
                        Values::Floats(floats) => write_float(conversion, floats.value(at), &mut body),
                    };
                    pad(conversion, sign, &body, out);
                    index += 1;
                }
            }
            super::bounded(out)?;
        }
        Ok(())
    })
}

fn write_text(conversion: &Conversion, text: &str, out: &mut String) -> &'static str {
    let mut end = conversion.precision.unwrap_or(text.len()).min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    out.push_str(&text[..end]);
    ""
}

fn sign_of(conversion: &Conversion, negative: bool) -> &'static str {
    match (negative, conversion.plus, conversion.space) {
        (true, ..) => "-",
        (_, true, _) => "+",
        (_, _, true) => " ",
        _ => "",
    }
}

fn write_integer(conversion: &Conversion, bits: i64, signed: bool, out: &mut String) -> EngineResult<&'static str> {
    use std::fmt::Write;
    let negative = signed && bits < 0;
    let magnitude = if negative { bits.unsigned_abs() } else { bits as u64 };
    let prefix = match conversion.kind {
        b'd' | b'i' => {
            let _ = write!(out, "{magnitude}");
            sign_of(conversion, negative)
        }
        b'u' => {
            let _ = write!(out, "{}", bits as u64);
            ""
        }
        b'o' => {
            let _ = write!(out, "{:o}", bits as u64);
            if conversion.alternative { "0" } else { "" }
        }
        b'x' => {
            let _ = write!(out, "{:x}", bits as u64);
            if conversion.alternative { "0x" } else { "" }
        }
        b'X' => {
            let _ = write!(out, "{:X}", bits as u64);
            if conversion.alternative { "0X" } else { "" }
        }
        _ => match u32::try_from(bits).ok().and_then(char::from_u32) {
            Some(character) => {
                out.push(character);
                ""
            }
            None => return exec_err!("{bits} is the code of no character"),
        },
    };
    Ok(prefix)
}

fn write_float(conversion: &Conversion, value: f64, out: &mut String) -> &'static str {
    use std::fmt::Write;
    let sign = sign_of(conversion, value.is_sign_negative());
    let magnitude = value.abs();
    let precision = conversion.precision.unwrap_or(6);
    let upper = conversion.kind.is_ascii_uppercase();
    if !magnitude.is_finite() {
        out.push_str(if magnitude.is_nan() { "nan" } else { "inf" });
    } else {
        match conversion.kind.to_ascii_lowercase() {
            b'f' => {
                let _ = write!(out, "{magnitude:.precision$}");
            }
            b'e' => out.push_str(&scientific(magnitude, precision)),
            b'g' => general(magnitude, precision.max(1), conversion.alternative, out),
            _ => hexadecimal(magnitude, out),
        }
    }
    if upper {
        out.make_ascii_uppercase();
    }
    sign
}

/// `1.5e3` as C writes it: `1.500000e+03`.
fn scientific(value: f64, precision: usize) -> String {
    let text = format!("{value:.precision$e}");
    let (digits, exponent) = text.split_once('e').expect("{:e} writes an exponent");
    let exponent: i32 = exponent.parse().expect("{:e} writes a number after the e");
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", exponent.abs())
}

fn general(value: f64, precision: usize, keep_zeros: bool, out: &mut String) {
    let rounded = format!("{value:.0$e}", precision - 1);
    let exponent: i32 = rounded.split_once('e').and_then(|(_, exponent)| exponent.parse().ok()).unwrap_or(0);
    let mut text = if exponent < -4 || exponent >= precision as i32 {
        scientific(value, precision - 1)
    } else {
        format!("{value:.0$}", (precision as i32 - 1 - exponent).max(0) as usize)
    };
    if !keep_zeros && text.contains('.') {
        let end = text.find('e').unwrap_or(text.len());
        let short = text[..end].trim_end_matches('0').trim_end_matches('.').len();
        text.replace_range(short..end, "");
    }
    out.push_str(&text);
}

/// `%a`: the bits of the mantissa in base 16.
fn hexadecimal(value: f64, out: &mut String) {
    use std::fmt::Write;
    if value == 0.0 {
        return out.push_str("0x0p+0");
    }
    let bits = value.to_bits();
    let exponent = (bits >> 52 & 0x7ff) as i64;
    let mantissa = format!("{:013x}", bits & ((1 << 52) - 1));
    let mantissa = mantissa.trim_end_matches('0');
    let point = if mantissa.is_empty() { "" } else { "." };
    let (lead, exponent) = if exponent == 0 { (0, -1022) } else { (1, exponent - 1023) };
    let _ = write!(out, "0x{lead}{point}{mantissa}p{exponent:+}");
}

fn pad(conversion: &Conversion, sign: &str, body: &str, out: &mut String) {
    let missing = conversion.width.saturating_sub(sign.len() + body.len());
    let zeros = conversion.zero && !conversion.left && conversion.kind != b's' && conversion.kind != b'c';
    if !conversion.left && !zeros {
        out.extend(std::iter::repeat_n(' ', missing));
    }
    out.push_str(sign);
    if zeros {
        out.extend(std::iter::repeat_n('0', missing));
    }
    out.push_str(body);
    if conversion.left {
        out.extend(std::iter::repeat_n(' ', missing));
    }
}
