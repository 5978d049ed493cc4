//! Patterns of `sequenceMatch`: `(?1)(?t<=60).*(?2)`.

use datafusion::common::{Result as EngineResult, exec_err};

#[derive(Clone, Copy, Debug, PartialEq)]
enum Action {
    /// The event meets this condition, counted from 0.
    Event(u32),
    Any,
    AnyNumber,
    Time(Comparison, i64),
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Comparison {
    AtMost,
    Less,
    AtLeast,
    Greater,
    Equal,
}

#[derive(Debug)]
pub(super) struct Pattern(Vec<Action>);

/// Steps of one match; as in ClickHouse.
const STEPS_MAX: usize = 1_000_000;
const ACTIONS_MAX: usize = 1024;

impl Pattern {
    pub(super) fn parse(text: &str, conditions: usize) -> Result<Pattern, String> {
        // a match may begin anywhere
        let mut actions = vec![Action::AnyNumber];
        let mut rest = text;
        while !rest.is_empty() {
            if actions.len() > ACTIONS_MAX {
                return Err(format!("got a pattern of more than {ACTIONS_MAX} parts"));
            }
            if let Some(after) = rest.strip_prefix("(?") {
                let (inner, after) = after.split_once(')').ok_or("got a pattern with an open bracket")?;
                actions.push(match inner.strip_prefix('t') {
                    Some(time) => time_of(time).ok_or_else(|| format!("got the time (?{inner})"))?,
                    None => match inner.parse::<u32>() {
                        Ok(number) if number >= 1 && number as usize <= conditions => Action::Event(number - 1),
                        _ => return Err(format!("got the event (?{inner}) of {conditions} conditions")),
                    },
                });
                rest = after;
            } else if let Some(after) = rest.strip_prefix(".*") {
                actions.push(Action::AnyNumber);
                rest = after;
            } else if let Some(after) = rest.strip_prefix('.') {
                actions.push(Action::Any);
                rest = after;
            } else {
                return Err(format!("cannot read its pattern at {rest:?}"));
            }
        }
        Ok(Pattern(actions))
    }

    /// How often the pattern is found, one after the other, among events in order; no further than `most`.
    pub(super) fn count(&self, events: &[(i64, u32)], most: u64) -> EngineResult<u64> {
        let has_time = self.0.iter().any(|action| matches!(action, Action::Time(..)));
        let mut count = 0;
        let mut at = 0;
        while count < most && at < events.len() {
            let end = if has_time { self.find_timed(events, at)? } else { self.find(events, at) };
            match end {
                Some(end) => {
                    count += 1;
                    at = end.max(at + 1);
                }
                None => break,
            }
        }
        Ok(count)
    }

    /// Where the first match to be complete ends, by the set of places in the pattern that are reached.
    fn find(&self, events: &[(i64, u32)], start: usize) -> Option<usize> {
        let last = self.0.len();
        let mut reached = vec![false; last + 1];
        reached[0] = true;
        self.pass_stars(&mut reached);
        if reached[last] {
            return Some(start);
        }
        for (index, (_, met)) in events.iter().enumerate().skip(start) {
            let mut next = vec![false; last + 1];
            for (place, action) in self.0.iter().enumerate().filter(|(place, _)| reached[*place]) {
                match action {
                    Action::AnyNumber => next[place] = true,
                    Action::Any => next[place + 1] = true,
                    Action::Event(condition) if met >> condition & 1 == 1 => next[place + 1] = true,
                    _ => {}
                }
            }
            self.pass_stars(&mut next);
            if next[last] {
                return Some(index + 1);
            }
            reached = next;
        }
        None
    }

    fn pass_stars(&self, reached: &mut [bool]) {
        for (place, action) in self.0.iter().enumerate() {
            if *action == Action::AnyNumber && reached[place] {
                reached[place + 1] = true;
            }
        }
    }

    /// The same with times: tried one way after the other.
    fn find_timed(&self, events: &[(i64, u32)], start: usize) -> EngineResult<Option<usize>> {
        let (mut action, mut event, mut base) = (0, start, start);
        let mut tries: Vec<(usize, usize, usize)> = Vec::new();
        let mut steps = 0;
        while action < self.0.len() && event < events.len() {
            steps += 1;
            if steps > STEPS_MAX {
                return exec_err!("pattern application proves too difficult, exceeding max iterations ({STEPS_MAX})");
            }
            let (time, met) = events[event];
            let again = match self.0[action] {
                Action::Event(condition) if met >> condition & 1 == 1 => {
                    (action, event, base) = (action + 1, event + 1, event);
                    continue;
                }
                Action::Event(_) => true,
                Action::Any => {
                    (action, event, base) = (action + 1, event + 1, event);
                    continue;
                }
                Action::AnyNumber => {
                    tries.push((action, event, base));
                    (action, base) = (action + 1, event);
                    continue;
                }
                Action::Time(comparison, wanted) => {
                    let passed = time.saturating_sub(events[base].0);
                    if comparison.holds(passed, wanted) {
                        tries.push((action, event, base));
                        (action, base) = (action + 1, event);
                        continue;
                    }
                    match comparison {
                        Comparison::AtMost | Comparison::Less => true,
                        _ => {
                            event += 1;
                            event == events.len()
                        }
                    }
                }
            };
            if again && !retry(&mut tries, events.len(), &mut action, &mut event, &mut base) {
                break;
            }
        }
        while self.0.get(action) == Some(&Action::AnyNumber) {
            action += 1;
        }
        Ok((action == self.0.len()).then_some(event))
    }
}

/// Goes back to where one more event could be passed over.
fn retry(
    tries: &mut Vec<(usize, usize, usize)>,
    events: usize,
    action: &mut usize,
    event: &mut usize,
    base: &mut usize,
) -> bool {
    while let Some((known_action, known_event, known_base)) = tries.pop() {
        (*action, *event, *base) = (known_action, known_event + 1, known_base);
        if *event < events {
            return true;
        }
    }
    false
}

impl Comparison {
    fn holds(self, passed: i64, wanted: i64) -> bool {
        match self {
            Comparison::AtMost => passed <= wanted,
            Comparison::Less => passed < wanted,
            Comparison::AtLeast => passed >= wanted,
            Comparison::Greater => passed > wanted,
            Comparison::Equal => passed == wanted,
        }
    }
}

fn time_of(text: &str) -> Option<Action> {
    let known = [
        ("<=", Comparison::AtMost),
        ("<", Comparison::Less),
        (">=", Comparison::AtLeast),
        (">", Comparison::Greater),
        ("==", Comparison::Equal),
    ];
    let (rest, comparison) = known.iter().find_map(|(sign, one)| Some((text.strip_prefix(sign)?, *one)))?;
    Some(Action::Time(comparison, rest.parse().ok()?))
}
