//! `sanderling local` as a program.

use crate::process::{Folder, program};
use serde_json::{Value, json};
use std::fs;
use std::io::Write;
use std::process::{Output, Stdio};

fn local(arguments: &[&str], input: &str) -> Output {
    let mut command = program();
    command.arg("local").args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program starts");
    child.stdin.take().expect("was asked for").write_all(input.as_bytes()).expect("the program reads");
    child.wait_with_output().expect("the program ends")
}

#[track_caller]
fn check(arguments: &[&str], input: &str, expected: &str) {
    let output = local(arguments, input);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert_eq!(String::from_utf8_lossy(&output.stdout), expected);
}

const SCRIPT: &str = "
    CREATE TABLE t (id UInt64, name String DEFAULT 'nobody', tags Array(String)) ENGINE = MergeTree ORDER BY id;
    INSERT INTO t VALUES (2, 'b;', ['x']), (1, 'a', []); -- a comment; with a semicolon
    INSERT INTO t (id) SELECT number + 3 FROM (SELECT 0 AS number UNION ALL SELECT 1);
    SELECT * FROM t ORDER BY id;
    SELECT count() AS n FROM t FORMAT JSONEachRow
";

const PRINTED: &str = "1\ta\t[]\n2\tb;\t['x']\n3\tnobody\t[]\n4\tnobody\t[]\n{\"n\":4}\n";

#[test]
fn statements_come_from_everywhere() {
    check(&["-q", "SELECT 1; SELECT 2", "-q", "SELECT 'x' AS y FORMAT CSVWithNames"], "", "1\n2\n\"y\"\n\"x\"\n");
    check(&["--format", "CSV", "-q", "SELECT 1, 'x'"], "", "1,\"x\"\n");
    check(&[], SCRIPT, PRINTED);
    let folder = Folder::new();
    let file = folder.join("script.sql");
    fs::write(&file, SCRIPT).expect("the folder is ours");
    check(&[file.to_str().expect("a path in UTF-8")], "", PRINTED);
}

#[test]
fn the_first_error_ends_it() {
    let output = local(&["-q", "SELECT 1; SELECT nosuch; SELECT 2"], "");
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(String::from_utf8_lossy(&output.stdout), "1\n");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        said.starts_with("Code: 47. DB::Exception: ") && said.trim_end().ends_with("(UNKNOWN_IDENTIFIER)"),
        "{said}"
    );
}

#[test]
fn tables_stay_in_a_directory() {
    let folder = Folder::new();
    let data = folder.join("tables");
    let data = data.to_str().expect("a path in UTF-8");
    check(&["--data", data], SCRIPT, PRINTED);
    check(&["--data", data, "-q", "CREATE VIEW v AS SELECT max(id) AS last FROM t; DROP TABLE IF EXISTS u"], "", "");
    check(&["--data", data, "-q", "INSERT INTO t VALUES (9, 'late', ['y', 'z'])"], "", "");
    check(&["--data", data, "-q", "SELECT count(), max(id) FROM t; SELECT last FROM v"], "", "5\t9\n9\n");
    check(&["--data", data, "-q", "DROP TABLE t; DROP TABLE v; SHOW TABLES"], "", "");
    check(&["--data", data, "-q", "SHOW TABLES"], "", "");
}

