"""Writes the statements of `tests/data/slt/grid`: every operation over every kind of value, as grids.

    python tests/record/sql_cases.py && python tests/record/sql.py tests/data/slt/grid

The statements are the product of the lists below, always in the same order; what they answer is recorded by
sql.py. Cases with a story are written by hand, in the other folders of tests/data/slt.
"""

import itertools
from pathlib import Path

OUT = Path(__file__).parents[1] / "data" / "slt" / "grid"

WORLD = [
    """CREATE TABLE events (
    id UInt32, at DateTime('UTC'), at64 DateTime64(3, 'UTC'), day Date, user Nullable(UInt16),
    kind LowCardinality(String), name Nullable(String), price Decimal(12, 2), score Nullable(Float64), ok Bool,
    n8 Int8, n64 Int64, tags Array(String), nums Array(Int32), attrs Map(String, String),
    pos Tuple(x Int32, y Float64), ip IPv4, uid UUID
) ENGINE = MergeTree ORDER BY (kind, at, id)""",
    """INSERT INTO events VALUES
    (1, '2024-01-01 00:00:00', '2024-01-01 00:00:00.000', '2024-01-01', 1, 'view', 'ann', 1.50, 0.5, true,
     1, 1, ['a', 'b'], [1, 2, 3], {'k': 'v'}, (1, 1.5), '1.2.3.4', '00000000-0000-0000-0000-000000000001'),
    (2, '2024-01-01 12:34:56', '2024-01-01 12:34:56.789', '2024-01-01', 2, 'view', 'bob', 0.00, NULL, false,
     -1, -1, [], [], {}, (0, 0), '0.0.0.0', '00000000-0000-0000-0000-000000000000'),
    (3, '2024-02-29 23:59:59', '2024-02-29 23:59:59.999', '2024-02-29', NULL, 'click', NULL, 99.99, -1.25, true,
     127, 9223372036854775807, ['a'], [-5], {'k': 'w', 'z': ''}, (-3, -0.5), '255.255.255.255', 'ffffffff-ffff-ffff-ffff-ffffffffffff'),
    (4, '2024-02-29 23:59:59', '2024-02-29 23:59:59.000', '2024-02-29', 1, 'click', '', -0.01, 0, false,
     -128, -9223372036854775808, ['', 'é', 'a'], [0, 0], {'': 'x'}, (7, 1e10), '10.0.0.1', '61f0c404-5cb3-11e7-907b-a6006ad3dba0'),
    (5, '1970-01-01 00:00:00', '1970-01-01 00:00:00.001', '1970-01-01', 65535, '', 'Ann', 1000000.00, 1e300, true,
     0, 0, ['b', 'b', 'b'], [2147483647, -2147483648], {'a': '1', 'b': '2'}, (0, -0.), '127.0.0.1', '61f0c404-5cb3-11e7-907b-a6006ad3dba0'),
    (6, '2038-01-19 03:14:07', '2038-01-19 03:14:07.123', '2038-01-19', 0, 'buy', 'éa漢', 12.34, 0.1, true,
     5, 42, ['x'], [3, 1, 2], {'k': 'v'}, (1, 2.5), '192.168.0.1', '123e4567-e89b-12d3-a456-426614174000'),
    (7, '2024-03-31 02:30:00', '2024-03-31 02:30:00.500', '2024-03-31', 2, 'buy', 'bob', 12.34, 0.1, false,
     5, 42, ['x', 'y'], [10], {'u': 'é'}, (1, 2.5), '192.168.0.1', '123e4567-e89b-12d3-a456-426614174000'),
    (8, '2024-12-31 23:00:00', '2024-12-31 23:00:00.000', '2024-12-31', NULL, 'buy', 'x y  z', -5.55, NULL, true,
     -7, 1000, [], [4, 4, 5], {'k': 'v', 'l': 'm'}, (2, 3), '8.8.8.8', '00000000-0000-0000-0000-000000000001')""",
    "CREATE TABLE users (id UInt16, name String, plan LowCardinality(String), since Date) ENGINE = MergeTree ORDER BY id",
    """INSERT INTO users VALUES (1, 'ann', 'free', '2020-02-29'), (2, 'bob', 'paid', '2021-01-01'),
    (2, 'bob two', 'paid', '2021-06-01'), (3, 'cyd', '', '1970-01-01'), (65535, 'max', 'free', '2149-06-06')""",
    "CREATE TABLE nothing AS events",
]

