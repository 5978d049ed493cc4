use super::*;

#[test]
fn tables_are_markdown() {
    let mut table = Table::new(&["endpoint", "p50"]);
    table.row(["live".to_owned(), "1.5 ms".to_owned()]);
    assert_eq!(table.to_string(), "| endpoint | p50    |\n|----------|-------:|\n| live     | 1.5 ms |\n");
}

#[test]
fn percentiles_are_values_that_occurred() {
    let values: Vec<Duration> = (1..=100).map(Duration::from_millis).collect();
    assert_eq!(percentile(&values, 0.5), Duration::from_millis(50));
    assert_eq!(percentile(&values, 0.99), Duration::from_millis(99));
    assert_eq!(percentile(&values, 1.0), Duration::from_millis(100));
    assert_eq!(percentile(&values[..1], 0.0), Duration::from_millis(1));
    assert_eq!(percentile(&[], 0.5), Duration::ZERO);
}

#[test]
fn a_report_replaces_the_one_before_and_nothing_else() {
    let text = "a\n<!-- x -->\nold\n<!-- /x -->\nb\n";
    assert_eq!(replace_between(text, "x", "new\n").unwrap(), "a\n<!-- x -->\nnew\n<!-- /x -->\nb\n");
    assert!(replace_between(text, "y", "new").is_err());
}
