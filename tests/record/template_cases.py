"""The template cases, written by us: every function × argument form × trap.

A case is a template with what a request brings. Most come from small grammars below, so that a form
that is added there is tried with every value; the last group composes whole endpoints at random, from
a fixed seed.
"""

import itertools
import random
from dataclasses import dataclass, field

import template_endpoints
import template_python


@dataclass
class Case:
    template: str
    variables: dict = field(default_factory=dict)
    secrets: list = field(default_factory=list)
    check: bool = False


TEXTS = [
    "a", "", " ", "it's", 'say "no"', "back\\slash", "\\", "\\'", "100%", "%", "_", "tick`", "a,b", "l1\nl2", "c\rd",
    "tab\there", "nul\0", "bell\b", "sub\x1a", "é", "日本", "🐦", "--", "/* x */", "; DROP", "{{x}}", "{% end %}",
    "x' OR 1=1 --", "\u2019", "null", "None", "0", "-1", "1e3", "a.b", "a b", "'", "''", '"', "``", "$1", "?", "#",
]
FEW_TEXTS = ["a", "", "it's", 'q"q', "b\\", "50%", "t`t", "a,b", "x y", "n\nn", "é"]

INTEGERS = ["Int8", "Int16", "Int32", "Int64", "Int128", "Int256", "UInt8", "UInt16", "UInt32", "UInt64", "UInt128", "UInt256"]
NUMBERS = ["0", "1", "-1", "+1", "007", "-0", "1.5", "1e3", "x", "", " 1", "1 ", "1_000", "0x10", "--1", "1,2", "nan"]
FLOATS = [
    "0", "1", "-1", "+1", "1.5", "-1.5", "1e3", "1E3", "1e-7", "1e16", "1e15", "123456789.123", ".5", "5.", "inf", "-inf",
    "nan", "Infinity", "1_0", "x", "", " 1 ", "1e400", "0.1", "1e22", "1e21", "0.0001", "0.00001", "-0", "1,5",
]
DATES = [
    "2024-01-31", "2024-13-99", "2024-1-1", "20240131", "31-01-2024", "2024-01-31 10:00:00", "2024-01-31T10:00:00",
    "2024-01-31T10:00:00Z", "2024/01/31 10:00:00", "31-01-2024 1:2:3", "31/01/2024T01:02:03", "2024-01-31 10:00",
    "2024-01-31 10:00:00.1", "2024-01-31 10:00:00.123", "2024-01-31 10:00:00.123456", "2024-01-31 10:00:00,123",
    "31-01-2024 1:2:3.4", "now()", "", "2024-01-31\n", "2024-01-31 10:00:00' OR 1", "0000-00-00", "2024-01-31 ",
]
BOOLEANS = ["true", "false", "TRUE", "False", "0", "1", "no", "yes", "", "00", "None", "2", " "]

DESCRIBED = [
    "description='d'", "required=True", "required=False", "enum=['a','b']", "example='e'", "format='f'",
    "description='it\\'s \"x\"', required=True, example=1, format='date', enum=[1,2]",
]


def bounds():
    for bits in (8, 16, 32, 64, 128, 256):
        yield f"Int{bits}", [str(2 ** (bits - 1) - 1), str(2 ** (bits - 1)), str(-(2 ** (bits - 1))), str(-(2 ** (bits - 1)) - 1)]
        yield f"UInt{bits}", [str(2**bits - 1), str(2**bits), "-1"]


