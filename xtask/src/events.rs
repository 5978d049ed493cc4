//! Made-up web traffic: the same seed, rows and last moment give the same bytes.
//!
//! Visitors come in sessions, sessions walk through pages, some sign up and a few buy. Tenants,
//! pages and countries are skewed as they are in life (Zipf), latencies are log-normal, and the
//! thirty days before `now_s` have nights and weekends. Events come in order of time, so the stream
//! looks to the host like thirty days of traffic played fast.

mod random;
mod world;

use random::Random;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fmt::Write;
use world::{Client, Tenant, World};

pub const DAYS: u64 = 30;
/// A session that goes on for longer is somebody who left the tab open.
const SESSION_EVENTS_MAX: u64 = 40;

/// What to make.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    pub seed: u64,
    pub rows: u64,
    /// Unix time of the last event.
    pub now_s: u64,
}

/// NDJSON, a batch at a time.
pub struct Generator {
    plan: Plan,
    world: World,
    random: Random,
    calendar: Calendar,
    /// Events of the sessions begun so far, which is how far along the calendar the next one begins.
    rows_planned: u64,
    rows_made: u64,
    next_session: Session,
    /// The sessions under way, by the time of their next event.
    open: BinaryHeap<Reverse<(u64, Session)>>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Session {
    id: u64,
    at_s: u64,
    tenant: usize,
    client: usize,
    country: usize,
    referrer: usize,
    page: usize,
    events_left: u64,
    stage: Stage,
    is_first: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Looking,
    SawPrices,
    SignedUp,
    Bought,
}

impl Generator {
    pub fn new(plan: Plan) -> Generator {
        let world = World::new();
        let calendar = Calendar::new(plan.now_s);
        let mut random = Random::new(plan.seed);
        let next_session = begin(&world, &mut random, calendar.at(0.0));
        let rows_planned = next_session.events_left;
        Generator { plan, world, random, calendar, rows_planned, rows_made: 0, next_session, open: BinaryHeap::new() }
    }

    /// Up to `rows` lines of JSON, or nothing when all are made.
    pub fn batch(&mut self, rows: u64) -> Option<String> {
        let rows = rows.min(self.plan.rows - self.rows_made);
        if rows == 0 {
            return None;
        }
        let mut out = String::with_capacity(rows as usize * 420);
        for _ in 0..rows {
            self.event(&mut out);
        }
        self.rows_made += rows;
        Some(out)
    }

    /// The next event in time: of a session under way, or the first of a new one.
    fn event(&mut self, out: &mut String) {
        let mut session = match self.open.peek() {
            Some(Reverse((at_s, _))) if *at_s <= self.next_session.at_s => self.open.pop().expect("peeked at it").0.1,
            _ => {
                let share = self.rows_planned as f64 / self.plan.rows as f64;
                let coming = begin(&self.world, &mut self.random, self.calendar.at(share));
                self.rows_planned += coming.events_left;
                std::mem::replace(&mut self.next_session, coming)
            }
        };
        self.write(&mut session, out);
        if session.events_left > 0 {
            self.open.push(Reverse((session.at_s, session)));
        }
    }

