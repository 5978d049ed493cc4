"""Records what the reference template engine answers, for tests/it/templates.rs to replay.

`cargo xtask record templates` runs this in an environment that has the PyPI package `tinybird`
(tests/record/requirements.txt). The cases are ours (template_cases.py); of the package only its answers
are kept, one JSON object a line in tests/data/templates/<group>.jsonl:

    t        the template, without the leading %
    v        what the request brings: text, or a list of texts for a repeated parameter
    s        names of the secrets that exist
    check    true: rendered as a deployment checks it, with placeholders
    sql      the answer, or
    error    the message, with `status` if that is not 400, and `body` if custom_error gave no text, or
    syntax   Python could not compile it; the words are CPython's and change with its version
    params   the parameters it finds; left out where a `check` line repeats a template
"""

import json
import logging
import os
import pathlib
import re
import sys
import warnings

import template_cases

logging.disable(logging.CRITICAL)
warnings.simplefilter("ignore")

from tinybird.sql_template import (  # noqa: E402
    SQLTemplateCustomError,
    Template,
    get_var_names_and_types,
    render_sql_template,
)

# What differs from run to run cannot be replayed.
UNSTABLE = (" object at 0x", "<built-in", "<class ", "<filter", "<map", "<generator", "<function")


def answer(case):
    variables = {name: list(value) if isinstance(value, list) else value for name, value in case.variables.items()}
    secrets = ["tb_secret_" + name for name in case.secrets] or None
    try:
        sql, _, _ = render_sql_template(case.template, variables, secrets, test_mode=case.check)
        return {"sql": sql}
    except SQLTemplateCustomError as error:
        body = error.args[0] if error.args else error.err
        out = {"error": str(body), "status": error.code}
        return out if isinstance(body, str) else out | {"body": body}
    except SyntaxError as error:
        return {"syntax": error.msg}
    except Exception as error:
        return {"error": str(error)}


def is_numbered(case, answer):
    """The reference engine adds a line to errors of a check whenever some parameter is named x."""
    error = answer.get("error", "")
    return case.check and re.search(r", line \d+$", error) and "is not a valid function" not in error


def discovered(template):
    try:
        return get_var_names_and_types(Template(template))
    except Exception:
        return None


def line(case):
    out = {"t": case.template}
    if case.variables:
        out["v"] = case.variables
    if case.secrets:
        out["s"] = case.secrets
    if case.check:
        out["check"] = True
    found = answer(case)
    if is_numbered(case, found):
        return None
    out |= found
    params = None if case.check else discovered(case.template)
    if params:
        out["params"] = params
    text = json.dumps(out, ensure_ascii=False, separators=(",", ":"))
    return None if any(mark in text for mark in UNSTABLE) else text


def main(folder):
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.jsonl"):
        old.unlink()
    total = 0
    for group, cases in template_cases.groups():
        lines = [text for text in map(line, cases) if text is not None]
        (folder / f"{group}.jsonl").write_text("".join(text + "\n" for text in lines), encoding="utf-8")
        total += len(lines)
        print(f"{group}: {len(lines)}", file=sys.stderr)
    print(f"{total} cases", file=sys.stderr)


if __name__ == "__main__":
    if os.environ.get("PYTHONHASHSEED") != "0":
        # some messages print a set, in an order that is otherwise another on every run
        os.environ["PYTHONHASHSEED"] = "0"
        os.execv(sys.executable, [sys.executable, *sys.argv])
    main(pathlib.Path(sys.argv[1]))