def texts():
    forms = ["{{String(v)}}", "{{v}}", "{{String(v, 'd')}}"]
    yield from (Case(f"SELECT {form}", {"v": text}) for form in forms for text in TEXTS)
    forms = [
        "{{v + v}}", "{{v + 'x'}}", "{{'x' + v}}", "{{f'{v}-{v}'}}", "{{v[0:2]}}", "{{v[-1:]}}", "{{v[::2]}}", "{{[v][0]}}",
        "{{{'k': v}.get('k')}}", "{{v if v else 'no'}}", "{{v.replace('a', 'b')}}", "{{'-'.join([v, v])}}",
        "{{v * 2}}", "{{(v)}}", "{{String(v) + String(v)}}", "{{String(default='d', x=v)}}", "{{len(v)}}",
        "{% set y = v %}{{y}}", "{% for c in v %}{{c}}{% end %}", "{{v.split(',')[0]}}", "{% set y = String(v) + 'z' %}{{y}}",
        "{{str_ + v}}", "{{sql_unescape(v)}}", "{{sql_unescape(v, '%')}}", "{{sql_unescape(String(v), '_')}}",
        "{{sql_unescape(v, what='`')}}", "{{sql_unescape(v, \"'\")}}", "{{sql_unescape(v, '\\\\')}}", "{{sql_unescape(v, 'n')}}",
        "{{sql_unescape(v, '%_')}}", "{{sql_unescape(v, '')}}",
    ]
    yield from (Case(f"SELECT {form}", {"v": text, "str_": "s"}) for form in forms for text in FEW_TEXTS)
    yield from (Case("SELECT {{String(v)}}, {{String(v, 'd')}}", {}) for _ in range(1))
    yield from (Case(form) for form in ("{{v}}", "{{String(v)}}", "{{String(v, '')}}", "{{String(v, None)}}", "{{String(v, 5)}}"))
    yield from (Case("{{String(v, defined=False)}}"), Case("{{String(v, None, False)}}"), Case("{{String()}}"))
    yield from (Case(f"{{{{String(v, 'x', {extra})}}}}", {"v": "y"}) for extra in DESCRIBED)
    yield Case("{{String(v, 'x', True, True, 'd', ['a'], 'e', 'f')}}", {"v": "y"})
    yield Case("SELECT '{{String(v)}}'", {"v": "x"})
    yield Case("SELECT 1 WHERE path LIKE '%{{v}}%'", {"v": "x' OR 1=1 --"})
    yield Case("SELECT /* {{v}} */ 1", {"v": "a"})
    yield Case("SELECT /* {{v}} */ 1", {"v": "*/ 2, /*"})
    yield Case("SELECT 1 -- {{v}}\n", {"v": "a\nb"})
    literals = ["'it\\'s'", "\"a'b\"", "'a\\nb'", "'\\\\'", "r'\\n'", "'''x'''", "'a' 'b'", "'\\x41'", "'\\u00e9'", "'\\101'", "'%'", "u'x'"]
    yield from (Case("{{" + text + "}}") for text in literals)
    yield from (Case("{% set y = " + text + " %}{{y}}") for text in literals)


def numbers():
    for kind, values in bounds():
        yield from (Case("{{%s(n)}}" % kind, {"n": value}) for value in values)
    yield from (Case("{{%s(n)}}" % kind, {"n": value}) for kind in INTEGERS for value in NUMBERS)
    for kind in INTEGERS + ["Int", "Integer", "Float32", "Float64"]:
        yield Case("{{%s(n, 7)}}" % kind)
        yield Case("{{%s(n, -7)}}" % kind)
        yield Case("{{%s(n, '7')}}" % kind)
        yield Case("{{%s(n, default=8)}} {{%s(n, 9)}}" % (kind, kind), {"n": "3"})
        yield Case("{{%s(n)}}" % kind)
        yield Case("{{%s(n, 'x')}}" % kind)
        yield Case("{{%s(n, 0)}}" % kind, {"n": ""})
        yield Case("{{%s(n, 1, description='d', required=True)}}" % kind)
        yield Case("{{%s(n, 1) + 1}}" % kind)
        yield Case("{{%s(n, 3) * 2}} {{1 - %s(n, 3)}} {{-%s(n, 3)}}" % (kind, kind, kind))
        yield Case("{%% if %s(n, 3) > 2 %%}y{%% else %%}n{%% end %%}" % kind, {"n": "2"})
        yield Case("{%% set m = %s(n, 3) %%}{{m}} {{m + 1}} {{[m]}}" % kind)
        yield Case("{{%s()}}" % kind)
        yield Case("{{%s(n, None, False)}}" % kind)
        yield Case("{{%s(n, 2.5)}}" % kind)
    yield from (Case("{{%s(n)}}" % kind, {"n": value}) for kind in ("Int", "Integer") for value in NUMBERS + ["2147483648", "2147483647"])
    yield from (Case("{{%s(n)}}" % kind, {"n": value}) for kind in ("Float32", "Float64") for value in FLOATS)
    yield Case("OFFSET {{Int32(page, 0) * Int32(page_size, 100)}} LIMIT {{Int32(page_size, 100)}}", {"page": "2"})
    yield Case("{{Int32(n)}}", {"n": "٣"})
    yield Case("{{Int32(n, 1) + 'a'}}")
    yield Case("{{Float64(n, 1) + 'a'}}")
    yield Case("{{'a' + Int32(n, 1)}}")
    yield Case("{{Int64(n, 9223372036854775807)}}")
    yield Case("{{Int64(n, 9007199254740992)}}")
    yield Case("{{Int64(n, 9007199254740991)}}")
    yield from (Case("{{UUID(n)}}", {"n": "x"}), Case("{{Symbol(n)}}", {"n": "x"}), Case("{{Column(n)}}", {"n": "x"}))
    yield from (Case("{{%s}}" % literal) for literal in ("Int32(5)", "String('x')", "Float32(1.5)", "Array([1])", "Int32(a.b)"))