    /// Writes what the session does now and decides when it does the next thing.
    fn write(&mut self, session: &mut Session, out: &mut String) {
        let random = &mut self.random;
        let tenant = &self.world.tenants[session.tenant];
        let client = &self.world.clients[session.client];
        let country = &self.world.countries[session.country];
        let action = act(session, random);
        let page = match action {
            Action::Hit => self.world.pages[session.page],
            Action::SignUp => "/signup",
            Action::Purchase => "/checkout",
        };
        let latency_ms = match action {
            Action::Hit => latency_ms(random, client, country.distance, session.page),
            _ => 0,
        };
        let referrer = if session.is_first { self.world.referrers[session.referrer] } else { "" };
        let line = Line { session, tenant, client, country: country.code, action, page, referrer, latency_ms };
        line.write(self.plan.now_s, random, out);

        session.is_first = false;
        session.events_left -= 1;
        session.at_s += 2 + (random.exponential() * 35.0) as u64;
        if action == Action::Hit {
            session.page = self.world.next_page(session.page, random);
        }
    }
}

/// A visitor arrives.
fn begin(world: &World, random: &mut Random, at_s: u64) -> Session {
    let tenant = world.tenant_shares.pick(random);
    let events = 1 + (random.exponential() * 3.6) as u64;
    Session {
        id: random.next(),
        at_s,
        tenant,
        client: world.client_shares.pick(random),
        country: world.country(tenant, random),
        referrer: world.referrer_shares.pick(random),
        page: world.landing(random),
        events_left: events.min(SESSION_EVENTS_MAX),
        stage: Stage::Looking,
        is_first: true,
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    Hit,
    SignUp,
    Purchase,
}

/// One sees prices, then signs up, then buys; most do neither.
fn act(session: &mut Session, random: &mut Random) -> Action {
    match session.stage {
        Stage::SawPrices if random.chance(0.07) => {
            session.stage = Stage::SignedUp;
            Action::SignUp
        }
        Stage::SignedUp if random.chance(0.2) => {
            session.stage = Stage::Bought;
            Action::Purchase
        }
        Stage::Looking if session.page == world::PRICING => {
            session.stage = Stage::SawPrices;
            Action::Hit
        }
        _ => Action::Hit,
    }
}

/// Log-normal around what the page costs, times the way there and the strength of the device.
fn latency_ms(random: &mut Random, client: &Client, distance: f64, page: usize) -> u32 {
    let median = (90.0 + 25.0 * (page % 7) as f64) * distance * client.slowness;
    (median * (random.normal() * 0.55).exp()).clamp(5.0, 60_000.0) as u32
}

struct Line<'a> {
    session: &'a Session,
    tenant: &'a Tenant,
    client: &'a Client,
    country: &'a str,
    action: Action,
    page: &'a str,
    referrer: &'a str,
    latency_ms: u32,
}

impl Line<'_> {
    /// Nothing in it needs escaping but the payload, which is JSON in a string.
    fn write(&self, now_s: u64, random: &mut Random, out: &mut String) {
        let Client { user_agent, device, browser, .. } = self.client;
        let time = Time(self.session.at_s.min(now_s));
        let action = match self.action {
            Action::Hit => "page_hit",
            Action::SignUp => "signup",
            Action::Purchase => "purchase",
        };
        let payload = match self.action {
            Action::Hit => format!(r#"{{\"locale\":\"{}\"}}"#, self.tenant.locale),
            Action::SignUp => format!(r#"{{\"plan\":\"{}\"}}"#, ["free", "team"][random.below(2) as usize]),
            Action::Purchase => {
                format!(r#"{{\"plan\":\"team\",\"amount\":{},\"currency\":\"EUR\"}}"#, 19 * (1 + random.below(9)))
            }
        };
        let written = writeln!(
            out,
            r#"{{"timestamp":"{time}","session_id":"{:016x}","tenant_id":"{}","action":"{action}","page":{{"pathname":"{}","referrer":"{}"}},"client":{{"user_agent":"{user_agent}","device":"{device}","browser":"{browser}","country":"{}"}},"latency_ms":{},"payload":"{payload}"}}"#,
            self.session.id, self.tenant.id, self.page, self.referrer, self.country, self.latency_ms,
        );
        written.expect("writing to a String cannot fail");
    }
}

/// Which share of the traffic has come by when: nights are quiet, weekends quieter.
struct Calendar {
    first_s: u64,
    /// Traffic before each hour ends, from just above 0 to 1.
    shares: Vec<f64>,
}

impl Calendar {
    fn new(now_s: u64) -> Calendar {
        let first_s = now_s.saturating_sub(DAYS * 86_400);
        let weights = (0..DAYS * 24).map(|hour| {
            let at_s = first_s + hour * 3600;
            let hour_of_day = (at_s / 3600 % 24) as f64;
            // 1970-01-01 was a Thursday, so day 2 of each such week is a Saturday
            let is_weekend = matches!(at_s / 86_400 % 7, 2 | 3);
            let day = 1.0 + 0.75 * ((hour_of_day - 9.0) / 24.0 * std::f64::consts::TAU).sin();
            day * if is_weekend { 0.6 } else { 1.0 }
        });
        let mut shares: Vec<f64> = weights
            .scan(0.0, |sum, weight| {
                *sum += weight;
                Some(*sum)
            })
            .collect();
        let all = *shares.last().expect("DAYS is not zero");
        shares.iter_mut().for_each(|share| *share /= all);
        Calendar { first_s, shares }
    }

    /// When `share` of the traffic has come.
    fn at(&self, share: f64) -> u64 {
        let hour = self.shares.partition_point(|end| *end < share).min(self.shares.len() - 1);
        let begin = if hour == 0 { 0.0 } else { self.shares[hour - 1] };
        let into = ((share - begin) / (self.shares[hour] - begin)).clamp(0.0, 1.0);
        self.first_s + ((hour as f64 + into) * 3600.0) as u64
    }
}

/// `2026-01-31 23:59:59`, from Unix seconds.
pub struct Time(pub u64);

impl std::fmt::Display for Time {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Howard Hinnant's civil_from_days, for days after 1970
        let (days, second) = (self.0 / 86_400 + 719_468, self.0 % 86_400);
        let (era, day_of_era) = (days / 146_097, days % 146_097);
        let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted_month = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
        let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
        let year = era * 400 + year_of_era + u64::from(month <= 2);
        write!(out, "{year:04}-{month:02}-{day:02} {:02}:{:02}:{:02}", second / 3600, second / 60 % 60, second % 60)
    }
}

#[cfg(test)]
mod tests;
