//! JSON text → template value, keys in the order of the text.

use super::value::{VALUE_DEPTH_MAX, Value};
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;

/// `Err` says where the text stops being JSON.
pub(super) fn parse(text: &str) -> Result<Value, String> {
    serde_json::from_str::<Json>(text).map(|json| json.0).map_err(|error| error.to_string())
}

struct Json(Value);

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Json, D::Error> {
        deserializer.deserialize_any(JsonVisitor).map(Json)
    }
}

struct JsonVisitor;

impl<'de> Visitor<'de> for JsonVisitor {
    type Value = Value;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::None)
    }

    fn visit_bool<E: Error>(self, truth: bool) -> Result<Value, E> {
        Ok(Value::Bool(truth))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Value, E> {
        Ok(Value::Int(number.into()))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Value, E> {
        Ok(Value::Int(number.into()))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Value, E> {
        Ok(Value::Float(number))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
        Ok(Value::text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(Json(value)) = items.next_element()? {
            values.push(value);
        }
        shallow(Value::list(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut entries = Vec::new();
        let mut positions = HashMap::new();
        while let Some((key, Json(value))) = map.next_entry::<String, Json>()? {
            match positions.entry(key) {
                Entry::Occupied(known) => {
                    let entry: &mut (Value, Value) = &mut entries[*known.get()];
                    entry.1 = value;
                }
                Entry::Vacant(new) => {
                    entries.push((Value::text(new.key()), value));
                    new.insert(entries.len() - 1);
                }
            }
        }
        shallow(Value::dict(entries))
    }
}

fn shallow<E: Error>(value: Value) -> Result<Value, E> {
    match value.depth() > VALUE_DEPTH_MAX {
        true => Err(E::custom(format!("nested deeper than {VALUE_DEPTH_MAX}"))),
        false => Ok(value),
    }
}