#[test]
fn files_are_tables() {
    let folder = Folder::new();
    let file = |name: &str, text: &str| {
        let path = folder.join(name);
        fs::write(&path, text).expect("the folder is ours");
        path.to_str().expect("a path in UTF-8").to_owned()
    };
    let csv = file("a.csv", "id,name,price,day\n1,ann,1.5,2024-01-02\n2,\"b, ob\",,2024-02-03\n");
    check(
        &[
            "-q",
            &format!("SELECT *, toTypeName(id), toTypeName(price), toTypeName(day) FROM file('{csv}') ORDER BY id"),
        ],
        "",
        "1\tann\t1.5\t2024-01-02\tNullable(Int64)\tNullable(Float64)\tNullable(Date)\n\
         2\tb, ob\t\\N\t2024-02-03\tNullable(Int64)\tNullable(Float64)\tNullable(Date)\n",
    );
    let csv = file("b.csv", "1,x\n2,y\n");
    check(&["-q", &format!("SELECT sum(c1) FROM file('{csv}')")], "", "3\n");
    check(
        &["-q", &format!("SELECT q, toTypeName(p) FROM file('{csv}', 'CSV', 'p UInt8, q String') WHERE p > 1")],
        "",
        "y\tUInt8\n",
    );
    let ndjson = file("c.ndjson", "{\"a\": 1, \"b\": [\"x\"]}\n{\"a\": 2.5, \"c\": {\"d\": 7}}\n");
    check(&["-q", &format!("SELECT a, b, c FROM file('{ndjson}')")], "", "1\t['x']\t\\N\n2.5\t[]\t(7)\n");
    let json = file("d.json", "[{\"a\": 1}, {\"a\": 2}]");
    check(&["-q", &format!("SELECT max(x.a) FROM file('{json}') AS x")], "", "2\n");
    let data = folder.join("tables");
    check(&["--data", data.to_str().expect("a path in UTF-8")], SCRIPT, PRINTED);
    let parquet = data.join("t.parquet");
    let parquet = parquet.to_str().expect("a path in UTF-8");
    check(
        &["-q", &format!("SELECT * FROM file('{parquet}') WHERE id < 3 ORDER BY id")],
        "",
        "1\ta\t[]\n2\tb;\t['x']\n",
    );
    let output = local(&["-q", "SELECT * FROM file('nosuch.csv')"], "");
    assert!(String::from_utf8_lossy(&output.stderr).contains("nosuch.csv"));
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn results_are_files_again() {
    let folder = Folder::new();
    let sql = "SELECT toUInt8(1) AS a, 'x' AS b, toNullable(1.5) AS c, toDateTime64('2024-01-02 03:04:05.678', 3, 'UTC') AS d, \
               [1, 2] AS e, map('k', 'v') AS f, toUUID('61f0c404-5cb3-11e7-907b-a6006ad3dba0') AS g, NULL AS h, \
               CAST('late', 'Enum8(\\'late\\' = 3)') AS i, toDate('2024-01-02') AS j";
    let output = local(&["-q", &format!("{sql} FORMAT Parquet")], "");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let file = folder.join("result.parquet");
    fs::write(&file, output.stdout).expect("the folder is ours");
    let file = file.to_str().expect("a path in UTF-8");
    check(
        &["-q", &format!("SELECT * FROM file('{file}')")],
        "",
        "1\tx\t1.5\t2024-01-02 03:04:05.678\t[1,2]\t{'k':'v'}\t61f0c404-5cb3-11e7-907b-a6006ad3dba0\t\\N\tlate\t2024-01-02\n",
    );
    check(
        &[
            "-q",
            &format!(
                "SELECT toTypeName(d), toTypeName(e), toTypeName(g), toTypeName(i), toTypeName(j) FROM file('{file}')"
            ),
        ],
        "",
        "DateTime64(3, \\'UTC\\')\tArray(UInt8)\tUUID\tString\tDate32\n",
    );
    for format in ["Arrow", "ArrowStream", "Native", "RowBinaryWithNamesAndTypes"] {
        let output = local(&["-q", &format!("{sql} FORMAT {format}")], "");
        assert!(output.status.success() && !output.stdout.is_empty(), "{format}");
    }
}

#[test]
fn views_stay_in_a_directory() {
    let folder = Folder::new();
    let data = folder.join("tables");
    let data = data.to_str().expect("a path in UTF-8");
    let make = "CREATE TABLE hits (page String) ENGINE = Null;
        CREATE MATERIALIZED VIEW pages ENGINE = MergeTree ORDER BY page AS SELECT page, count() AS n FROM hits GROUP BY page";
    check(&["--data", data, "-q", make], "", "");
    check(&["--data", data, "-q", "INSERT INTO hits VALUES ('/'), ('/a'), ('/')"], "", "");
    check(
        &["--data", data, "-q", "SELECT * FROM pages ORDER BY page; SELECT count() FROM hits"],
        "",
        "/\t2\n/a\t1\n0\n",
    );
}

fn answers(arguments: &[&str], lines: &[Value]) -> Vec<Value> {
    let input: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let output = local(&[&["--jsonl"], arguments].concat(), &input);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    text.lines().map(|line| serde_json::from_str(line).expect("an answer is JSON")).collect()
}

#[test]
fn lines_are_answered_one_by_one() {
    let setup = json!([
        "CREATE TABLE t (x UInt64, s Nullable(String)) ENGINE = Memory",
        "INSERT INTO t VALUES (1, 'a'), (2, NULL)"
    ]);
    let lines = [
        json!({ "id": 1, "setup": setup, "query": "SELECT * FROM t ORDER BY x" }),
        json!({ "id": "two", "query": "SELECT * FROM t" }),
        json!({ "id": 3, "query": "SELECT [1.5, 0 / 0] AS a, 'q\"' AS b" }),
        json!({ "id": 4, "qwery": "SELECT 1" }),
    ];
    let got = answers(&[], &lines);
    let columns = json!([{ "name": "x", "type": "UInt64" }, { "name": "s", "type": "Nullable(String)" }]);
    assert_eq!(got[0], json!({ "id": 1, "columns": columns, "rows": [[1, "a"], [2, null]] }));
    assert_eq!(
        (&got[1]["id"], &got[1]["error"]["code"], &got[1]["error"]["name"]),
        (&json!("two"), &json!(60), &json!("UNKNOWN_TABLE"))
    );
    assert_eq!(got[2]["rows"], json!([[[1.5, null], "q\""]]));
    assert_eq!((&got[3]["id"], &got[3]["error"]["code"]), (&json!(4), &json!(117)));
    assert_eq!(got.len(), lines.len());
}

#[test]
fn a_line_that_does_not_end_costs_its_own_answer_only() {
    // twenty rows, joined with themselves again and again
    let mut rows = "SELECT 0 AS n".to_owned();
    for number in 1..20 {
        rows.push_str(&format!(" UNION ALL SELECT {number}"));
    }
    let joins: String = (0..9).map(|number| format!(" CROSS JOIN ({rows}) AS j{number}")).collect();
    let lines = [
        json!({ "id": 1, "query": format!("SELECT count() FROM ({rows}) AS j{joins}") }),
        json!({ "id": 2, "query": "SELECT 2 AS x" }),
    ];
    let got = answers(&["--time-limit", "2000"], &lines);
    assert_eq!(got[0]["error"]["name"], "TIMEOUT_EXCEEDED");
    assert_eq!(got[1]["rows"], json!([[2]]));
}
