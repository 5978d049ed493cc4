//! Every bound in one place, the unit in the name.

/// One `POST /v0/events` body, after decompression.
pub const EVENTS_BODY_BYTES_MAX: usize = 100 << 20;
/// One row of NDJSON.
pub const EVENT_BYTES_MAX: usize = 10 << 20;
/// Nesting of one JSON event.
pub const EVENT_DEPTH_MAX: usize = 64;

/// A datafile's text.
pub const DATAFILE_BYTES_MAX: usize = 1 << 20;
/// Files that include files that include files.
pub const INCLUDE_DEPTH_MAX: usize = 8;
/// Brackets around the whole of a key that are taken off.
pub const KEY_BRACKETS_MAX: usize = 8;
/// Files of one project.
pub const PROJECT_FILES_MAX: usize = 10_000;
/// One `POST /v1/deploy` body.
pub const PROJECT_BYTES_MAX: usize = 64 << 20;
/// The body of a request that reads: SQL, or parameters in a form.
pub const READ_BODY_BYTES_MAX: usize = 1 << 20;
/// Nesting of template blocks and of one template expression.
pub const TEMPLATE_DEPTH_MAX: usize = 64;
/// Steps (output pieces, loop turns, expression nodes) of one rendering.
pub const TEMPLATE_STEPS_MAX: usize = 1_000_000;
/// SQL text of one query, after rendering.
pub const SQL_BYTES_MAX: usize = 128 << 10;
/// Nesting of SQL expressions and subqueries.
pub const SQL_DEPTH_MAX: usize = 50;
/// Operators of one chain: `a OR b OR c` has two.
pub const SQL_CHAIN_MAX: usize = 400;
/// Parts of all expressions of one query, each alias counted where it is used.
pub const SQL_EXPANDED_PARTS_MAX: usize = 20_000;
/// Depth of one expression with its aliases expanded.
pub const SQL_EXPANDED_DEPTH_MAX: usize = 150;
/// Stack of a thread that runs queries: enough for the deepest tree that the bounds above let through.
pub const QUERY_STACK_BYTES: usize = 16 << 20;
/// Nesting of one data type.
pub const TYPE_DEPTH_MAX: usize = 32;
/// What one check of a project tells at most; mistakes beyond it wait for the next one.
pub const DIAGNOSTICS_MAX: usize = 1_000;
/// Nodes and pipes that read nodes and pipes that read …
pub const PIPE_DEPTH_MAX: usize = 32;

/// One text that a function makes: `repeat`, `leftPad`.
pub const TEXT_BYTES_MAX: usize = 16 << 20;
/// The texts of one batch that a function makes out of little.
pub const COLUMN_BYTES_MAX: usize = 512 << 20;
/// Texts that are compared byte by byte with each other: `editDistance`.
pub const TEXT_COMPARED_BYTES_MAX: usize = 16 << 10;
/// Pairs of their bytes in one batch.
pub const TEXT_COMPARED_PAIRS_MAX: usize = 1 << 31;
/// Width and precision in a format of `printf`.
pub const PRINTF_WIDTH_MAX: usize = 1 << 10;
/// A compiled regular expression.
pub const REGEXP_BYTES_MAX: usize = 1 << 20;
/// Nesting of a regular expression.
pub const REGEXP_DEPTH_MAX: u32 = 100;
/// Compiled regular expressions that are kept for the next batch.
pub const REGEXPS_KEPT_MAX: usize = 64;
/// Groups of all matches in one row.
pub const REGEXP_GROUPS_MAX: usize = 1 << 20;
/// Geohashes or H3 cells of one batch that a function makes.
pub const GEOHASHES_MAX: usize = 1 << 20;
/// Values that one path visits in one JSON text.
pub const JSON_PATH_STEPS_MAX: usize = 1 << 20;
/// Nesting of JSON that a function reads.
pub const JSON_DEPTH_MAX: usize = 1000;
/// Items of one array that a function makes: `range`.
pub const ARRAY_ITEMS_MAX: usize = 16 << 20;
/// Intervals of the aggregate combinator `-Resample`, each with a state of its own.
pub const RESAMPLE_INTERVALS_MAX: usize = 1 << 20;
/// Items of all arrays that a function makes of one batch of rows.
pub const BATCH_ITEMS_MAX: usize = 64 << 20;
/// Items for which a lambda is computed at once: the columns that it captures are repeated for each.
pub const LAMBDA_BATCH_ITEMS: usize = 64 << 10;
/// Items of one array that `arrayFold` goes through, one after the other.
pub const FOLD_ITEMS_MAX: usize = 1 << 20;
/// What the accumulators of `arrayFold` may grow to, in all rows of a batch.
pub const FOLD_BYTES_MAX: usize = 256 << 20;

