//! Every bound in one place, the unit in the name.

/// One `POST /v0/events` body, after decompression.
pub const EVENTS_BODY_BYTES_MAX: usize = 100 << 20;
/// One row of NDJSON.
pub const EVENT_BYTES_MAX: usize = 10 << 20;
/// Nesting of one JSON event.
pub const EVENT_DEPTH_MAX: usize = 64;

/// A datafile's text.
pub const DATAFILE_BYTES_MAX: usize = 1 << 20;
/// Nesting of template blocks and of one template expression.
pub const TEMPLATE_DEPTH_MAX: usize = 64;
/// Steps (output pieces, loop turns, expression nodes) of one rendering.
pub const TEMPLATE_STEPS_MAX: usize = 1_000_000;
/// SQL text of one query, after rendering.
pub const SQL_BYTES_MAX: usize = 128 << 10;
/// Nesting of SQL expressions and subqueries.
pub const SQL_DEPTH_MAX: usize = 50;
/// Pipes that read pipes that read pipes.
pub const PIPE_DEPTH_MAX: usize = 32;

/// Rows of one Parquet row group: the unit of skipping and of one ranged read per column.
pub const ROW_GROUP_ROWS_MAX: usize = 64 << 10;
/// Rows of one Parquet data page.
pub const PAGE_ROWS_MAX: usize = 8 << 10;
/// Rows of one batch in execution.
pub const BATCH_ROWS: usize = 8192;
/// Two wanted ranges of one object closer than this are read as one.
pub const READ_GAP_BYTES_MAX: u64 = 64 << 10;

/// A result, as bytes sent.
pub const RESULT_BYTES_MAX: usize = 100 << 20;
/// A token as text; JWTs with many scopes are the long ones.
pub const TOKEN_BYTES_MAX: usize = 16 << 10;
/// Clocks of two machines that both count as right.
pub const CLOCK_SKEW_S_MAX: i64 = 5;

const _: () = assert!(EVENT_BYTES_MAX <= EVENTS_BODY_BYTES_MAX);
const _: () = assert!(PAGE_ROWS_MAX <= ROW_GROUP_ROWS_MAX);
