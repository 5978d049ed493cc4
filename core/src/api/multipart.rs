//! `multipart/form-data`: the files of a project, as `/v1/deploy` and `/v1/build` take them.
//!
//! ```text
//! --BOUNDARY
//! Content-Disposition: form-data; name="data_project://"; filename="datasources/events.datasource"
//!
//! SCHEMA > …
//! --BOUNDARY--
//! ```

use super::Request;
use crate::error::{Error, Result};
use crate::limits::PROJECT_FILES_MAX;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The field: `data_project://`.
    pub name: String,
    pub file_name: String,
    pub text: String,
}

/// The body that [`parse`] reads, and its content type. `boundary` must not occur in a text.
pub fn write(parts: &[Part], boundary: &str) -> (String, Vec<u8>) {
    let mut body = String::new();
    for part in parts {
        let (name, file_name) = (quotable(&part.name), quotable(&part.file_name));
        body.push_str(&format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"{file_name}\"\r\n\
             Content-Type: text/plain\r\n\r\n{}\r\n",
            part.text
        ));
    }
    body.push_str(&format!("--{boundary}--\r\n"));
    (format!("multipart/form-data; boundary={boundary}"), body.into_bytes())
}

/// As browsers escape what would end a header or its quotes.
fn quotable(text: &str) -> String {
    text.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A")
}

pub fn parse(request: &Request) -> Result<Vec<Part>> {
    let content_type = request.header("content-type").unwrap_or("");
    let boundary = boundary(content_type).ok_or_else(|| {
        Error::invalid(format!("the content type {content_type:?} is not multipart/form-data with a boundary"))
    })?;
    let delimiter = format!("\r\n--{boundary}");
    let delimiter = delimiter.as_bytes();
    // The first delimiter may stand at the very start, without a line end before it.
    let start = &delimiter[2..];
    let mut rest = match request.body.starts_with(start) {
        true => &request.body[start.len()..],
        false => after(&request.body, delimiter).ok_or_else(|| broken("it has no parts"))?.1,
    };
    let mut parts = Vec::new();
    while !rest.starts_with(b"--") {
        let part = after(rest, b"\r\n").ok_or_else(|| broken("a delimiter stands alone"))?.1;
        let (part, next) = after(part, delimiter).ok_or_else(|| broken("the last delimiter is missing"))?;
        if parts.len() == PROJECT_FILES_MAX {
            return Err(Error::limit(format!("the project has more than {PROJECT_FILES_MAX} files")));
        }
        parts.push(read_part(part)?);
        rest = next;
    }
    Ok(parts)
}

fn broken(reason: &str) -> Error {
    Error::invalid(format!("the multipart body cannot be read: {reason}"))
}

fn boundary(content_type: &str) -> Option<&str> {
    let (kind, parameters) = content_type.split_once(';')?;
    if !kind.trim().eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    parameter(parameters, "boundary").filter(|boundary| !boundary.is_empty())
}

/// The value of `name` in `a=1; b="2"`.
fn parameter<'a>(parameters: &'a str, name: &str) -> Option<&'a str> {
    let mut rest = parameters;
    loop {
        let (key, value) = rest.split_once('=')?;
        let (value, after) = match value.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"')?,
            None => value.split_at(value.find(';').unwrap_or(value.len())),
        };
        if key.trim_start_matches([';', ' ', '\t']).trim().eq_ignore_ascii_case(name) {
            return Some(value.trim());
        }
        rest = after;
    }
}

/// What stands before and after the first `needle`.
fn after<'a>(bytes: &'a [u8], needle: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let at = bytes.windows(needle.len()).position(|window| window == needle)?;
    Some((&bytes[..at], &bytes[at + needle.len()..]))
}

fn read_part(part: &[u8]) -> Result<Part> {
    let (headers, text) = match part.strip_prefix(b"\r\n") {
        Some(text) => (&b""[..], text),
        None => after(part, b"\r\n\r\n").ok_or_else(|| broken("a part has no empty line after its headers"))?,
    };
    let headers = std::str::from_utf8(headers).map_err(|_| broken("the headers of a part are not UTF-8"))?;
    let disposition = headers.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.trim().eq_ignore_ascii_case("content-disposition").then_some(value)
    });
    let disposition = disposition.ok_or_else(|| broken("a part has no Content-Disposition"))?;
    let parameters = disposition.split_once(';').map_or("", |(_, parameters)| parameters);
    let value = |name| parameter(parameters, name).unwrap_or("").to_owned();
    let (name, file_name) = (value("name"), value("filename"));
    let text =
        std::str::from_utf8(text).map_err(|_| Error::invalid(format!("the file {file_name:?} is not UTF-8 text")))?;
    Ok(Part { name, file_name, text: text.to_owned() })
}
