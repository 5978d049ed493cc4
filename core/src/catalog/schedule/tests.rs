use super::*;

/// The next three moments after `after`, or why the text is no schedule.
#[track_caller]
fn check(text: &str, after: &str, expected: &str) {
    let shown = match text.parse::<Cron>() {
        Err(message) => message,
        Ok(cron) => {
            let mut at = after.parse::<DateTime<Utc>>().expect("a time").timestamp();
            let mut times = Vec::new();
            while let Some(next) = cron.next_after(at).filter(|_| times.len() < 3) {
                times.push(DateTime::from_timestamp(next, 0).expect("a time").format("%a %d %b %y %H:%M").to_string());
                at = next;
            }
            times.join(", ")
        }
    };
    assert_eq!(shown, expected, "{text}");
}

#[test]
fn moments() {
    let start = "2024-02-28T23:58:30Z";
    check("* * * * *", start, "Wed 28 Feb 24 23:59, Thu 29 Feb 24 00:00, Thu 29 Feb 24 00:01");
    check("*/20 * * * *", start, "Thu 29 Feb 24 00:00, Thu 29 Feb 24 00:20, Thu 29 Feb 24 00:40");
    check("0 9-17/8 * * MON-FRI", start, "Thu 29 Feb 24 09:00, Thu 29 Feb 24 17:00, Fri 01 Mar 24 09:00");
    check("15 3 1,15 * *", start, "Fri 01 Mar 24 03:15, Fri 15 Mar 24 03:15, Mon 01 Apr 24 03:15");
    check("0 0 29 2 *", start, "Thu 29 Feb 24 00:00, Tue 29 Feb 28 00:00, Sun 29 Feb 32 00:00");
    check("0 0 13 * 5", start, "Fri 01 Mar 24 00:00, Fri 08 Mar 24 00:00, Wed 13 Mar 24 00:00");
    check("@weekly", start, "Sun 03 Mar 24 00:00, Sun 10 Mar 24 00:00, Sun 17 Mar 24 00:00");
    check("0 0 * * 7", start, "Sun 03 Mar 24 00:00, Sun 10 Mar 24 00:00, Sun 17 Mar 24 00:00");
    check("0 0 30 2 *", start, "");
}

#[test]
fn mistakes() {
    check("0 * * *", "", "\"0 * * *\" is no cron expression: it has 4 fields, where five are needed");
    check("60 * * * *", "", "\"60 * * * *\" is no cron expression: \"60\" is not a number from 0 to 59");
    check("5-1 * * * *", "", "\"5-1 * * * *\" is no cron expression: the range \"5-1\" ends before it starts");
    check("*/0 * * * *", "", "\"*/0 * * * *\" is no cron expression: \"0\" is no step");
}

#[test]
fn schedules_are_stored_as_text() {
    for text in ["@on-demand", "0 * * * *"] {
        let schedule: Schedule = text.parse().expect("is one");
        let json = serde_json::to_string(&schedule).expect("is JSON");
        assert_eq!(json, format!("{text:?}"));
        assert_eq!(serde_json::from_str::<Schedule>(&json).expect("is one"), schedule);
    }
}