COLUMNS = "id at at64 day user kind name price score ok n8 n64 tags nums attrs pos ip uid".split()
SCALARS = [column for column in COLUMNS if column not in ("tags", "nums", "attrs", "pos")]

# one literal of each type
VALUES = {
    "UInt8": ["toUInt8(0)", "toUInt8(255)"],
    "Int8": ["toInt8(-128)", "toInt8(7)"],
    "UInt16": ["toUInt16(65535)"],
    "Int16": ["toInt16(-32768)"],
    "UInt32": ["toUInt32(4294967295)"],
    "Int32": ["toInt32(-2147483648)"],
    "UInt64": ["toUInt64(18446744073709551615)"],
    "Int64": ["toInt64(-9223372036854775808)", "toInt64(1700000000)"],
    "Float32": ["toFloat32(1.5)", "toFloat32(-0.1)"],
    "Float64": ["toFloat64(2.75)", "nan", "-inf"],
    "Decimal(9, 2)": ["toDecimal32('12.34', 2)"],
    "Decimal(18, 4)": ["toDecimal64('-99.9999', 4)"],
    "String": ["'12'", "'-1.5'", "'abc'", "''", "'2024-02-29 12:34:56'"],
    "FixedString(3)": ["toFixedString('abc', 3)"],
    "Bool": ["true", "false"],
    "Date": ["toDate('2024-02-29')", "toDate('1970-01-01')"],
    "Date32": ["toDate32('1950-06-01')"],
    "DateTime": ["toDateTime('2024-02-29 12:34:56', 'UTC')"],
    "DateTime64(3)": ["toDateTime64('2024-02-29 12:34:56.789', 3, 'UTC')"],
    "UUID": ["toUUID('61f0c404-5cb3-11e7-907b-a6006ad3dba0')"],
    "IPv4": ["toIPv4('1.2.3.4')"],
    "Enum8": ["CAST('b', 'Enum8(\\'a\\' = 1, \\'b\\' = 2)')"],
    "Nullable(UInt8)": ["toNullable(toUInt8(5))", "CAST(NULL, 'Nullable(UInt8)')"],
    "Nullable(String)": ["toNullable('7')", "CAST(NULL, 'Nullable(String)')"],
    "LowCardinality(String)": ["toLowCardinality('33')"],
    "Array(UInt8)": ["[1, 2]"],
    "Tuple(UInt8, String)": ["(1, 'x')"],
    "Map(String, UInt8)": ["map('a', 1)"],
}

TARGETS = """UInt8 UInt16 UInt32 UInt64 Int8 Int16 Int32 Int64 Float32 Float64 Decimal(9,2) Decimal(38,10) String
FixedString(20) Bool Date Date32 DateTime('UTC') DateTime64(3,'UTC') UUID IPv4 Nullable(Int32) Nullable(String)
LowCardinality(String) Array(String) Tuple(String,String)""".split()

NUMBERS = [
    "toUInt8(200)", "toInt8(-100)", "toUInt16(60000)", "toInt16(-30000)", "toUInt32(4000000000)", "toInt32(-2000000000)",
    "toUInt64(18446744073709551615)", "toInt64(-9223372036854775808)", "toFloat32(1.5)", "toFloat64(-2.5)",
    "toDecimal32('1.5', 1)", "toDecimal64('-2.25', 2)", "toNullable(toUInt8(3))", "true",
]  # fmt: skip

