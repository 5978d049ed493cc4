"""Cases of the Python that templates may use: expressions, blocks and the tags around them.

Each case is (template, variables)."""

import itertools
import re


def expressions():
    """`{{ }}` allows a list of forms; `{% %}` nearly everything. Both are asked for each expression."""
    for expression in EXPRESSIONS:
        yield "{{" + expression + "}}", VALUES
        yield "{% set r = " + expression + " %}{{r}}", VALUES
    for condition in CONDITIONS:
        yield "{% if " + condition + " %}y{% else %}n{% end %}", VALUES
    for method in TEXT_METHODS:
        yield "{% set r = " + method + " %}{{r}}", VALUES
    for call in CALLS:
        yield "{{" + call + "}}", VALUES
        yield "{% set r = " + call + " %}{{r}}", VALUES
    for left, op, right in itertools.product(OPERANDS, ("+", "-", "*", "/", "//", "%", "**"), OPERANDS):
        yield "{% set r = " + f"{left} {op} {right}" + " %}{{r}}", VALUES
    for left, op, right in itertools.product(OPERANDS, ("==", "<", ">=", "in", "is"), OPERANDS):
        yield "{% if " + f"{left} {op} {right}" + " %}y{% else %}n{% end %}", VALUES


VALUES = {"s": "hello", "n": "7", "e": "", "l": "a,b,c", "z": "it's"}

OPERANDS = ["5", "-2", "2.5", "'x'", "s", "[1, 2]", "None", "True", "Int32(n)"]

EXPRESSIONS = [
    "4 * 2 - 1", "1 + 2 * 3", "(1 + 2) * 3", "-3", "--3", "+3", "not 1", "not s", "1.5 + 1", "1e3 * 2", "0.1 + 0.2", "1e16", "1e15 + 0.5",
    "100000000000000000000", "2 - 5", "7 // 2", "7 % 3", "2 ** 8", "7 / 2", "1 if s else 2", "'a' if not s else 'b'", "None", "True", "False",
    "[]", "[1]", "[1, 2.0, 'x', None, True]", "[[1], [2, 'a']]", "(1, 2)", "(1,)", "()", "{}", "{'a': 1}", "{'a': [1, {'b': 'c'}]}",
    "[s, n]", "s[0]", "s[-1]", "s[1:3]", "s[:2]", "s[2:]", "s[::-1]", "s[10:]", "s[10]", "s[1:4:2]", "e[0]", "[1, 2, 3][1]", "[1, 2, 3][-1]",
    "[1, 2, 3][5]", "[1, 2, 3][0:2]", "(1, 2)[0]", "{'a': 1}['a']", "{'a': 1}['b']", "{1: 'x'}[1]", "s['a']", "s[0][0]", "s + n", "s + 'x' + n",
    "s * 2", "2 * s", "[0] * 3", "[1] + [2]", "(1,) + (2,)", "s + 1", "1 + s", "[1] + 'a'", "s - 1", "s == 'hello'", "1 < 2", "s and n", "s or n",
    "1 < 2 < 3", "'a' in s", "s.upper()", "s.lower()", "s.split('l')", "s.split()", "l.split(',')", "l.split(',', 1)", "l.split(',')[1]", "l.replace(',', ';')",
    "l.replace(',', ';', 1)", "','.join(['a', 'b'])", "','.join([])", "','.join([1])", "','.join(s)", "{'a': 1}.get('a')", "{'a': 1}.get('b')",
    "{'a': 1}.get('b', 'd')", "s.get('a')", "n.foo()", "s.split", "s.__class__", "__builtins__", "(lambda: 1)", "[x for x in s]", "f'{s}'", "f'{s}-{n}'",
    "f'{s!r}'", "f'{1 + 1}'", "f'{n:>5}'", "f'a' 'b'", "'a' 'b'", "len(s)", "len([1, 2])", "len(5)", "len()", "max(1, 2)", "max([1, 3, 2])", "max('a', 'b')",
    "max(1, 'a')", "max([])", "min(3, 2)", "min([4])", "int('5')", "int('x')", "int(2.7)", "int(n) + 1", "float('1.5')", "float('x')", "float(n)", "list('ab')", "list()",
    "list((1, 2))", "int(None)", "float(None)", "min(s)", "max(s)", "len(l.split(','))", "sum([1, 2])", "abs(-1)", "str(5)", "range(3)", "sorted([2, 1])",
    "foo(1)", "eval('1')", "print(1)", "open('x')", "s.format(1)", "missing", "missing + 'a'", "missing[0]", "missing.get('a')", "len(missing)", "int(s)",
    "String(s).split('l')", "String(missing, 'a,b').split(',')[1]", "Int32(n) + Int32(n)", "Int32(n) * 2.5", "Int32(n) - 10", "-Int32(n)", "Float64(n) + 1", "Float64(n) * Int32(n)",
    "[Int32(n), String(s)]", "{'a': Int32(n)}", "max(Int32(n), 10)", "max(Int32(n), 3)", "min(Int32(n), 100)", "max(Int32(n), Int64(n, 3))", "int(Int32(n))", "float(Int32(n))", "len(String(s))", "String(n) * Int32(n)",
    "Int32(n) if defined(n) else 0", "Int32(int(n) + 1)", "Int32(n, 1)[0]", "column(s) + 'x'", "String(s)[0]", "String(Int32(n))", "Int32(String(n))", "Float64(Int32(n))", "String(5 + 5)", "Int32(n + n)",
    "[z]", "[\"a\\\"b\"]", "['100%', 'a`b', 'c\\\\d', 'e\\nf']", "['é', '日', '\\x00\\x1a\\x7f']", "1_000", "0x10", "0b11", "0o17", "a b", "1 +", "(1", "'x", "s[", "f(", "x = 1", "x := 1", "1; 2", "!", "$x", "s s", "1a", "5 if 1",
]

