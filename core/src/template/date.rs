//! Dates as `day_diff` and `date_diff_in_*` read them.

use chrono::{NaiveDate, NaiveDateTime};

/// Days between two `YYYY-MM-DD`, without sign.
pub(super) fn day_diff(left: &str, right: &str) -> Result<i64, String> {
    let parse = |text: &str| {
        NaiveDate::parse_from_str(text, "%Y-%m-%d")
            .map_err(|_| format!("invalid date {text:?}: day_diff reads dates as YYYY-MM-DD"))
    };
    Ok((parse(left)? - parse(right)?).num_days().abs())
}

/// Seconds between two times in a `strptime` format, without sign.
pub(super) fn seconds_between(left: &str, right: &str, format: &str, backup: Option<&str>) -> Result<i64, String> {
    let parse = |text: &str| {
        [Some(format), backup]
            .into_iter()
            .flatten()
            .find_map(|format| strptime(text, format))
            .ok_or_else(|| format!("invalid date {text:?}: it does not match the format {format:?}"))
    };
    Ok((parse(left)? - parse(right)?).num_seconds().abs())
}

fn strptime(text: &str, format: &str) -> Option<NaiveDateTime> {
    // Python's %f is a fraction after a dot that stands in the format
    let format = format.replace(".%f", "%.f");
    NaiveDateTime::parse_from_str(text, &format)
        .ok()
        .or_else(|| NaiveDate::parse_from_str(text, &format).ok().and_then(|date| date.and_hms_opt(0, 0, 0)))
}