MOMENTS = [
    "toDate('2024-02-29')", "toDate('1970-01-01')", "toDate32('1950-06-15')", "toDateTime('2024-12-31 23:59:59', 'UTC')",
    "toDateTime('2024-03-31 01:30:00', 'Europe/Berlin')", "toDateTime('1970-01-01 00:00:00', 'America/New_York')",
    "toDateTime64('2024-07-04 12:34:56.789', 3, 'UTC')", "toDateTime64('1969-12-31 23:59:59.999', 3, 'Asia/Kolkata')",
    "CAST(NULL, 'Nullable(DateTime)')",
]  # fmt: skip

OF_MOMENT = """toYear toQuarter toMonth toDayOfMonth toDayOfWeek toDayOfYear toHour toMinute toSecond toUnixTimestamp
toYYYYMM toYYYYMMDD toYYYYMMDDhhmmss toISOWeek toISOYear toWeek toYearWeek toMonday toStartOfYear toStartOfISOYear
toStartOfQuarter toStartOfMonth toStartOfWeek toStartOfDay toStartOfHour toStartOfMinute toStartOfSecond
toStartOfFiveMinutes toStartOfTenMinutes toStartOfFifteenMinutes toLastDayOfMonth toLastDayOfWeek toRelativeYearNum
toRelativeMonthNum toRelativeWeekNum toRelativeDayNum toRelativeHourNum toDate toDateTime toDate32 toString toInt64
timeZoneOf toTypeName toTime formatDateTime(X,'%Y-%m-%d_%H:%i:%S') formatDateTime(X,'%a_%b_%e_%y_%j') dateName('month',X)
monthName(X) toTimeZone(X,'Asia/Tokyo') addDays(X,1) addMonths(X,1) addYears(X,-1) addWeeks(X,2) addHours(X,5)
addMinutes(X,-30) addSeconds(X,86399) addQuarters(X,1) subtractDays(X,31) subtractMonths(X,12) subtractYears(X,4)
dateDiff('day',X,toDate('2024-06-01')) dateDiff('month',X,toDate('2024-06-01')) dateDiff('hour',X,toDateTime('2024-06-01',0))
date_trunc('month',X) date_trunc('week',X) date_trunc('hour',X) toStartOfInterval(X,INTERVAL(1)DAY)
toStartOfInterval(X,INTERVAL(3)MONTH) toStartOfInterval(X,INTERVAL(15)MINUTE) X+INTERVAL(1)DAY X-INTERVAL(1)MONTH
X+INTERVAL(90)MINUTE X=X X>toDate('2024-01-01') isNull(X) toUInt32(X) coalesce(X,X) age('day',X,toDate('2024-06-01'))""".split()

TEXTS = ["''", "'a'", "'Hello, World!'", "'éa漢字😀'", "'  pad  '", "'a,b,,c'", "'it\\'s'", "'12.5abc'",
         "'https://user@www.Example.com:8080/path/to/page.html?q=1&r=%20x#frag'", "toFixedString('ab', 4)",
         "CAST(NULL, 'Nullable(String)')", "toLowCardinality('low')"]  # fmt: skip

