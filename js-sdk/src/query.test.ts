import assert from "node:assert/strict";
import { test } from "node:test";
import { encode } from "./query.js";

function check(params: Parameters<typeof encode>[0], expected: string) {
  test(`parameters become ${expected || "nothing"}`, () => assert.equal(encode(params).toString(), expected));
}

check({}, "");
check({ a: null, b: undefined }, "");
check({ n: 1, b: false, big: 2n ** 63n }, "n=1&b=false&big=9223372036854775808");
check({ text: "50% & more" }, "text=50%25+%26+more");
check({ at: new Date("2026-01-31T23:59:59.999Z") }, "at=2026-01-31+23%3A59%3A59");
check({ list: [1, null, "x"] }, "list=1&list=x");
check({ json: { a: [1] } }, "json=%7B%22a%22%3A%5B1%5D%7D");