CONDITIONS = [
    "s == 'hello'", "s != 'hello'", "n > 5", "n == 7", "n == '7'", "Int32(n) > 5", "Int32(n) == 7", "1 < 2 < 3", "3 > 2 > 2", "1 == 1.0", "True == 1", "s and n", "s and e", "e or n", "not e", "not (s and e)",
    "s in ['hello', 'x']", "s not in ['a']", "'ell' in s", "'z' not in s", "1 in [1, 2]", "1 in {'a': 1}", "'a' in {'a': 1}", "5 in s", "s in 5", "s is None", "missing is None", "missing is not None", "missing == None", "missing != ''",
    "missing", "not missing", "missing > 5", "missing == 'x'", "e == ''", "e", "[]", "[0]", "{}", "0", "0.0", "'0'", "''", "None", "len(s) > 3 and len(s) < 10", "s.startswith('he')", "s.endswith(('lo', 'x'))", "n.isdigit()", "s.isdigit()",
    "isinstance(s, str)", "isinstance(Int32(n), int)", "isinstance(1.5, float)", "isinstance([1], (list, tuple))", "isinstance(None, str)", "any([0, 1])", "all([1, 0])", "all([])", "bool('x')", "any(x == 'a' for x in l.split(','))", "all([len(x) == 1 for x in l.split(',')])",
    "s < 'i'", "[1, 2] < [1, 3]", "(1, 'a') == (1, 'a')", "[1] == (1,)", "[1, 2] == [1, 2]", "{'a': 1} == {'a': 1}", "1 if s else 0", "defined(s) and String(s) == 'hello'", "defined(missing) and missing == 1", "s == \"hello\"", "s=='hello'and n=='7'", "(s, n) == ('hello', '7')",
    "Boolean(missing, 1)", "Boolean(n)", "not Boolean(missing, 'false')", "s[0] == 'h'", "s[0:2] == 'he'", "int(n) % 2 == 1", "int(n) // 2 == 3", "float(n) / 2 > 3", "s.upper() == 'HELLO'", "n < 10", "10 > n", "s > None", "[1] > 2", "{} < {}", "None < 1", "s is s", "1 is 1", "true", "false", "true == 1",
    "s == 'a' if n else 'b'", "s in l", "l.count(',') == 2", "foo(1)", "s(1)", "5(1)", "s.nope()", "missing.split(',')", "s ==", "== s", "s = 'x'", "(s", "s)", "if s", "s; n", "s and", "lambda x: x",
    "__import__('os')", "s.__class__", "s.format('x')", "eval('1')", "getattr(s, 'x')", "print(s)", "open('f')", "s._x", "type(s)", "[x for x in 'ab' if x == 'a']", "sum([1, 2]) == 3", "max(n, '5') == '7'", "sorted([3, 1])[0] == 1",
]