OF_TEXT = """length lengthUTF8 lower upper lowerUTF8 upperUTF8 reverse reverseUTF8 trim trimLeft trimRight empty notEmpty hex
base64Encode ascii toString toInt32OrNull toInt32OrZero toFloat64OrNull toDateOrNull toUInt8OrDefault domain
domainWithoutWWW protocol path pathFull topLevelDomain cutToFirstSignificantSubdomain queryString fragment
cutQueryString extractURLParameter(X,'q') extractURLParameters decodeURLComponent encodeURLComponent cityHash64
sipHash64 xxHash64 MD5(X) hex(MD5(X)) hex(SHA1(X)) hex(SHA256(X)) crc32 CRC32(X) substring(X,2) substring(X,2,3)
substring(X,-3,2) substringUTF8(X,2,2) left(X,2) right(X,2) position(X,'a') positionCaseInsensitive(X,'A')
positionUTF8(X,'漢') locate('a',X) startsWith(X,'a') endsWith(X,'c') like(X,'%a%') ilike(X,'%A%') match(X,'[a-c]+')
extract(X,'([a-z]+)') extractAll(X,'[a-z]') replaceOne(X,'a','b') replaceAll(X,'a','bb') replaceRegexpOne(X,'[a-z]','<\\0>')
replaceRegexpAll(X,'[a-z]+','#') splitByChar(',',X) splitByString(',',X) splitByRegexp('[,.]',X) splitByWhitespace(X)
concat(X,'!') concat(X,X) X||'z' repeat(X,2) leftPad(X,8,'*') rightPad(X,8) format('{}-{}',X,X) countSubstrings(X,'a')
multiSearchAny(X,['a','b']) hasToken(X,'path') appendTrailingCharIfAbsent(X,'/') ngrams(X,3) tokens(X)
JSONExtractString(X,'a') isValidUTF8(X) toValidUTF8(X) X='a' X<'b' X>'' X!='' X<=X greatest(X,'b') least(X,'b')
if(X='',1,2) nullIf(X,'a') coalesce(X,'none') ifNull(X,'none') assumeNotNull(X) toTypeName(X) toTypeName(concat(X,'a'))
isNull(X) byteSize(X) initcap(X) soundex(X) char(65,66) bin(X) unhex(hex(X)) base64Decode(base64Encode(X))
tryBase64Decode(X) translate(X,'abc','xyz') trimBoth(X) toUInt64OrNull(X) substringIndex(X,'.',1) editDistance(X,'abc')""".split()

AGGREGATES = """count(X) count(DISTINCT(X)) uniq(X) uniqExact(X) min(X) max(X) any(X) anyLast(X) sum(X) avg(X)
groupArray(X) arraySort(groupUniqArray(X)) argMin(id,X) argMax(id,X) argMin(X,id) argMax(X,at) median(X) quantile(0.9)(X)
quantileExact(X) quantiles(0.25,0.75)(X) stddevPop(X) varSamp(X) topK(2)(X) countIf(X,ok) sumIf(X,ok) minIf(X,n8>0)
anyIf(X,id=3) uniqIf(X,NOT(ok)) groupArrayIf(X,ok) maxOrNull(X) sumOrNull(X) avgIf(X,id>100) first_value(X) last_value(X)
sumOrDefault(X) uniqCombined(X) uniqHLL12(X) groupArray(2)(X) arraySort(groupArrayDistinct(X)) quantileTiming(X)
quantileTDigest(X) toTypeName(sum(X)) toTypeName(avg(X)) toTypeName(min(X)) toTypeName(median(X)) toTypeName(groupArray(X))""".split()

ARRAYS = ["[]", "[1, 2, 3]", "[3, 1, 2, 1]", "[NULL, 1]", "['b', 'a', 'b']", "[1.5, -2.5]", "[[1], [2, 3]]",
          "CAST([], 'Array(Nullable(String))')", "range(5)", "['', 'é']"]  # fmt: skip

