"""Records how the PyPI package `tinybird` reads datafiles, for tests/it/datafiles.rs to replay.

`cargo xtask record datafiles` runs this. The cases are ours (datafile_cases.py); of the package only its
answers are kept, one JSON object a line in tests/data/datafiles/<kind>.jsonl:

    t     the file's text
    s, e  secrets and variables that are given
    ok    what the package makes of the file
    error, line    or why not, and where if it says so

The package looks at neither column types nor SQL: its server does.
"""

import contextlib
import io
import json
import os
import re
import sys
from pathlib import Path

import datafile_cases
from tinybird.datafile import common
from tinybird.datafile.parse_connection import parse_connection
from tinybird.datafile.parse_datasource import parse_datasource
from tinybird.datafile.parse_pipe import parse_pipe

OUT = Path(sys.argv[1])
READERS = {"datasource": parse_datasource, "pipe": parse_pipe, "connection": parse_connection}


def plain(text):
    """White space says nothing here, nor do the quotes around a description."""
    return " ".join(str(text).split()).strip("\"'")


def column(column):
    path, default, codec = column["jsonpath"], column["default_value"], column["codec"]
    return {
        "name": column["name"],
        "type": f"Nullable({column['type']})" if column["nullable"] else column["type"],
        "json": path,
        "default": re.sub(r"^DEFAULT\s+", "", default) if default else None,
        "codec": plain(codec) if codec else None,
    }


def node(node):
    known = {key: value for key, value in node.items() if key not in ("columns", "schema", "indexes", "engine", "tags")}
    return {key: plain(value) for key, value in sorted(known.items())}


def answer(document, warnings):
    out = {"tokens": [[token["token_name"], token["permission"]] for token in document.tokens]}
    first = document.nodes[0] if document.nodes else {}
    if document.kind is common.DatafileKind.datasource:
        engine = first.get("engine", {"type": None, "args": []})
        out["columns"] = [column(it) for it in first.get("columns", [])]
        out["indexes"] = [[it.name, plain(it.expr), plain(it.type_full), it.granularity] for it in first.get("indexes", [])]
        out["engine"] = engine["type"] and plain(engine["type"])
        out["options"] = {name: plain(value) for name, value in engine["args"]}
        out["shared_with"] = document.shared_with
        out["forward_query"] = plain(document.forward_query) if document.forward_query else None
        out["settings"] = {key: value for key, value in node(first).items() if key not in ("name", "description", "forward_query")}
        out["description"] = plain(document.description or first.get("description", ""))
    elif document.kind is common.DatafileKind.pipe:
        out["description"] = plain(document.description or "")
        out["nodes"] = [node(it) for it in document.nodes]
    else:
        out["settings"] = {key: value for key, value in node(first).items() if key != "name"}
    out["tags"] = [tag for tag in document.filtering_tags or [] if tag]
    out["warnings"] = len(warnings)
    return out


def record(kind, case):
    environment = dict(os.environ)
    os.environ.clear()
    os.environ.update(case.variables)
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            document, warnings = READERS[kind](f"case.{kind}", content=case.text, secrets=case.secrets)
        return {"ok": answer(document, warnings)}
    except Exception as error:  # whatever the package raises is its answer
        first = re.sub(r"\x1b\[[0-9;]*m|\*\*|'\w+\.\w+'", "", str(error)).strip().splitlines()
        line = getattr(error, "lineno", None)
        out = {"error": f"{type(error).__name__}: {first[0] if first else ''}"[:160]}
        return {**out, "line": line} if isinstance(line, int) else out
    finally:
        os.environ.clear()
        os.environ.update(environment)


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    for kind in READERS:
        lines = []
        for case in datafile_cases.cases(kind):
            given = {"s": case.secrets, "e": case.variables}
            line = {"t": case.text, **{key: value for key, value in given.items() if value}, **record(kind, case)}
            lines.append(json.dumps(line, ensure_ascii=False, sort_keys=False))
        unique = list(dict.fromkeys(lines))
        (OUT / f"{kind}.jsonl").write_text("\n".join(unique) + "\n", encoding="utf-8")
        print(f"{kind}: {len(unique)} cases", file=sys.stderr)


main()