def booleans():
    yield from (Case(form, {"b": value}) for form in ("{{Boolean(b)}}", "{{Boolean(b, 1)}}") for value in BOOLEANS)
    yield from (Case("{{Boolean(b, %s)}}" % default) for default in ("1", "0", "True", "False", "'true'", "'FALSE'", "'0'", "None", "''", "default=1"))
    yield Case("{{Boolean(b, 1, description='d')}}")
    yield from (Case("{{Boolean(b)}}"), Case("{% if Boolean(b, 1) %}y{% else %}n{% end %}"), Case("{{Boolean()}}"))


def dates():
    yield from (Case("{{%s(d)}}" % kind, {"d": value}) for kind in ("Date", "DateTime", "DateTime64") for value in DATES)
    for kind in ("Date", "DateTime", "DateTime64"):
        yield Case("{{%s(d, '2020-01-01')}}" % kind)
        yield Case("{{%s(d, '2020-01-01 00:00:00.000')}}" % kind)
        yield Case("{{%s(d)}}" % kind)
        yield Case("{{%s(d, defined=False)}}" % kind)
        yield Case("{%% if defined(d) %%}{{%s(d, description='d', required=True)}}{%% else %%}no{%% end %%}" % kind)
        yield Case("{{%s(d)[0:4]}} {{%s(d) + 'x'}}" % (kind, kind), {"d": "2020-01-01 00:00:00.000"})


def arrays():
    kinds = ["String", "Int32", "UInt8", "Int64", "UInt256", "Float32", "Float64", "Date", "DateTime", "DateTime64", "Boolean", "bool", "Int"]
    values = ["1", "1,2", "a,b", "1,", "", ",", " 1, 2", "2024-01-01,2024-02-02", "1.5,2", "-1", "x,1", "true,0", "2024-01-01 00:00:00"]
    yield from (Case("{{Array(a, '%s')}}" % kind, {"a": value}) for kind in kinds for value in values)
    yield from (Case("{{Array(a)}}", {"a": text}) for text in TEXTS if text not in ("%", "``", "{% end %}"))
    lists = [["1", "2"], ["a", "b"], ["", ""], ["it's", "b"], ["a,b", "c"], ["1", "x"]]
    for value in lists:
        yield Case("{{Array(a)}}", {"a": value})
        yield Case("{{Array(a, 'Int32')}}", {"a": value})
        yield Case("{% for i in a %}{{i}};{% end %}{{Array(a, 'String')}}", {"a": value})
    yield from (Case("{{Array(a, 'Int32', %s)}}" % default) for default in ("'1,2'", "[1,2]", "'x'", "''", "None", "default='3'", "[]"))
    yield from (Case("{{Array(a, %s)}}" % rest) for rest in ("default='1'", "'String', defined=False", "'String', '1', description='d', required=True", "type='Int32'", "_type='Int32', default='4'", "'Nope', 'a'", "'String', 'a', True, True, 'd', ['x'], 'e', 'f'"))
    yield from (Case("{{Array()}}"), Case("{{Array(a)}}"), Case("{{Array(5)}}"), Case("{{Array('x')}}"))
    yield Case("{% if sum(a) > 2 %}{{Array(a, 'Int32')}}{% end %}", {"a": "1,2"})
    yield Case("{% if 'x' in a %}{{Array(a)}}{% else %}no{% end %}", {"a": "x,y"})
    yield Case("{{','.join(a)}} {{Array(a)}}", {"a": "1,2"})
    yield Case("{{len(a)}} {{a[0]}} {{Array(a)}}", {"a": "1,2,3"})
    yield Case("{{Array(a, 'Int32')}} {{len(a)}}", {"a": "1,z"})
    yield Case("{% if defined(a) %}{{Array(a, 'Int32')}}{% end %}", {"a": "1,2"})
    yield Case("{% for x in Array(a, 'Int32', '1,2') %}{{x}}{% end %}")
    yield Case("{% set y = Array(a, 'String', 'p,q') %}x IN {{y}}")
    yield Case("{{Array(split_to_array(a, 'x,y'), 'String')}}")
    yield Case("hasAny(c, {{Array(a, 'String', default='x', description='some')}})", {"a": "it's"})


