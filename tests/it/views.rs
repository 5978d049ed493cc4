//! Deployments that bring views to data sources which have rows.

use crate::world::{NOW_S, World};
use bytes::Bytes;
use sanderling_core::api::Request;
use std::collections::BTreeMap;

const CLICKS: &str = "SCHEMA >
    `page` String `json:$.page`,
    `ms` UInt32 `json:$.ms`
ENGINE \"MergeTree\"
ENGINE_SORTING_KEY \"page\"
";

const PAGES: &str = "SCHEMA >
    `page` String,
    `clicks` UInt64,
    `ms` UInt64
ENGINE \"MergeTree\"
ENGINE_SORTING_KEY \"page\"
";

const TO_PAGES: &str = "NODE sums
SQL >
    SELECT page, count() AS clicks, sum(ms) AS ms FROM clicks GROUP BY page
TYPE materialized
DATASOURCE pages
";

const TOTAL: &str = "SCHEMA >
    `clicks` UInt64
ENGINE \"MergeTree\"
ENGINE_SORTING_KEY \"clicks\"
";

const TO_TOTAL: &str = "NODE all
SQL >
    SELECT sum(clicks) AS clicks FROM pages
TYPE materialized
DATASOURCE total
";

struct Host(World);

impl Host {
    #[track_caller]
    fn deploy(&self, files: &[(&str, &str)]) {
        let files: BTreeMap<String, String> =
            files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
        let answer = self.0.deploy(&files);
        assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
    }

    fn click(&self, page: &str, ms: u32) {
        let body = format!("{{\"page\":\"{page}\",\"ms\":{ms}}}");
        let answer = self.call("POST", "/v0/events?name=clicks", body);
        assert_eq!(answer.0, 202, "{}", answer.1);
    }

    fn ask(&self, sql: &str) -> String {
        let (status, body) = self.call("POST", "/v0/sql", format!("{sql} FORMAT CSV"));
        assert_eq!(status, 200, "{body}");
        body
    }

    fn call(&self, method: &str, path: &str, body: String) -> (u16, String) {
        let headers = vec![("authorization".to_owned(), format!("Bearer {}", self.0.admin_token()))];
        let answer = self.0.call(Request::new(method, path, headers, Bytes::from(body)));
        (answer.status, String::from_utf8_lossy(&answer.body).into_owned())
    }
}

const PER_PAGE: &str = "SELECT page, sum(clicks), sum(ms) FROM pages GROUP BY page ORDER BY page";
const IN_TOTAL: &str = "SELECT sum(clicks) FROM total";

#[test]
fn a_new_view_has_the_rows_that_were_there_and_those_that_come() {
    let host = Host(World::at(NOW_S));
    host.deploy(&[("clicks.datasource", CLICKS)]);
    for number in 0..5 {
        host.click("a", number);
        host.0.flush();
    }
    // rows that wait for a segment meet the view there
    host.click("b", 100);
    let first = [("clicks.datasource", CLICKS), ("pages.datasource", PAGES), ("to_pages.pipe", TO_PAGES)];
    host.deploy(&first);
    assert_eq!(host.ask(PER_PAGE), "\"a\",5,10\n\"b\",1,100\n");
    host.click("b", 1);
    assert_eq!(host.ask(PER_PAGE), "\"a\",5,10\n\"b\",2,101\n");
    host.0.flush();
    assert_eq!(host.ask(PER_PAGE), "\"a\",5,10\n\"b\",2,101\n");
    // a view of the target, and the first one as it was: it is not run over old rows again
    let second = [first.as_slice(), &[("total.datasource", TOTAL), ("to_total.pipe", TO_TOTAL)]].concat();
    host.deploy(&second);
    assert_eq!(host.ask(IN_TOTAL), "7\n");
    host.click("c", 1);
    host.0.flush();
    host.deploy(&second);
    assert_eq!(host.ask(PER_PAGE), "\"a\",5,10\n\"b\",2,101\n\"c\",1,1\n");
    assert_eq!(host.ask(IN_TOTAL), "8\n");
}

#[test]
fn both_views_of_a_chain_are_new() {
    let host = Host(World::at(NOW_S));
    host.deploy(&[("clicks.datasource", CLICKS)]);
    host.click("a", 1);
    host.click("b", 1);
    host.0.flush();
    host.click("b", 1);
    host.deploy(&[
        ("clicks.datasource", CLICKS),
        ("pages.datasource", PAGES),
        ("to_pages.pipe", TO_PAGES),
        ("total.datasource", TOTAL),
        ("to_total.pipe", TO_TOTAL),
    ]);
    assert_eq!(host.ask(PER_PAGE), "\"a\",1,1\n\"b\",2,2\n");
    assert_eq!(host.ask(IN_TOTAL), "3\n");
}

#[test]
fn a_row_on_which_a_view_fails_is_left_out_of_it_alone() {
    let strict = "NODE sums
SQL >
    SELECT page, toUInt64(page) AS clicks, sum(ms) AS ms FROM clicks GROUP BY page
TYPE materialized
DATASOURCE pages
";
    let host = Host(World::at(NOW_S));
    host.deploy(&[("clicks.datasource", CLICKS), ("pages.datasource", PAGES), ("strict.pipe", strict)]);
    for page in ["1", "x", "2", "3"] {
        host.click(page, 7);
    }
    assert_eq!(host.ask(PER_PAGE), "\"1\",1,7\n\"2\",2,7\n\"3\",3,7\n");
    host.0.flush();
    assert_eq!(host.ask(PER_PAGE), "\"1\",1,7\n\"2\",2,7\n\"3\",3,7\n");
    assert_eq!(host.ask("SELECT count() FROM clicks"), "4\n");
}
