"""Fills in what ClickHouse (the PyPI package `chdb`, ClickHouse in process) answers to our statements.

`cargo xtask record sql` runs this over all of tests/data/slt, but it can be told files, and called directly:

    python tests/record/sql.py FILE… | FOLDER…

Who writes a case writes SQL only; this writes the answers below it, and `ok` or the error's name into the
block's first line. Each file starts on an empty database, blocks are separated by empty lines:

    # a comment
    statement ok
    CREATE TABLE t (x UInt8) ENGINE = Memory

    query
    SELECT x FROM t ORDER BY x
    ----
    x
    UInt8
    1

    query rowsort
    SELECT …                       the order of rows does not matter: they are kept sorted

    query error UNKNOWN_IDENTIFIER
    SELECT y FROM t

    query raw
    SELECT x FROM t FORMAT JSON
    ----
    {                              the bytes of the format; `query hex` for those that are no text

`(empty)` stands for an empty line, `(no newline)` ends raw bytes that do not end in one. Answers of `query`
are TSVWithNamesAndTypes. A difference that we keep is written where it is, and its own answer stays there:

    # differs: why
    query
    SELECT …
    ----
    what ClickHouse answers
    ---- ours
    what we answer                 or `error NAME`

`# not yet` above a block says that we do not answer it as ClickHouse does, and should.
"""

import os
import re
import sys
from pathlib import Path

os.environ["TZ"] = "UTC"

from chdb import session  # noqa: E402

EMPTY = "(empty)"
NO_NEWLINE = "(no newline)"


class Refused(Exception):
    """ClickHouse's name for what is wrong."""


def ask(engine, sql, form):
    try:
        return engine.query(sql, form).bytes()
    except Exception as error:  # chdb has no narrower class
        names = re.findall(r"\(([A-Z][A-Z0-9_]+)\)", str(error))
        if not names:
            raise
        # what it had written before it failed would stand above the next answer
        engine.query("SELECT 1", "TSV")
        raise Refused(names[-1]) from None


def as_lines(raw):
    """Text as the lines of a block, none of which is empty."""
    # what is no UTF-8 shows as U+FFFD here as it does in ours
    text = raw.decode("utf-8", "replace")
    if not text:
        return []
    lines = [line or EMPTY for line in text.split("\n")]
    if text.endswith("\n"):
        return lines[:-1]
    return lines + [NO_NEWLINE]


def as_hex(raw):
    return [raw[at : at + 32].hex() for at in range(0, len(raw), 32)]


def answer(engine, sql, mode):
    if mode == "raw":
        return as_lines(ask(engine, sql, "TSVWithNamesAndTypes"))
    if mode == "hex":
        return as_hex(ask(engine, sql, "TSVWithNamesAndTypes"))
    lines = as_lines(ask(engine, sql, "TSVWithNamesAndTypes"))
    return lines[:2] + sorted(lines[2:]) if mode == "rowsort" else lines


def record(engine, block):
    """The block with today's answer."""
    comments = [line for line in block if line.startswith("#")]
    lines = block[len(comments) :]
    if not lines:
        return block
    head, lines = lines[0], lines[1:]
    rules = [at for at, line in enumerate(lines) if line.startswith("----")]
    sql = lines[: rules[0]] if rules else lines
    ours = [at for at in rules if lines[at] == "---- ours"]
    kept = lines[ours[0] :] if ours else []
    words = head.split()
    text = "\n".join(sql)
    if words[0] == "statement":
        try:
            ask(engine, text, "TSV")
            return [*comments, "statement ok", *sql, *kept]
        except Refused as error:
            return [*comments, f"statement error {error}", *sql, *kept]
    if words[0] != "query":
        sys.exit(f"a block begins with `statement` or `query`, not {head!r}")
    mode = words[1] if len(words) > 1 and words[1] in ("rowsort", "raw", "hex") else ""
    if not mode and re.search(r"\bFORMAT\s+\w+\s*;?\s*$", text):
        mode = "raw"
    try:
        rows = answer(engine, text, mode)
        return [*comments, f"query {mode}".rstrip(), *sql, "----", *rows, *kept]
    except Refused as error:
        return [*comments, f"query error {error}", *sql, *kept]


def blocks(text):
    block = []
    for line in text.split("\n"):
        if line:
            block.append(line)
        elif block:
            yield block
            block = []
    if block:
        yield block


def record_file(path):
    engine = session.Session()
    try:
        text = path.read_text("utf-8")
        recorded = ["\n".join(record(engine, block)) for block in blocks(text)]
    finally:
        engine.close()
    path.write_text("\n\n".join(recorded) + "\n", "utf-8")
    return len(recorded)


def main():
    total = 0
    for name in sys.argv[1:]:
        path = Path(name)
        for file in sorted(path.rglob("*.slt")) if path.is_dir() else [path]:
            try:
                total += record_file(file)
            except Exception as error:
                sys.exit(f"{file}: {error}")
    print(f"{total} blocks recorded")


main()