def json():
    values = [
        "{}", "[]", '{"a": 1}', '{"a": "x"}', '{"a": null}', '[1, 2.5, "x", null, true]', "5", '"s"', "x", "", "{", '{"a": {"b": [1]}}',
        '{"a": 1, "a": 2}', "1e400", "NaN", "-0", "[1,]", "{'a': 1}", '{"é": "日"}', '"a\\u00e9\\n"', "12345678901234567890", "01",
        "[1] x", " [1] ", '{"abcdefghijklmnop": tru}', "nul", "[[[[[[[[1]]]]]]]]",
    ]
    yield from (Case(form, {"j": value}) for form in ("{{JSON(j)}}", "{% for x in JSON(j, '[]') %}{{x}},{% end %}") for value in values)
    yield from (Case(form, {"j": value}) for form in ("{{JSON(j).get('a', 'none')}}", "{{JSON(j)['a']}}") for value in values[:10])
    yield from (Case("{{JSON(j, %s)}}" % default) for default in ("'[1]'", "'{\"a\": 1}'", "'x'", "''", "None", "5", "default='[2]'"))
    yield from (Case("{{JSON(j)}}"), Case("{{JSON()}}"), Case("{{JSON(j, '[]', description='d')}}"))
    yield Case("{% for x in JSON(j) %}{{column(x['c'])}} = {{x['v']}} {% end %}", {"j": '[{"c": "a.b", "v": 1}, {"c": "x", "v": "it\'s"}]'})
    yield Case("{% for x in JSON(j) %}{{x['k']}}{% end %}", {"j": '[{"x": 1}]'})
    yield Case("{% for x in JSON(j) %}{{x.get('k')}}{% end %}", {"j": '["s"]'})
    yield Case("{% set o = JSON(j, '{}') %}{% for k, v in o.items() %}{{k}}:{{v}};{% end %}", {"j": '{"b": 1, "a": "x"}'})
    yield Case("{% set o = JSON(j) %}{% if 'a' in o %}{{o['a']}}{% end %}{{len(o)}}", {"j": '{"a": [1,2]}'})
    yield Case("{% if isinstance(JSON(j), list) %}l{% else %}d{% end %}", {"j": "[]"})