TEXT_METHODS = [
    "s.upper()", "s.lower()", "s.capitalize()", "s.title()", "'a b'.title()", "' x '.strip()", "'xxaxx'.strip('x')", "' x '.lstrip()", "' x '.rstrip()", "'abc'.rstrip('c')", "s.find('l')", "s.find('z')", "s.index('l')", "s.index('z')", "s.rfind('l')", "s.count('l')", "s.startswith('h')", "s.endswith('o')",
    "s.startswith(('a', 'h'))", "s.startswith(5)", "s.isdigit()", "n.isdigit()", "s.isalpha()", "s.isalnum()", "n.isnumeric()", "'1.5'.isdigit()", "s.isupper()", "s.islower()", "' '.isspace()", "s.split('l', 1)", "s.rsplit('l', 1)", "s.split('')", "' a  b '.split()", "' a  b '.split(None, 1)", "s.partition('l')", "s.rpartition('l')", "'a\\nb'.splitlines()", "s.replace('l', 'L', 1)", "s.replace('', '-')", "s.zfill(8)", "n.zfill(3)",
    "s.ljust(8, '.')", "s.rjust(8)", "s.center(9, '*')", "s.swapcase()", "s.casefold()", "s.removeprefix('he')", "s.removesuffix('lo')", "'-'.join(s)", "'-'.join(x for x in s)", "'-'.join([x.upper() for x in s])", "'-'.join(reversed(s))", "'-'.join(sorted(s))", "'-'.join({'a': 1})", "s.join", "s.nope()", "s.upper(1)", "s.replace('l')", "s.split(5)", "[1, 2].index(2)", "[1, 2].index(5)", "[1, 1].count(1)", "[1].append(2)", "[3, 1].sort()",
    "list({'a': 1}.keys())", "list({'a': 1}.values())", "list({'a': 1, 'b': 2}.items())", "{'a': 1}.get('x', [])", "sorted({'b': 1, 'a': 2})", "'é'.upper()", "'ß'.upper()", "'x'.join(['a', None])", "[1].upper()", "(5).upper()", "None.upper()", "True.upper()", "s.strip().upper().lower()",
]

