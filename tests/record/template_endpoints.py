"""Endpoints as people write them, composed at random from a fixed seed: (template, variables)."""

COLUMNS = ["timestamp", "user_id", "country", "amount", "path", "status"]
TEXTS = ["us", "it's", "50% off", "a\\b", "x,y", "", "日本", "q\"uote", "tick`y", "new\nline", "--", "'; DROP TABLE x"]
DATES = ["2024-01-31", "2024-02-29", "31-01-2024", "", "yesterday"]
TIMES = ["2024-01-31 10:00:00", "2024-01-31T10:00:00Z", "2024-01-31", "noon"]
NUMBERS = ["1", "0", "-5", "42", "1000000000000", "x", "", "3.5"]


class Endpoint:
    """One template under construction; its variables are drawn beside the tags that read them."""

    def __init__(self, chance):
        self.chance = chance
        self.variables = {}

    def given(self, name, values):
        if name not in self.variables and self.chance.random() < 0.6:
            self.variables[name] = self.chance.choice(values)
        return name

    def text(self):
        name = self.given(self.chance.choice(["country", "path", "status", "search"]), TEXTS)
        return self.chance.choice([
            f"{{{{String({name}, 'us')}}}}", f"{{{{ String({name}) }}}}", f"{{{{{name}}}}}",
            f"{{{{String({name}, 'us', description='Filter', required=False)}}}}", f"{{{{String({name}, default='de')}}}}",
            f"{{{{sql_unescape(String({name}, 'a%'), '%')}}}}",
        ])

    def number(self):
        name = self.given(self.chance.choice(["limit", "page", "min_amount", "version"]), NUMBERS)
        kind = self.chance.choice(["Int32", "UInt64", "Float64", "Int8", "UInt16", "Float32", "Int128"])
        return self.chance.choice([
            f"{{{{{kind}({name}, 10)}}}}", f"{{{{ {kind}({name}, 10, description='How many', required=True) }}}}",
            f"{{{{{kind}({name})}}}}", f"{{{{{kind}({name}, 3) * 2}}}}", f"{{{{{kind}({name}, 5) + 1}}}}",
        ])

    def moment(self):
        name = self.given(self.chance.choice(["date_from", "date_to", "start"]), DATES)
        time = self.given("at", TIMES)
        return self.chance.choice([
            f"{{{{Date({name}, '2024-01-01')}}}}", f"{{{{Date({name})}}}}", f"{{{{DateTime({time}, '2024-01-01 00:00:00')}}}}",
            f"toDate({{{{String({name}, '2024-01-01')}}}})", f"{{{{DateTime64({time}, '2024-01-01 00:00:00.000')}}}}",
        ])

    def members(self):
        name = self.given(self.chance.choice(["countries", "ids", "tags"]), ["a,b", "1,2,3", "x", "", "it's,b", "1,x", ["1", "2"]])
        kind = self.chance.choice(["String", "Int32", "UInt64"])
        return self.chance.choice([f"{{{{Array({name}, '{kind}', '1,2')}}}}", f"{{{{Array({name}, '{kind}')}}}}", f"{{{{Array({name})}}}}"])

    def condition(self):
        column = self.chance.choice(COLUMNS)
        form = self.chance.randrange(7)
        if form == 0:
            return f"{column} = {self.text()}"
        if form == 1:
            return f"{column} >= {self.number()}"
        if form == 2:
            return f"{column} BETWEEN {self.moment()} AND {self.moment()}"
        if form == 3:
            return f"{column} IN {self.members()}"
        if form == 4:
            name = self.given("search", TEXTS)
            return f"{{% if defined({name}) and {name} != '' %}}{column} = {{{{String({name})}}}}{{% else %}}1{{% end %}}"
        if form == 5:
            return f"{{{{sql_and({column}=Int32({self.given('version', NUMBERS)}, 1), status__in=Array({self.given('tags', ['a,b', 'x'])}, 'String', 'ok'))}}}}"
        return f"{column} LIKE {self.text()}"

    def optional(self, inner):
        name = self.chance.choice(["country", "status", "date_from", "debug_mode", "search"])
        self.given(name, TEXTS)
        test = self.chance.choice([
            f"defined({name})", f"not defined({name})", f"{name} == 'us'", f"defined({name}) and {name} in ['us', 'de']",
            f"String({name}, 'x') == 'x'", f"{name} is not None", f"Int32({self.given('version', NUMBERS)}, 1) > 2",
        ])
        other = self.chance.choice(["", "{% else %}AND 0 ", "{% elif defined(status) %}AND 2 {% else %}AND 3 "])
        return f"{{% if {test} %}}AND {inner} {other}{{% end %}}"

    def selected(self):
        form = self.chance.randrange(6)
        if form == 0:
            return f"{{{{columns({self.given('fields', ['a,b', 'amount', 'x.y, z'])}, 'timestamp,amount')}}}}"
        if form == 1:
            return f"{{{{column({self.given('group', ['country', 'a.b', 'path'])}, 'country')}}}}, count() AS n"
        if form == 2:
            name = self.given("metrics", ["sum,avg", "max", "min, max"])
            return (f"{{% for last, f in enumerate_with_last(split_to_array({name}, 'sum,max')) %}}"
                    "{% if f in ['sum', 'max', 'min'] %}{{symbol(f)}}(amount){% else %}{{f}}{% end %}{% if not last %}, {% end %}{% end %}")
        if form == 3:
            return f"{self.number()} AS n, {self.text()} AS t"
        if form == 4:
            return f"{{% set unit = String({self.given('unit', ['day', 'hour', 'week'])}, 'day') %}}{{% if unit == 'hour' %}}toStartOfHour(timestamp){{% elif unit == 'day' %}}toDate(timestamp){{% else %}}{{{{error('unit is hour or day, not ' + unit)}}}}{{% end %}} AS t"
        return "*"

    def sql(self):
        out = [f"SELECT {self.selected()}", "FROM " + self.chance.choice(["events", "{{table('events')}}", "events FINAL"])]
        conditions = [self.condition() for _ in range(self.chance.randrange(1, 4))]
        out.append("WHERE " + "\n  AND ".join(conditions))
        for _ in range(self.chance.randrange(3)):
            out.append("  " + self.optional(self.condition()))
        if self.chance.random() < 0.4:
            out.append("ORDER BY {{column(%s, 'timestamp')}} {%% if %s == 'desc' %%}DESC{%% else %%}ASC{%% end %%}" % (
                self.given("order_by", ["amount", "a b"]), self.given("order", ["desc", "asc"])))
        if self.chance.random() < 0.6:
            out.append("LIMIT {{Int32(%s, 100)}} OFFSET {{Int32(page, 0) * Int32(%s, 100)}}" % ((self.given("page_size", NUMBERS),) * 2))
        return "\n".join(out)


def endpoints(chance, count):
    for _ in range(count):
        endpoint = Endpoint(chance)
        yield endpoint.sql(), endpoint.variables
