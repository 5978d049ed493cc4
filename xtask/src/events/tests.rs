use super::{DAYS, Generator, Plan, Time};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

const PLAN: Plan = Plan { seed: 7, rows: 50_000, now_s: 1_767_225_599 };

fn all(plan: Plan, batch_rows: u64) -> String {
    let mut generator = Generator::new(plan);
    std::iter::from_fn(|| generator.batch(batch_rows)).collect()
}

fn events() -> Vec<Value> {
    all(PLAN, 10_000).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn text<'a>(event: &'a Value, path: &str) -> &'a str {
    event.pointer(path).unwrap().as_str().unwrap()
}

#[test]
fn the_same_plan_gives_the_same_bytes_however_it_is_cut() {
    assert!(all(PLAN, 10_000) == all(PLAN, 777));
    assert!(all(PLAN, 10_000) != all(Plan { seed: 8, ..PLAN }, 10_000));
}

#[test]
fn as_many_rows_as_asked_for() {
    assert_eq!(events().len(), 50_000);
    assert_eq!(all(Plan { rows: 1, ..PLAN }, 10).lines().count(), 1);
    assert_eq!(all(Plan { rows: 0, ..PLAN }, 10), "");
}

#[test]
fn times_run_through_the_thirty_days_in_order_up_to_now() {
    let events = events();
    let times: Vec<&str> = events.iter().map(|event| text(event, "/timestamp")).collect();
    assert!(times.is_sorted());
    assert!(times[0] < Time(PLAN.now_s - (DAYS - 1) * 86_400).to_string().as_str(), "{}", times[0]);
    assert!(times[0] >= Time(PLAN.now_s - DAYS * 86_400).to_string().as_str());
    assert!(times[times.len() - 1] > Time(PLAN.now_s - 3600).to_string().as_str());
    assert!(times[times.len() - 1] <= Time(PLAN.now_s).to_string().as_str());
}

#[test]
fn times_are_written_as_people_read_them() {
    assert_eq!(Time(0).to_string(), "1970-01-01 00:00:00");
    assert_eq!(Time(951_827_696).to_string(), "2000-02-29 12:34:56");
    assert_eq!(Time(PLAN.now_s).to_string(), "2025-12-31 23:59:59");
}

#[test]
fn tenants_are_skewed_and_none_is_left_out() {
    let mut rows = BTreeMap::new();
    for event in &events() {
        *rows.entry(text(event, "/tenant_id").to_owned()).or_insert(0) += 1;
    }
    assert_eq!(rows.len(), 26);
    assert!(rows["acme"] > 50_000 / 5, "{rows:?}");
    assert!(rows["zephyr"] < 50_000 / 50, "{rows:?}");
}

#[test]
fn a_session_belongs_to_one_tenant_and_client() {
    let mut owners: BTreeMap<String, BTreeSet<(String, String)>> = BTreeMap::new();
    let events = events();
    for event in &events {
        let owner = (text(event, "/tenant_id").to_owned(), text(event, "/client/user_agent").to_owned());
        owners.entry(text(event, "/session_id").to_owned()).or_default().insert(owner);
    }
    assert!(owners.values().all(|owners| owners.len() == 1));
    let events_per_session = events.len() as f64 / owners.len() as f64;
    assert!((3.0..6.0).contains(&events_per_session), "{events_per_session}");
}

#[test]
fn some_sign_up_and_fewer_buy() {
    let events = events();
    let count = |action: &str| events.iter().filter(|event| text(event, "/action") == action).count();
    let (sign_ups, purchases) = (count("signup"), count("purchase"));
    assert!(purchases > 20 && sign_ups > 2 * purchases && sign_ups < 2_000, "{sign_ups} {purchases}");
    assert!(events.iter().all(|event| serde_json::from_str::<Value>(text(event, "/payload")).is_ok()));
}

#[test]
fn latencies_have_a_long_tail() {
    let mut latencies: Vec<u64> =
        events().iter().map(|event| event["latency_ms"].as_u64().unwrap()).filter(|ms| *ms > 0).collect();
    latencies.sort_unstable();
    let at = |share: f64| latencies[(share * latencies.len() as f64) as usize];
    assert!((150..450).contains(&at(0.5)), "{}", at(0.5));
    assert!(at(0.99) > 3 * at(0.5), "{} {}", at(0.5), at(0.99));
}
