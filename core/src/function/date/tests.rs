use super::calendar::*;
use super::text::*;

#[test]
fn the_calendar_agrees_with_chrono() {
    for year in [-44, 0, 1600, 1899, 1900, 1969, 1970, 2000, 2024, 2100, 2299] {
        for month in 1..=12 {
            for day in [1, 15, days_in_month(year, month)] {
                let count = days(year, month, day);
                assert_eq!(count, chrono_days(year, month, day));
                assert_eq!(civil(count), Civil { year, month, day });
            }
        }
    }
    assert_eq!(weekday(0), 3, "1970-01-01 was a Thursday");
    assert_eq!(civil(add_months(days(2024, 1, 31), 1)), Civil { year: 2024, month: 2, day: 29 });
    assert_eq!(civil(add_months(days(2024, 1, 31), -13)), Civil { year: 2022, month: 12, day: 31 });
}

#[test]
fn zones_at_their_changes() {
    let berlin = Zone::new(chrono_tz::Europe::Berlin);
    let unix = |text: &str| read_moment(text.as_bytes()).unwrap().unix(&berlin);
    // Skipped and doubled hours, as ClickHouse counts them.
    assert_eq!(unix("2024-03-31 02:30:00"), 1_711_845_000);
    assert_eq!(unix("2024-10-27 02:30:00"), 1_729_989_000);
    assert_eq!(unix("2024-07-01 00:00:00"), 1_719_784_800);
    for moment in [1_711_846_799, 1_711_846_800, 1_729_990_799, 1_729_990_800] {
        let there = berlin.to_unix(berlin.to_local(moment));
        assert!(there == moment || there == moment - 3600, "{moment}");
    }
}

#[test]
fn moments() {
    let check = |text: &str, expected: Option<(i64, i64, bool)>| {
        let found = read_moment(text.as_bytes()).map(|found| (found.seconds, found.nanoseconds, found.is_unix));
        assert_eq!(found, expected, "{text}");
    };
    check("2024-01-01 00:00:00", Some((1_704_067_200, 0, false)));
    check("2024-01-01T00:00:00.5", Some((1_704_067_200, 500_000_000, false)));
    check("2024-01-01T00:00:00Z", Some((1_704_067_200, 0, true)));
    check("2024-01-01", Some((1_704_067_200, 0, false)));
    check("20240101", Some((1_704_067_200, 0, false)));
    check("1700000000.25", Some((1_700_000_000, 250_000_000, true)));
    check("2024-02-30 00:00:00", None);
    check("2024-01-01 25:00:00", None);
    check("garbage", None);
    check("", None);
}