CALLS = [
    "range(3)", "list(range(3))", "list(range(1, 10, 3))", "list(range(3, 0, -1))", "range(1, 2, 0)", "list(range('a'))", "sum([1, 2, 3])", "sum([1.5, 2])", "sum([])", "sum(['a'])", "sum([1], 10)", "abs(-5)", "abs(-5.5)", "abs('x')", "round(2.5)", "round(3.5)", "round(2.675, 2)", "round(7)", "round(12.345, 1)", "round('x')", "str(5)", "str(1.0)", "str(None)", "str([1, 'a'])", "str(s)", "str(True)", "str()", "int()", "int(5.9)", "int(-5.9)", "int('  7 ')", "int('7.5')", "int('0x1f', 16)", "int('11', 2)", "int([])", "float()", "float('inf')",
    "float('1e5')", "float(' 2 ')", "float([])", "bool()", "bool('')", "bool([0])", "list('abc')", "list({'a': 1})", "list(5)", "tuple([1, 2])", "tuple('ab')", "dict()", "dict(a=1, b='x')", "dict([('a', 1)])", "sorted([3, 1, 2])", "sorted(['b', 'a'])", "sorted([3, 1], reverse=True)", "sorted([1, 'a'])", "sorted('bca')", "list(reversed([1, 2]))", "list(reversed('ab'))", "list(enumerate(['a', 'b']))", "list(enumerate('ab', 1))", "list(enumerate('ab', start=5))", "list(zip([1, 2], ['a', 'b']))", "list(zip([1], [2, 3]))", "list(zip())", "any([])",
    "all([1, 2])", "min(1, 2, 0)", "min('b', 'a')", "min([2, 1])", "max([1, 5, 3])", "max(1.5, 1)", "max('abc')", "max([], default=0)", "max()", "min([[2], [1]])", "len('héllo')", "len({})", "len((1, 2))", "len(1.5)", "isinstance(5, int)", "isinstance(True, int)", "list(map(str, [1]))", "[str(x) for x in [1, 2]]", "[x * 2 for x in range(3)]", "[x for x in 'abc' if x != 'b']", "{x: 1 for x in 'ab'}", "[a + b for a, b in [('x', 'y')]]", "[x for x in [1, 2] if x > 1 if x < 3]", "[[y for y in x] for x in ['ab', 'c']]", "sum(x for x in [1, 2])", "','.join([str(x) for x in [1, 2]])", "list(filter(None, [0, 1]))",
    "ord('a')", "chr(97)", "divmod(7, 2)", "pow(2, 3)", "repr('a')", "type(5)", "dir()", "id", "len(set([1, 1]))", "sorted(set(['b', 'a', 'b']))", "x", "max", "vars()", "any(1)", "all(None)", "zip(5)", "enumerate(5)", "sorted(5)", "sum('ab')", "abs()", "round()", "len('a', 'b')", "str(1, 2, 3, 4)", "int('5', 99)", "min(5)", "range()", "range(1, 2, 3, 4)",
]


def blocks():
    v = {"a": "1", "b": "x,y", "c": "it's"}
    for body in BLOCKS:
        yield body, v
        if re.search(r"\b[abc]\b", re.sub(r"'[^']*'", "", body)):
            yield body, {}