OF_ARRAY = """length empty notEmpty X[1] X[-1] X[10] arraySort arrayReverse arrayReverseSort arrayDistinct arrayUniq
arrayCompact arraySum arrayAvg arrayMin arrayMax arrayProduct arrayCumSum arrayDifference arrayFlatten arrayEnumerate
arrayEnumerateUniq arrayPopBack arrayPopFront arraySlice(X,2) arraySlice(X,-2,1) arrayConcat(X,X) arrayPushBack(X,X[1])
arrayPushFront(X,X[1]) has(X,X[1]) indexOf(X,X[1]) countEqual(X,X[1]) hasAny(X,X) hasAll(X,[]) arrayMap(x->x,X)
arrayMap(x->(x,1),X) arrayFilter(x->isNotNull(x),X) arrayExists(x->1,X) arrayAll(x->0,X) arrayCount(x->1,X)
arrayFirst(x->1,X) arrayLast(x->1,X) arrayFirstIndex(x->1,X) arrayZip(X,X) arrayStringConcat(arrayMap(x->toString(x),X),',')
arrayJoin(X) arrayResize(X,2) arrayWithConstant(2,X[1]) toString(X) toTypeName(X) toTypeName(X[1]) arrayIntersect(X,X)
arrayReduce('max',X) arrayReduce('uniq',X) arraySort(x->-length(toString(x)),X) arrayFold(acc,x->acc+1,X,toInt64(0))
X=X arrayElement(X,1) arrayRotateLeft(X,1) arrayShiftRight(X,1) arrayPartialSort(2,X) arrayJaccardIndex(X,X) tuple(X)
arrayDotProduct([1,2],[3,4]) emptyArrayToSingle(X) arrayUnion(X,X) hasSubstr(X,X)""".split()


def call(function, argument):
    """`f`, `f(X, 1)` or `X + 1` with the argument in its place."""
    shown = function.replace("INTERVAL(", "INTERVAL ").replace(")DAY", " DAY").replace(")MONTH", " MONTH")
    shown = shown.replace(")MINUTE", " MINUTE").replace("DISTINCT(X)", "DISTINCT X").replace("NOT(ok)", "NOT ok")
    if "X" not in shown:
        return f"{shown}({argument})" if "(" not in shown else shown
    out, at = "", 0
    for index, letter in enumerate(shown):
        alone = not (shown[index - 1 : index].isalnum() or shown[index + 1 : index + 2].isalnum())
        if letter == "X" and alone:
            out += shown[at:index] + argument
            at = index + 1
    return out + shown[at:]


def casts():
    for values in VALUES.values():
        for value, target in itertools.product(values, TARGETS):
            quoted = target.replace("'", "\\'")
            yield f"SELECT CAST({value}, '{quoted}') AS x, toTypeName(x)"


def arithmetic():
    for left, right in itertools.product(NUMBERS, NUMBERS):
        yield f"SELECT {left} AS a, {right} AS b, a + b, a - b, a * b, a / b, a = b, a < b"
    for left, right in itertools.product(NUMBERS, ["toUInt8(7)", "toInt8(-3)", "toInt64(1000)", "toFloat64(0.5)"]):
        yield f"SELECT intDiv({left}, {right}) AS q, {left} % {right} AS r, toTypeName(q), toTypeName(r)"
    for value in NUMBERS:
        names = "negate abs sign toString floor ceil round sqrt exp10 bitNot isFinite toInt64 toFloat64".split()
        for name in names:
            yield f"SELECT {name}({value}) AS x, toTypeName(x)"


def supertypes():
    firsts = [values[0] for values in VALUES.values()]
    for left, right in itertools.combinations(firsts, 2):
        yield f"SELECT [{left}, {right}] AS x, toTypeName(x)"
        yield f"SELECT if(1, {left}, {right}) AS x, toTypeName(x)"


def moments():
    for function, moment in itertools.product(OF_MOMENT, MOMENTS):
        yield f"SELECT {call(function, moment)} AS x, toTypeName(x)"


def texts():
    for function in OF_TEXT:
        yield "SELECT " + ", ".join(f"{call(function, text)} AS x{at}" for at, text in enumerate(TEXTS[:9]))
        for text in TEXTS[9:]:
            yield f"SELECT {call(function, text)} AS x, toTypeName(x)"


def arrays():
    for function, array in itertools.product(OF_ARRAY, ARRAYS):
        yield f"SELECT {call(function, array)} AS x, toTypeName(x)"