/// Rows that one window function reads for all its frames together: a frame that moves is read anew.
pub const WINDOW_STEPS_MAX: usize = 1 << 30;
/// Rows that a table function makes: `numbers`, `system.numbers` without a LIMIT.
pub const MADE_ROWS_MAX: u64 = 1 << 32;
/// Bytes of one text, and items of one array, of `generateRandom`.
pub const RANDOM_TEXT_BYTES_MAX: usize = 4096;
pub const RANDOM_ARRAY_ITEMS_MAX: usize = 256;

/// The automaton of one regular expression, compiled.
pub const PATTERN_BYTES_MAX: usize = 1 << 20;
/// Groupings of one GROUP BY: CUBE of eight keys.
pub const GROUPING_SETS_MAX: usize = 256;
/// Rows that one `WITH FILL` makes.
pub const FILL_ROWS_MAX: usize = 4 << 20;

/// Rows of one Parquet row group: the unit of skipping and of one ranged read per column.
pub const ROW_GROUP_ROWS_MAX: usize = 64 << 10;
/// Rows of one segment.
pub const SEGMENT_ROWS_MAX: usize = 4 << 20;
/// Rows of one Parquet data page.
pub const PAGE_ROWS_MAX: usize = 8 << 10;
/// Rows of one batch in execution.
pub const BATCH_ROWS: usize = 8192;
/// Bytes of one batch that an operator makes by repeating rows.
pub const BATCH_BYTES_MAX: usize = 16 << 20;
/// Two wanted ranges of one object closer than this are read as one.
pub const READ_GAP_BYTES_MAX: u64 = 64 << 10;

/// Body bytes of events that are acknowledged but not yet in a segment. Beyond it, `Unavailable`.
pub const BUFFER_BYTES_MAX: usize = 512 << 20;
/// A flush starts when so many body bytes wait for one …
pub const FLUSH_BYTES: usize = 64 << 20;
/// … or so many rows.
pub const FLUSH_ROWS: usize = 1 << 20;
/// Small batches of the buffer are made one until they have so many rows.
pub const BUFFER_BATCH_ROWS: usize = 64 << 10;
/// One WAL file; then the next is begun.
pub const JOURNAL_FILE_BYTES: u64 = 64 << 20;
/// One WAL record: an events body and what belongs to it.
pub const JOURNAL_RECORD_BYTES_MAX: usize = EVENTS_BODY_BYTES_MAX + 1024;
/// Records that are written with one fsync.
pub const JOURNAL_GROUP_BYTES_MAX: usize = 8 << 20;
/// Appends that wait for the WAL's thread.
pub const JOURNAL_QUEUE_MAX: usize = 1024;
/// So many segments of like size are made one.
pub const COMPACT_SEGMENTS: usize = 8;
/// Segments smaller than this count as of one size.
pub const COMPACT_SMALL_ROWS: u64 = 4 << 10;
/// Turns of one commit: each lost race costs one.
pub const COMMIT_TRIES_MAX: usize = 100;

/// Memory that one run of a materialized view may hold.
pub const VIEW_MEMORY_BYTES_MAX: usize = 512 << 20;
/// What one run of a materialized view may read of other data sources.
pub const VIEW_READ_BYTES_MAX: u64 = 4 << 30;
/// Rows of one block that a view fails on and that are looked for one by one; of more, the rest of the block is left out.
pub const VIEW_FAILURES_MAX: usize = 32;

/// Queries that run at once for each core; the others wait in line.
pub const QUERIES_PER_CORE_MAX: usize = 2;
/// Reads of the store that one query has in flight.
pub const STORE_READS_MAX: usize = 16;
/// A result, as bytes sent.
pub const RESULT_BYTES_MAX: usize = 100 << 20;
/// A token as text; JWTs with many scopes are the long ones.
pub const TOKEN_BYTES_MAX: usize = 16 << 10;
/// Clocks of two machines that both count as right.
pub const CLOCK_SKEW_S_MAX: i64 = 5;

const _: () = assert!(EVENT_BYTES_MAX <= EVENTS_BODY_BYTES_MAX);
const _: () = assert!(JOURNAL_RECORD_BYTES_MAX < u32::MAX as usize);
const _: () = assert!(FLUSH_BYTES < BUFFER_BYTES_MAX && EVENTS_BODY_BYTES_MAX < BUFFER_BYTES_MAX);
const _: () = assert!(ARRAY_ITEMS_MAX <= BATCH_ITEMS_MAX && BATCH_ITEMS_MAX < i32::MAX as usize);
const _: () = assert!(COMPACT_SEGMENTS > 1 && COMPACT_SMALL_ROWS < SEGMENT_ROWS_MAX as u64);
const _: () = assert!(PAGE_ROWS_MAX <= ROW_GROUP_ROWS_MAX);