BLOCKS = [
    "{% if a == '1' %}x{% elif a == '2' %}y{% else %}z{% end %}", "{% if a %}{% if b %}both{% end %}{% end %}", "{% if a %}{% end %}", "{% if a %}{% else %}{% end %}", "{% if not a %}x{% end %}y",
    "{% if a == '2' %}x{% elif a == '1' %}{% if b %}q{% else %}r{% end %}{% end %}", "{% if a %}x{% else %}y{% else %}z{% end %}", "{% if a %}x{% else %}y{% elif b %}z{% end %}", "{% for x in b.split(',') %}{{x}}{% end %}", "{% for x in [] %}x{% else %}none{% end %}", "{% for x in [1, 2] %}{{x}}{% else %}done{% end %}",
    "{% for x in [1, 2, 3] %}{% if x == 2 %}{% continue %}{% end %}{{x}}{% end %}", "{% for x in [1, 2, 3] %}{% if x == 2 %}{% break %}{% end %}{{x}}{% else %}none{% end %}", "{% for x, y in [(1, 2), (3, 4)] %}{{x}}-{{y}};{% end %}", "{% for x, (y, z) in [(1, (2, 3))] %}{{x}}{{y}}{{z}}{% end %}", "{% for (x, y) in [(1, 2)] %}{{x}}{{y}}{% end %}", "{% for x, y in [(1, 2, 3)] %}{% end %}", "{% for x, y in [1] %}{% end %}", "{% for x, y in ['ab'] %}{{x}}{{y}}{% end %}",
    "{% for i, x in enumerate(['p', 'q']) %}{{i}}{{x}}{% end %}", "{% for k, v in {'a': 1}.items() %}{{k}}{{v}}{% end %}", "{% for k in {'a': 1, 'b': 2} %}{{k}}{% end %}", "{% for x in range(3) %}{% for y in range(x) %}{{x}}{{y}},{% end %}{% end %}", "{% for x in 5 %}{% end %}", "{% for x in None %}{% end %}", "{% for x in missing %}{{x}}{% end %}", "{% for x in 'ab' %}{{x}}{% end %}{{x}}", "{% for x in [1] %}{% set y = x %}{% end %}{{y}}", "{% for x in [] %}{% set y = x %}{% end %}{{y}}",
    "{% set i = 0 %}{% while i < 3 %}{{i}}{% set i += 1 %}{% end %}", "{% set i = 0 %}{% while True %}{% set i = i + 1 %}{% if i > 3 %}{% break %}{% end %}{{i}}{% end %}", "{% while False %}{% else %}e{% end %}", "{% set i = 3 %}{% while i %}{% set i -= 1 %}{% if i == 1 %}{% continue %}{% end %}{{i}}{% end %}",
    "{% set x = 1 %}{{x}}", "{% set x = '1' %}{{x}}", "{% set x = a %}{{x}}", "{% set x = missing %}{{x}}", "{% set x, y = 1, 2 %}{{x}}{{y}}", "{% set (x, y) = (1, 2) %}{{x}}{{y}}", "{% set x = y = 3 %}{{x}}{{y}}", "{% set x, y = [1] %}", "{% set x, y = 5 %}", "{% set x = 1, 2 %}{{x}}", "{% set x = [] %}{% set x.append(1) %}{% set x.append('q') %}{{x}}",
    "{% set x = [1] %}{% set x.extend([2, 3]) %}{{x}}", "{% set x = [1, 2] %}{% set x.pop() %}{{x}}", "{% set x = [3, 1] %}{% set x.sort() %}{{x}}", "{% set x = [1, 2] %}{% set x.reverse() %}{{x}}", "{% set x = [1, 2] %}{% set x.insert(0, 9) %}{{x}}", "{% set x = [1, 2] %}{% set x.remove(1) %}{{x}}", "{% set x = {} %}{% set x.update({'a': 1}) %}{{x}}", "{% set x = {} %}{% set x['k'] = 'v' %}{{x}}", "{% set x = [1, 2] %}{% set x[0] = 5 %}{{x}}", "{% set x = {'a': {}} %}{% set x['a']['b'] = 1 %}{{x}}", "{% set x = [1] %}{% set y = x %}{% set y.append(2) %}{{x}}",
    "{% set x = {'a': [1]} %}{% set x['a'].append(2) %}{{x}}", "{% set x = 5 %}{% set x += 1 %}{% set x *= 2 %}{% set x -= 2 %}{{x}}", "{% set x = 7 %}{% set x //= 2 %}{{x}}", "{% set x = 7 %}{% set x /= 2 %}{{x}}", "{% set x = 7 %}{% set x %= 4 %}{{x}}", "{% set x = 2 %}{% set x **= 3 %}{{x}}", "{% set x = 'a' %}{% set x += 'b' %}{{x}}", "{% set x = [1] %}{% set x += [2] %}{{x}}", "{% set x += 1 %}{{x}}", "{% set a = a %}{{a}}", "{% set a = String(a, 'd') %}{{a}}", "{{a}}{% set a = 5 %}{{a}}", "{% if a %}{% set y = 1 %}{% end %}{{y}}",
    "{% if a %}{% set y = 1 %}{% else %}{% set y = 2 %}{% end %}{{y}}", "{% set y = Int32(a, 2) %}{{y}} {{y + 1}}", "{% set y = Int32(a, 2) + 1 %}{{y}}", "{% set y = [Int32(a, 2)] %}{{y}} {{y[0]}}", "{% set y = String(c, 'd') %}{% if y == 'd' %}default{% else %}{{y}}{% end %}", "{% set y = column(c, 'd') %}{{y}}", "{% set y = c %}{% set w = y %}{{w}}", "{% set y = 'a' if a else 'b' %}{{y}}", "{% set y = a == '1' %}{{y}}", "{% set y = not a %}{{y}}", "{% set y = None %}{{y}}", "{% set y = {'p': 'q'}.get(b, 'none') %}{{y}}",
    "{% try %}{{Int32(missing)}}{% except %}fallback{% end %}", "{% try %}{{Int32(missing)}}{% except %}f{% finally %}g{% end %}", "{% try %}ok{% except %}f{% else %}e{% finally %}g{% end %}", "{% try %}{{missing}}{% except Exception as e %}{{str(e)}}{% end %}", "{% try %}{% set x = 1 / 0 %}{% except ZeroDivisionError %}zero{% end %}", "{% try %}{% set x = int('q') %}{% except ValueError as e %}{% set m = str(e) %}{{m}}{% end %}", "{% try %}{% set x = {}['k'] %}{% except KeyError as e %}{% set m = str(e) %}{{m}}{% end %}", "{% try %}{% set x = [][1] %}{% except IndexError %}i{% end %}", "{% try %}{% set x = [][1] %}{% except KeyError %}k{% end %}",
    "{% try %}{% set x = [][1] %}{% except KeyError %}k{% except IndexError %}i{% end %}", "{% try %}{% set x = [][1] %}{% except (KeyError, IndexError) %}b{% end %}", "{% try %}{{error('x')}}{% except ValueError %}v{% end %}", "{% try %}{{custom_error('x', 403)}}{% except %}v{% end %}", "{% try %}{% set x = 'a' + 1 %}{% except TypeError as e %}{% set m = str(e) %}{{m}}{% end %}", "{% try %}{% set x = 'a'.nope() %}{% except AttributeError %}t{% end %}", "{% try %}{{Date(b)}}{% except %}now(){% end %}", "{% try %}a{% finally %}b{% end %}", "{% try %}{{Int32(b)}}{% finally %}b{% end %}",
    "{% try %}{% for x in [1, 2] %}{{x}}{% set y = 1 / (2 - x) %}{% end %}{% except %}!{% end %}", "{% try %}{% try %}{{Int32(b)}}{% except KeyError %}k{% end %}{% except %}outer{% end %}", "{% for x in [1] %}{% try %}{% break %}{% finally %}f{% end %}{% end %}", "{% try %}{% except %}x{% end %}", "{% try %}x{% end %}", "{% try %}{{a}}{% except Nope %}x{% end %}", "{% try %}{{1/0}}{% except %}x{% end %}",
    "{% if a %}x{% elif %}y{% end %}", "{% if %}x{% end %}", "{% for x %}y{% end %}", "{% for x in %}y{% end %}", "{% for 5 in [1] %}y{% end %}", "{% while %}x{% end %}", "{% set %}", "{% set x %}", "{% set 5 = x %}", "{% set x = 1; y = 2 %}", "{% set x == 1 %}", "{% set import os %}", "{% set x: int = 5 %}{{x}}", "{% set len(a) %}", "{% set [x, y] = [1, 2] %}{{x}}{{y}}", "{% set x, *y = [1, 2, 3] %}{{x}}{{y}}", "{% if a: %}x{% end %}", "{% else if a %}x{% end %}", "{% if a %}x{% else if b %}y{% end %}",
]


