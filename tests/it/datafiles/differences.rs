//! Where our reading of a datafile is another than the package's, and why.

/// Of which kind of file (all, if empty); a part of the text; a part of the difference; the reason.
type Difference = (&'static str, &'static str, &'static str, &'static str);

const DIFFERENCES: &[Difference] = &[
    ("datasource", "ENGINE \"MergeTree\n", "theirs: ", "a quote that is not closed ends with its line"),
    ("datasource", "ENGINE_SUMMING_COLUMNS", "theirs: ", "the TypeScript SDK writes ENGINE_SUMMING_COLUMNS"),
    ("datasource", "ENGINE_TTL ", "theirs: ValidationException", "a TTL of nothing is none, with quotes or without"),
    ("datasource", "DEFAULT [1, 2]", "theirs: ", "a comma inside brackets does not end a column"),
    ("datasource", ",,", "theirs: ", "a column that is not there is left out, as after a trailing comma"),
    (
        "datasource",
        "DESCRIPTION",
        "description: ",
        "text for people keeps its lines with #, which Markdown calls headings",
    ),
    ("datasource", "IMPORT_QUERY", "warnings: 0 and 1", "a setting without any effect is told of"),
    ("datasource", "KAFKA_", "kafka_", "settings of a connector that is not named are told of, and left out"),
    ("datasource", "UInt64\n", "ours: D0203", "column types are checked as the file is read, not by a server"),
    ("datasource", "id UInt64, id UInt64", "ours: D0204", "two columns of one name are never right"),
    ("datasource", "SCHEMA >\n    at", "ours: D0106", "of two schemas one would be lost without a word"),
    ("datasource", "a#b", "ours: D0304", "a # inside a word is part of it"),
    ("datasource", "a#b", "sorting_key: ", "a # inside a word is part of it"),
    ("pipe", "SQL >\n    SELECT", "ours: D0106", "of two queries one would be lost without a word"),
    ("pipe", "NODE n", "ours: D0404", "two nodes of one name are never right"),
    ("pipe", "NODE ", "ours: P0104", "names of nodes are checked as the file is read, not by a server"),
    ("pipe", "TYPE stream", "ours: D0402", "Kafka streams are not in the documentation"),
    ("pipe", "MODE REPLACE", "theirs: ", "values are read in any case, as keywords are"),
    ("pipe", "TYPE \n", "theirs: ", "a node without a TYPE is a standard one, with the keyword or without"),
    ("pipe", "CACHE 60", "theirs: ", "the TypeScript SDK writes CACHE"),
    ("pipe", "ENGINE", "theirs: ", "older projects describe the target of a view in its node"),
    ("pipe", "{at, '%Y%m%d'}/", "export_file_template: ", "the package puts a space behind a quoted part"),
    ("connection", "TYPE ", "ours: D0502", "what a connection needs is checked as the file is read, not by a server"),
    ("connection", "TYPE nonsense", "ours: D0501", "the TYPE is checked as the file is read, not by a server"),
    ("connection", "DESCRIPTION nothing", "ours: D0501", "the TYPE is checked as the file is read, not by a server"),
];

pub(super) fn reason(kind: &str, text: &str, difference: &str) -> Option<&'static str> {
    let fits = |(of, in_text, in_difference, _): &&Difference| {
        (of.is_empty() || *of == kind) && text.contains(in_text) && difference.contains(in_difference)
    };
    DIFFERENCES.iter().find(fits).map(|(.., reason)| *reason)
}

pub(super) fn of(kind: &'static str) -> impl Iterator<Item = &'static str> {
    DIFFERENCES.iter().filter(move |(of, ..)| *of == kind).map(|(.., reason)| *reason)
}
