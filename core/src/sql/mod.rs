//! Our dialect: ClickHouse SQL text → syntax tree.