def tags():
    for template in TAGS:
        yield template, {"a": "1", "s": "x"}


TAGS = [
    "plain", "", "{", "}", "{ {", "}}", "%}", "#}", "{}", "a{b}c", "{{!a}}", "{{! a }} {%! b %} {#! c #}", "{{{a}}}", "{{{{a}}}}", "{ {a} }", "{{a}}{{s}}", "{{ a }}", "{{a }}", "{{\na\n}}", "{{\ta}}", "x{{a}}y{{s}}z", "{{a", "{{a}", "{{ {% a }}", "{{}}", "{{ }}", "{%%}", "{% %}", "{% if a", "{% if a %}x", "x{% end %}", "x{% if a %}\n\n{% if s %}", "line\n{% for x in [1] %}\n y", "{% if a %}{% for x in a %}{% end %}",
    "{% else %}", "{% elif a %}", "{% except %}", "{% finally %}", "{% break %}", "{% continue %}", "{% if a %}{% break %}{% end %}", "{% for x in [1] %}{% elif a %}{% end %}", "{% for x in [1] %}{% except %}{% end %}", "{% while 0 %}{% finally %}{% end %}", "{% endif %}", "{% if a %}x{% endif %}", "{% iff a %}", "{% foo %}", "{% foo bar %}", "\n\n{% foo %}", "{% import os %}", "{% from os import path %}", "{% include 'x' %}", "{% extends 'x' %}", "{% block x %}{% end %}", "{% apply f %}x{% end %}",
    "{% raw a %}", "{% module a %}", "{% autoescape None %}", "{% comment hi %}x", "{% comment %}x", "{% comment }} {{ %}x", "{# c #}x", "{# {{a}} #}x", "{#x", "{# a\nb #}y", "a{##}b", "{% whitespace all %} a  b\n\n c", "{% whitespace single %} a  b\n\n c", "{% whitespace oneline %} a  b\n\n c", "{% whitespace nope %}x", "{% whitespace %}x", "a  b{% whitespace single %}a  b", "-- {{a}}\nSELECT 1", "/* {{a}} */", "-- {{missing}}", "'text'", "SELECT '{{! not }}'", "%", "100%", "a % b", "{%if a%}x{%end%}", "{%if(a)%}x{%end%}", "{% if  a  %}x{%  end  %}", "{%\nif a\n%}x{% end %}", "{% end x %}", "{% if a %}x{% end if %}",
    "{% if a %}x{% end %}{% end %}", "{{ a }}{% if a %}{{ s }}{% end %}\n", "{{a b}}", "{{a.}}", "{{a,s}}", "{{a;s}}", "{{import os}}", "{{from x}}", "{{fromage}}", "{{a}} {{from_date}}", "{{format}}", "{{q}}", "{{String(format)}}", "{% if format %}x{% end %}", "{{String(q, 'x')}}", "{{length}}", "{{String(length, 'x')}}", "{{length(a)}}", "{% if length(a) > 1 %}x{% end %}", "{{id}}", "{{String(id, 'x')}}", "{{type}}", "{{String(type, 'x')}}", "{{object}}", "{{dir}}", "{{property}}", "{{String(token, 'x')}}", "{{debug}}", "{{tag}}", "{{pipeline}}", "{{class}}", "{{if}}", "{{None}}", "{{_x}}", "{{__x}}", "{{__x__}}", "{{String(__name__)}}",
    "{% if __x__ %}{% end %}", "{{a # comment\n}}", "{{a}}#", "{% if a # c %}x{% end %}", "{{ 'a' # b }}", "{{\"\"\"x\"\"\"}}", "{{ '}}' }}", "{% if a == '%}' %}x{% end %}", "{{ {'a': {'b': 1}}['a'] }}", "{{ \"it's\" }}", "{{ '\"' }}", "<pre>{% whitespace oneline %}<pre> a  b", "é{{a}}日", "{{é}}", "{{String(é, 'x')}}", "{{a}}\r\n{{s}}", "\t{{a}}\t", "{{String(a,\n  'x',\n  description='y')}}", "{% if defined(a) and\n a == '1' %}x{% end %}", "{{ String(a) }}{{ String(a)}}", "{{String (a)}}", "{{ a [0] }}", "{{ (a) }}", "{{ ((a)) }}", "{{String(a)(s)}}", "{{a(1)}}", "{{5(1)}}", "{{[1](1)}}", "{{String(*a)}}", "{{String(**a)}}", "{{String(a, a=1)}}", "{{String(a, nope=1)}}", "{{Int32(a, 1, default=2)}}", "{{String(a, 1, 2, 3, 4, 5, 6, 7, 8, 9)}}",
]