def filters():
    literals = {
        "id": ["3", "-1", "2.5", "'3'"],
        "at": ["'2024-02-29 23:59:59'", "toDate('2024-02-29')", "'2024-02-29'", "0"],
        "at64": ["'2024-01-01 12:34:56.789'", "toDateTime('2024-02-29 23:59:59', 'UTC')"],
        "day": ["'2024-02-29'", "toDateTime('2024-02-29 00:00:00', 'UTC')", "19782"],
        "user": ["2", "NULL", "65535"],
        "kind": ["'view'", "''"],
        "name": ["'bob'", "''", "NULL"],
        "price": ["12.34", "0", "'12.34'", "99.99"],
        "score": ["0.1", "0", "NULL"],
        "ok": ["true", "0", "1"],
        "n8": ["5", "200", "-128"],
        "n64": ["42", "9223372036854775807", "0.5"],
        "tags": ["['a']", "[]"],
        "pos": ["(1, 2.5)"],
        "ip": ["'192.168.0.1'", "toIPv4('8.8.8.8')"],
        "uid": ["'61f0c404-5cb3-11e7-907b-a6006ad3dba0'"],
    }
    for column, values in literals.items():
        for value in values:
            for operator in ["=", "!=", "<", ">="]:
                yield f"SELECT id FROM events WHERE {column} {operator} {value} ORDER BY id"
            yield f"SELECT id FROM events WHERE {column} IN ({value}) ORDER BY id"
            yield f"SELECT id FROM events WHERE NOT ({column} > {value}) ORDER BY id"
            yield f"SELECT count() FROM nothing WHERE {column} = {value}"
    for column in SCALARS:
        yield f"SELECT id FROM events WHERE {column} IS NULL ORDER BY id"
        yield f"SELECT id FROM events WHERE isNotNull({column}) AND {column} = {column} ORDER BY id"
        yield f"SELECT id FROM events WHERE {column} IN (SELECT {column} FROM events WHERE id < 4) ORDER BY id"
        yield f"SELECT id FROM events WHERE {column} NOT IN (SELECT {column} FROM events WHERE id < 4) ORDER BY id"
        yield f"SELECT id FROM events WHERE {column} = (SELECT max({column}) FROM events) ORDER BY id"
        yield f"SELECT id FROM events PREWHERE id > 2 WHERE {column} >= (SELECT min({column}) FROM events) ORDER BY id"


def orders():
    for column in COLUMNS:
        for direction in ["", " DESC", " ASC NULLS FIRST", " DESC NULLS LAST"]:
            yield f"SELECT id, {column} FROM events ORDER BY {column}{direction}, id"
        yield f"SELECT id FROM events ORDER BY {column} DESC, id LIMIT 3"
        yield f"SELECT id FROM events ORDER BY {column}, id LIMIT 2 OFFSET 3"
        yield f"SELECT DISTINCT {column} FROM events ORDER BY {column}"
        yield f"SELECT {column}, id FROM events ORDER BY {column}, id LIMIT 1 BY {column}"
        yield f"SELECT {column} FROM nothing ORDER BY {column}"
        yield f"SELECT id, toString({column}) AS {column} FROM events ORDER BY {column} LIMIT 3"


