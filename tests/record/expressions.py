"""Records what ClickHouse answers to expressions and statements, for core/src/query/tests/arrays.rs.

Usage: python tests/record/expressions.py FILE, whose lines are `expression` or `SELECT …`; what stands after
the first tab of a line is written anew:

    expression <tab> type <tab> value        both as in TSV
    expression <tab> ! <tab> error code
    SELECT …   <tab> = <tab> all of the TSVWithNamesAndTypes, escaped as one value
    # with: …                            what stands before the SELECTs that follow
    # a comment, or an empty line, stays
"""

import re
import sys

import chdb

SETTINGS = " SETTINGS enable_json_type = 1, print_pretty_type_names = 0"


def escaped(text):
    return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n")


def answer(sql, prelude):
    try:
        if re.match(r"(SELECT|WITH)\b", sql):
            text = chdb.query(f"{prelude} {sql}{SETTINGS}", "TSVWithNamesAndTypes").bytes().decode()
            return "=\t" + escaped(text)
        text = chdb.query(f"SELECT toTypeName({sql}), {sql}{SETTINGS}", "TSV").bytes().decode()
        return text.rstrip("\n")
    except Exception as error:
        code = re.search(r"Code: (\d+)", str(error))
        return f"!\t{code.group(1) if code else 0}"


def main():
    path = sys.argv[1]
    with open(path, encoding="utf-8") as file:
        lines = file.read().splitlines()
    with open(path, "w", encoding="utf-8") as file:
        prelude = ""
        for line in lines:
            if line.startswith("# with: "):
                prelude = line.removeprefix("# with: ")
            sql = line.split("\t")[0].strip()
            if not sql or sql.startswith("#"):
                file.write(line + "\n")
            else:
                file.write(f"{sql}\t{answer(sql, prelude)}\n")


main()