def identifiers():
    names = ["id", "x.y", "a b", "a-b", "1a", "", "x.", ".", "é", "a,b", "a, b", " a ", "COUNT()", "x\ny", "100%", "b\\", "it's"]
    quoted = ['q"q', "t`t"]
    for name in names + quoted:
        yield Case("{{column(c, 'id')}}", {"c": name})
        yield Case("{{columns(c, 'id')}}", {"c": name})
        yield Case("{{symbol(c)}}", {"c": name})
    yield from (Case("{{columns(c, 'a,b', 'sum')}}", {"c": name}) for name in ("x", "x,y", "x , y"))
    yield from (Case("{{columns(c, 'a,b', fn='%s')}}" % fn) for fn in ("sum", "uniq_x", "any"))
    yield from (Case("{{column(%s)}}" % a) for a in ("c", "c, None", "c, default='x'", "'a'", "'a.b'", "", "c, 'x.y'", "c, ''", "5", "5, 'x'", "c, 5"))
    yield from (Case("{{columns(%s)}}" % a) for a in ("c", "c, None", "c, default='x,y'", "'a,b'", "", "c, 'a.b,c'", "c, ['a','b']", "5"))
    yield from (Case("{{symbol(%s)}}" % a, {"c": "n", "d": "m"}) for a in ("c", "'a'", "c, '`'", "c, '\"'", "c, quote='\"'", "", "none", "c + d", "5"))
    yield from (Case("{{%s(%s)}}" % (t, a), {"c": "n", "d": "m"}) for t in ("table", "TABLE") for a in ("c", "'a'", "'ws.ds'", "c + '_' + d", "", "none", "'a_' + c"))
    yield Case("{{column(c, 'x') + 'y'}}")
    yield Case("{% for c in ['a', 'b'] %}{{column(c)}},{% end %}")
    yield Case("{% set c2 = column(c, 'x') %}{{c2}}")
    yield Case("ORDER BY {{column(order, 'ts')}} {% if dir_ == 'desc' %}DESC{% end %}", {"order": "n", "dir_": "desc"})
    yield Case("{{table(c)}}", {"c": "t; DROP TABLE x"})
    yield Case("{{columns(c, 'a', 'sum')}}", {"c": "x FROM y --"})
    yield Case("{{columns(c, 'a', f)}}", {"f": "sum(1), any"})
    yield Case("{{columns(c, 'a')}}", {"c": ["a", "b"]})
    yield Case("{{column(c, 'a')}}", {"c": ["a", "b"]})


def helpers():
    ops = ["", "__in", "__not_in", "__gt", "__lt", "__gte", "__lte", "__like", "__eq", "__"]
    values = ["Int32(a, 1)", "String(s, 'x')", "s", "Array(l, 'Int32', '1,2')", "None", "5", "'t'", "[1,2]", "column(c, 'z')", "a.b", "True"]
    yield from (Case("{{sql_and(k%s=%s)}}" % (op, value), {"s": "it's"}) for op in ops for value in values[:6])
    yield from (Case("{{sql_and(k=%s)}}" % value) for value in values)
    yield Case("{{sql_and()}}")
    yield Case("{{sql_and(a=Int32(x, 1), b__in=Array(y), c=z)}}", {"y": "x,y"})
    yield Case("{{sql_and(a=Int32(x, defined=False), b=String(y, defined=False))}}")
    yield Case("WHERE 1 {% if defined(x) %}AND {{sql_and(a_b=x, a__b__gt=x)}}{% end %}", {"x": "5"})
    yield Case("{{sql_and(5)}}")
    yield from (Case("{{split_to_array(l)}}", {"l": text}) for text in FEW_TEXTS + ["a, b ,c", ",,", " "])
    yield from (Case("{{split_to_array(%s)}}" % a, {"l": "a|b, c"}) for a in ("l, ''", "l, 'd', '|'", "l, separator='|'", "l, '', 'xx'", "m, 'p,q'", "m", "m, default='x'", "'a,b'", "m, ['x']", "l, '', ''", "5", "m, None"))
    yield from (Case("{{%s}}" % e, {"l": "a,b"}) for e in ("enumerate_with_last([1, 2])", "enumerate_with_last([])", "enumerate_with_last(split_to_array(l))", "enumerate_with_last('ab')", "enumerate_with_last(m)", "enumerate_with_last()"))
    yield Case("{% for last, x in enumerate_with_last(split_to_array(l, 'a,b')) %}{{symbol(x)}}{% if not last %},{% end %}{% end %}")
    yield Case("{% for last, x in enumerate_with_last(Array(l, 'String', 'a,b')) %}{{x}}{% end %}")
    yield Case("{{','.join(split_to_array(l, 'a, b'))}}")
    yield Case("{% for x in split_to_array(l, 'a,b') %}{% if x in ['a'] %}{{column(x)}}{% end %}{% end %}")
    yield from (Case("{% if " + c + " %}y{% else %}n{% end %}", v) for c, v in itertools.product(
        ["defined(a)", "not defined(a)", "defined(a) and a != ''", "defined()", "defined(Int32(a, 5))", "defined({{Int32(a)}})", "defined(String(a, defined=False))", "defined(x=a)", "defined(None)", "defined('a')", "a", "a is None", "a is not None", "defined(a) or defined(b)", "defined(a) and defined(b)"],
        [{}, {"a": ""}, {"a": "5"}, {"a": "x", "b": "y"}]))
    yield Case("{% set a = 1 %}{% if defined(a) %}y{% end %}")
    yield Case("{% set a = None %}{% if defined(a) %}y{% end %}")
    yield from (Case("{{%s}}" % e) for e in ("error('no')", "error(5)", "error()", "custom_error('gone', 410)", "custom_error({'error': 'x'}, 403)", "custom_error('plain')", "custom_error(5, 404)", "custom_error([1, 'a'], 422)", "custom_error('x', code=429)", "custom_error()", "error('it\\'s')", "error('x', 404)", "custom_error({'a': [1, None, True, 1.5, {'b': 'c'}]}, 400)"))
    yield Case("{% if not defined(a) %}{{error('a is needed')}}{% end %}")
    yield Case("{% if not defined(a) %}{{error('a (' + b + ') is needed')}}{% end %}", {"b": "x"})
    yield Case("{{max_threads(4)}}SELECT 1")