def groups():
    keys = ["kind", "user", "name", "ok", "day", "toStartOfMonth(at)", "n8 > 0", "length(tags)", "(kind, ok)", "score"]
    for key in keys:
        yield f"SELECT {key} AS k, count() AS n FROM events GROUP BY k ORDER BY n DESC, k"
        yield f"SELECT {key}, sum(price), avg(score), max(at), min(name) FROM events GROUP BY {key} ORDER BY {key}"
        yield f"SELECT {key} AS k, uniq(user), arraySort(groupArray(id)) FROM events GROUP BY k ORDER BY k"
        yield f"SELECT {key} AS k, count() FROM events GROUP BY k HAVING count() > 1 ORDER BY k"
        yield f"SELECT {key} AS k, count() FROM events GROUP BY ROLLUP(k) ORDER BY k, count()"
        yield f"SELECT {key} AS k, ok, count() FROM events GROUP BY CUBE(k, ok) ORDER BY k, ok, count()"
        yield f"SELECT {key} AS k, count() FROM events GROUP BY k WITH TOTALS ORDER BY k"
        yield f"SELECT {key} AS k, countIf(ok), sumIf(n64, n64 < 1000 AND n64 > -1000) FROM events GROUP BY k ORDER BY k"
        yield f"SELECT {key} AS k, count() FROM nothing GROUP BY k"
        yield f"SELECT {key} AS k, count() OVER (PARTITION BY k) AS n FROM events ORDER BY id"
        yield f"SELECT id, row_number() OVER (PARTITION BY {key} ORDER BY id) AS r FROM events ORDER BY id"
        yield f"SELECT id, sum(n8) OVER (PARTITION BY {key} ORDER BY id ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS s FROM events ORDER BY id"


def aggregates():
    ordered = "events"
    for function, column in itertools.product(AGGREGATES, ["id", "user", "name", "price", "score", "day", "at", "kind", "n64", "tags"]):
        yield f"SELECT {call(function, column)} AS x FROM {ordered}"
    for function, column in itertools.product(AGGREGATES, ["id", "name", "score", "at"]):
        yield f"SELECT {call(function, column)} AS x FROM nothing"


def joins():
    kinds = ["INNER", "LEFT", "RIGHT", "FULL", "ANY LEFT", "ANY INNER", "SEMI LEFT", "ANTI LEFT", "LEFT ANY", "ALL LEFT"]
    for kind in kinds:
        yield f"SELECT e.id, u.name FROM events AS e {kind} JOIN users AS u ON e.user = u.id ORDER BY e.id, u.name"
        yield f"SELECT events.id, users.plan FROM events {kind} JOIN users ON events.user = users.id AND events.name = users.name ORDER BY events.id, users.plan"
        yield f"SELECT id, n, plan FROM (SELECT toUInt16(id) AS id, kind AS n FROM events) AS a {kind} JOIN users USING (id) ORDER BY id, n, plan"
        yield f"SELECT count(), sum(u.id) FROM events AS e {kind} JOIN users AS u ON e.user = u.id"
        yield f"SELECT e.id, u.since FROM events e {kind} JOIN (SELECT * FROM users WHERE plan = 'paid') u ON e.user = u.id ORDER BY e.id, u.since"
        yield f"SELECT * FROM (SELECT 1 AS k, 'l' AS l) AS a {kind} JOIN (SELECT 2 AS k, 'r' AS r) AS b ON a.k = b.k"
        yield f"SELECT e.id, u.name FROM events AS e {kind} JOIN users AS u ON e.user = u.id ORDER BY e.id, u.name SETTINGS join_use_nulls = 1"
        yield f"SELECT count() FROM events AS e {kind} JOIN nothing AS n ON e.id = n.id"
        yield f"SELECT count() FROM nothing AS n {kind} JOIN events AS e ON e.id = n.id"
        yield f"SELECT e.id FROM events AS e {kind} JOIN users AS u ON e.name = u.name WHERE e.ok ORDER BY e.id"
    for pair in ["events AS a, users AS b", "events AS a CROSS JOIN users AS b"]:
        yield f"SELECT count() FROM {pair}"
        yield f"SELECT a.id, b.id FROM {pair} WHERE a.user = b.id ORDER BY a.id, b.id, b.since"
    for kind in ["ASOF", "ASOF LEFT"]:
        yield f"SELECT e.id, u.since FROM events AS e {kind} JOIN users AS u ON e.user = u.id AND e.day >= u.since ORDER BY e.id"
    for kind in ["", "LEFT "]:
        yield f"SELECT id, tag FROM events {kind}ARRAY JOIN tags AS tag ORDER BY id, tag"
        yield f"SELECT id, n, i FROM events {kind}ARRAY JOIN nums AS n, arrayEnumerate(nums) AS i ORDER BY id, i"
        yield f"SELECT id, kv.1, kv.2 FROM events {kind}ARRAY JOIN attrs AS kv ORDER BY id, kv.1"


