"""Records ClickHouse's answers to the .sql files here, in every format that we print.

Run with a Python that has chdb: python record.py
What differs from run to run (the statistics) is set to fixed values that the tests use too.
"""

import pathlib
import re

import chdb

FORMATS = ["JSON", "JSONCompact", "JSONEachRow", "JSONCompactEachRow", "CSV", "CSVWithNames", "TSV", "TSVWithNamesAndTypes"]

here = pathlib.Path(__file__).parent
for query in sorted(here.glob("*.sql")):
    parts = []
    for name in FORMATS:
        text = bytes(chdb.query(query.read_text(), name).bytes()).decode("utf8")
        text = re.sub(r'"elapsed": [0-9.e-]+', '"elapsed": 0.0015', text)
        text = re.sub(r'"rows_read": \d+', '"rows_read": 7', text)
        text = re.sub(r'"bytes_read": \d+', '"bytes_read": 9', text)
        parts.append(f"==== {name}\n{text}")
    query.with_suffix(".txt").write_text("".join(parts), newline="")