def date_diffs():
    days = [("2024-03-01", "2024-02-01"), ("2024-02-01", "2024-03-01"), ("2024-01-01", "2024-01-01"), ("x", "2024-01-01"), ("", ""), ("2024-1-1", "2024-1-2"), ("2024-02-30", "2024-01-01"), ("2024-01-01 00:00:00", "2024-01-02 00:00:00"), ("2024-01-01T00:00:00", "2024-01-02T10:20:30"), ("2024-01-01 23:59:59", "2024-01-03 00:00:00"), ("2019-12-31", "2024-02-29")]
    functions = ["day_diff", "date_diff_in_days", "date_diff_in_hours", "date_diff_in_minutes", "date_diff_in_seconds"]
    yield from (Case("{{%s(a, b)}}" % f, {"a": a, "b": b}) for f in functions for a, b in days)
    for f in functions[1:]:
        yield Case("{{%s(a, b, '%%Y/%%m/%%d')}}" % f, {"a": "2024/01/01", "b": "2024/01/05"})
        yield Case("{{%s(a, b, date_format='%%d.%%m.%%Y %%H:%%M')}}" % f, {"a": "01.02.2024 10:00", "b": "03.02.2024 12:30"})
        yield Case("{{%s(a, b, '%%Y-%%m-%%d', backup_date_format='%%Y-%%m-%%dT%%H:%%M:%%S')}}" % f, {"a": "2024-01-01T00:00:10", "b": "2024-01-02"})
        yield Case("{{%s(a, b, '%%Y-%%m-%%d %%H:%%M:%%S.%%f')}}" % f, {"a": "2024-01-01 00:00:10.5", "b": "2024-01-02 00:00:10.25"})
        yield Case("{{%s(a, b, none_if_error=True)}}" % f, {"a": "x", "b": "y"})
        yield Case("{%% if %s(a, b, none_if_error=True) is None %%}none{%% end %%}" % f, {"a": "x", "b": "y"})
        yield Case("{{%s(a, b, default=5)}}" % f, {"a": "x", "b": "y"})
        yield Case("{{%s(a, b)}}" % f)
        yield Case("{{%s(a)}}" % f, {"a": "2024-01-01"})
        yield Case("{{%s(Date(a), Date(b))}}" % f, {"a": "2024-01-01", "b": "2024-01-02"})
        yield Case("{{%s(DateTime(a), DateTime(b, '2024-01-01 00:00:00'))}}" % f, {"a": "2024-01-01 10:00:00"})
        yield Case("{%% if %s(DateTime(a, '2024-01-01 00:00:00'), DateTime(b, '2024-05-01 00:00:00'), '%%Y-%%m-%%d %%H:%%M:%%S') > 30 %%}long{%% else %%}short{%% end %%}" % f)
        yield Case("{{%s(a, b, '%%Q')}}" % f, {"a": "x", "b": "y"})
        yield Case("{{%s(a, b, '%%y %%b %%d %%p %%I')}}" % f, {"a": "24 Jan 01 AM 10", "b": "24 Feb 01 PM 11"})
        yield Case("{{%s(a, b, '%%Y-%%m-%%dT%%H:%%M:%%S%%z')}}" % f, {"a": "2024-01-01T00:00:00+0200", "b": "2024-01-01T00:00:00Z"})
        yield Case("{{%s(a, b, '%%Y-%%j')}}" % f, {"a": "2024-001", "b": "2024-366"})
    yield Case("{{day_diff(a, b) + 1}}", {"a": "2024-01-01", "b": "2024-01-02"})
    yield Case("{{day_diff(a)}}", {"a": "2024-01-01"})
    yield Case("{{day_diff(a, b, default=3)}}", {"a": "x", "b": "y"})
    yield Case("{{day_diff('2024-01-01', '2024-01-11')}}")