def queries():
    for column in SCALARS:
        yield f"WITH t AS (SELECT {column} AS c, id FROM events WHERE id < 5) SELECT c FROM t ORDER BY id"
        yield f"WITH (SELECT max({column}) FROM events) AS top SELECT id FROM events WHERE {column} = top ORDER BY id"
        yield f"SELECT {column} AS x, x AS y FROM events WHERE y = y ORDER BY id LIMIT 2"
        yield f"SELECT {column} FROM events WHERE id = 1 UNION ALL SELECT {column} FROM events WHERE id = 3"
        yield f"SELECT DISTINCT * FROM (SELECT {column} FROM events UNION ALL SELECT {column} FROM events) ORDER BY 1"
        yield f"SELECT {column} FROM events INTERSECT SELECT {column} FROM events WHERE id > 6 ORDER BY {column}"
        yield f"SELECT id, lagInFrame({column}) OVER (ORDER BY id) AS p FROM events ORDER BY id"
        yield f"SELECT id, first_value({column}) OVER (ORDER BY id DESC) AS f, rank() OVER (ORDER BY {column}) AS r FROM events ORDER BY id"
        yield f"SELECT toString({column}), toTypeName({column}), isNull({column}), hex(toString({column})) FROM events ORDER BY id"
        yield f"SELECT if(ok, {column}, {column}) AS a, multiIf(id = 1, {column}, NULL) AS b FROM events ORDER BY id"
        yield f"SELECT toNullable({column}) AS a, coalesce(a, {column}) AS b, ifNull({column}, {column}) FROM events ORDER BY id LIMIT 3"
        yield f"SELECT groupUniqArray({column}) = groupUniqArray({column}), length(groupArray({column})) FROM events"
        yield f"SELECT [{column}, {column}] AS a, ({column}, id) AS t, map('k', {column}) AS m FROM events ORDER BY id LIMIT 4"
        yield f"SELECT greatest({column}, {column}), least({column}, {column}) FROM events ORDER BY id LIMIT 2"
        yield f"SELECT count() FROM events WHERE {column} BETWEEN (SELECT min({column}) FROM events) AND (SELECT max({column}) FROM events)"
        yield f"SELECT * EXCEPT (tags, nums, attrs, pos, {column}) FROM events ORDER BY id LIMIT 1"
        yield f"SELECT x.{column} FROM events AS x ORDER BY x.id LIMIT 2"
        yield f"SELECT {column} AS id, id AS {column} FROM events ORDER BY events.id LIMIT 2"


FAMILIES = [
    (casts, False), (arithmetic, False), (supertypes, False), (moments, False), (texts, False), (arrays, False),
    (filters, True), (orders, True), (groups, True), (aggregates, True), (joins, True), (queries, True),
]  # fmt: skip


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    total = 0
    for family, over_world in FAMILIES:
        statements = list(dict.fromkeys(family()))
        total += len(statements)
        lines = ["# Written by tests/record/sql_cases.py.", ""]
        # a Variant for what has nothing in common is newer than what we follow
        blocks = ["statement ok\nSET use_variant_as_common_type = 0"] if family is supertypes else []
        blocks += [f"statement ok\n{sql}" for sql in WORLD] if over_world else []
        blocks += [f"query\n{sql}" for sql in statements]
        (OUT / f"{family.__name__}.slt").write_text("\n".join(lines) + "\n\n".join(blocks) + "\n", "utf-8")
    print(f"{total} statements")


main()