def directives():
    forms = ["max_threads", "cache_ttl", "backend_hint", "activate", "disable"]
    values = ["4", "'4'", "'x'", "None", "False", "True", "'5m'", "'1h'", "'5s'", "'1m'", "'30m'", "'2m'", "'analyzer'", "'parallel_replicas'", "'optimize_aggregation_in_order'", "''", "v", "Int32(n, 2)", "1.5", "-1", "'a\\nb'", ""]
    yield from (Case("{{%s(%s)}}SELECT 1" % (form, value), {"v": "x"}) for form in forms for value in values)
    yield Case("{{activate('analyzer')}}{{activate('parallel_replicas')}}{{disable('analyzer')}}SELECT 1")
    yield Case("{{max_threads(Int32(n, 2))}}{{cache_ttl('5m')}}SELECT {{Int32(n, 2)}}")


def secrets():
    forms = ["tb_secret('k')", "tb_var('k')", "tb_secret('k', 'd')", "tb_secret('k', '')", "tb_secret('k', default='it\\'s')", "tb_secret('k', 5)", "tb_secret('other')", "tb_secret('other', 'd')", "tb_secret()", "tb_secret('with space')", "tb_secret('')", "tb_secret('k' + '')", "tb_secret('k', None)"]
    yield from (Case("SELECT {{%s}}" % form, {}, names) for form in forms for names in ([], ["k"], ["other", "with space"]))
    yield Case("{{tb_secret('k')}}", {"k": "from the request"})
    yield Case("{{tb_secret(n)}}", {"n": "k"}, ["k"])
    yield Case("{{tb_secret(k)}}", {}, ["k"])
    yield Case("{% set s = tb_secret('k') %}{{s}}", {}, ["k"])
    yield Case("{% if tb_secret('k', '') == '' %}none{% else %}some{% end %}")
    yield Case("url({{tb_secret('k')}}, {{tb_secret('other')}})", {}, ["k", "other"])


SHOWN = ["texts", "numbers", "booleans", "dates", "arrays", "json", "identifiers", "helpers", "date_diffs", "directives", "secrets"]


# What is known to differ, and needs no second case.
SHOWN_ONCE = ("UUID(", "type='Int32'", "JSON(j, '[]', description", "lambda", "{% set r = range(3) %}", "Boolean(b, 1, d",
              "SELECT '{{", "'%{{v")


def checks(groups):
    """Templates of the other groups as a deployment checks them: each once, without values."""
    seen = set()
    for case in groups:
        # the reference engine adds a line number to the errors of a template that has a parameter named x
        is_new = case.template not in seen and not any(part in case.template for part in SHOWN_ONCE)
        if is_new and "{{x" not in case.template:
            seen.add(case.template)
            yield Case(case.template, {}, case.secrets, check=True)


def unique(cases):
    seen = set()
    for case in cases:
        key = repr(case)
        if key not in seen:
            seen.add(key)
            yield case


def groups():
    """The groups, each a name and its cases, in the same order on every run."""
    made = {name: list(unique(globals()[name]())) for name in SHOWN}
    made["python"] = [Case(*case) for case in template_python.expressions()]
    made["blocks"] = [Case(*case) for case in template_python.blocks()]
    made["tags"] = [Case(*case) for case in template_python.tags()]
    made["endpoints"] = [Case(*case) for case in template_endpoints.endpoints(random.Random(20260101), 650)]
    # of the long group of Python's operators every fourth is enough
    every = [case for name, cases in made.items() for case in cases[:: 4 if name == "python" else 1] if name != "tags"]
    made["checks"] = list(checks(every))
    return [(name, list(unique(cases))) for name, cases in made.items()]
