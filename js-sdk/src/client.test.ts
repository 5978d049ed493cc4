import assert from "node:assert/strict";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { createClient, isSanderlingError } from "./index.js";

const empty = { meta: [], data: [], rows: 0, statistics: { elapsed: 0, rows_read: 0, bytes_read: 0 } };

interface Seen {
  method: string;
  url: string;
  token: string | undefined;
  body: string;
}

/** A client of a server that gives these answers, one after the other, and what the server saw. */
async function against(answers: { status: number; body?: unknown; headers?: Record<string, string> }[], use: (client: ReturnType<typeof createClient>, seen: Seen[]) => Promise<void>) {
  const seen: Seen[] = [];
  const server = createServer(async (request, response) => {
    seen.push({ method: request.method!, url: request.url!, token: request.headers.authorization, body: await read(request) });
    const answer = answers[Math.min(seen.length, answers.length) - 1]!;
    response.writeHead(answer.status, answer.headers);
    response.end(typeof answer.body === "string" ? answer.body : JSON.stringify(answer.body ?? empty));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  try {
    await use(createClient({ host: `http://127.0.0.1:${port}/`, token: "t" }), seen);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

async function read(request: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of request) text += chunk;
  return text;
}

test("a query is a GET with the parameters and the token", () =>
  against([{ status: 200, body: { ...empty, data: [{ hits: 3 }], rows: 1 } }], async (client, seen) => {
    const { data } = await client.query("top_pages", { limit: 5, country: ["DE", "FR"], none: undefined });
    assert.deepEqual(data, [{ hits: 3 }]);
    assert.deepEqual(seen, [{ method: "GET", url: "/v0/pipes/top_pages.json?limit=5&country=DE&country=FR", token: "Bearer t", body: "" }]);
  }));

test("parameters too long for an address go in the body", () =>
  against([{ status: 200 }], async (client, seen) => {
    await client.query("top_pages", { path: "x".repeat(3000) });
    assert.equal(seen[0]!.method, "POST");
    assert.equal(seen[0]!.url, "/v0/pipes/top_pages.json");
    assert.equal(seen[0]!.body, `path=${"x".repeat(3000)}`);
  }));

test("SQL is the body, its parameters are the query", () =>
  against([{ status: 200 }], async (client, seen) => {
    await client.sql("% select {{ Int32(n) }} from _", { params: { n: 1 }, pipeline: "hits" });
    assert.equal(seen[0]!.url, "/v0/sql?n=1&pipeline=hits");
    assert.equal(seen[0]!.body, "% select {{ Int32(n) }} from _");
  }));

test("events go as lines, in requests of bounded size", () =>
  against([{ status: 202, body: { successful_rows: 2, quarantined_rows: 1 } }], async (client, seen) => {
    const wide = { text: "y".repeat(3 << 20) };
    assert.deepEqual(await client.ingest("events", [wide, wide], { wait: true }), { successful_rows: 4, quarantined_rows: 2 });
    assert.deepEqual(seen.map((it) => it.url), Array(2).fill("/v0/events?name=events&wait=true"));
    assert.equal(seen[1]!.body, JSON.stringify(wide) + "\n");
  }));

test("an error says its kind, code, status and request", () =>
  against([{ status: 400, body: { error: "unknown column x" }, headers: { "x-db-exception-code": "47", "x-request-id": "r1" } }], async (client) => {
    await assert.rejects(client.sql("select x"), (error) => {
      assert.ok(isSanderlingError(error));
      const { message, kind, code, status, requestId } = error;
      assert.deepEqual({ message, kind, code, status, requestId }, { message: "unknown column x", kind: "Invalid", code: "47", status: 400, requestId: "r1" });
      return true;
    });
  }));

for (const [status, kind] of [[403, "Denied"], [404, "NotFound"], [409, "Conflict"], [413, "LimitExceeded"], [500, "Internal"]] as const) {
  test(`status ${status} is ${kind} and is not retried`, () =>
    against([{ status, body: "no" }], async (client, seen) => {
      await assert.rejects(client.query("a"), { kind, status, message: "no" });
      assert.equal(seen.length, 1);
    }));
}

test("what is unavailable is asked again", () =>
  against([{ status: 503, headers: { "retry-after": "0" } }, { status: 429, headers: { "retry-after": "0" } }, { status: 200 }], async (client, seen) => {
    await client.query("a");
    assert.equal(seen.length, 3);
  }));

test("but not for ever", () =>
  against([{ status: 503, headers: { "retry-after": "0" } }], async (client, seen) => {
    await assert.rejects(client.ingest("events", [{}]), { kind: "Unavailable", status: 503 });
    assert.equal(seen.length, 4);
  }));

test("events that may have arrived are not sent again", async () => {
  let calls = 0;
  const broken = async () => {
    calls++;
    throw new TypeError("connection reset");
  };
  const client = createClient({ host: "http://nowhere.invalid", token: "t", fetch: broken });
  await assert.rejects(client.ingest("events", [{}]), { kind: "Unavailable", status: 0 });
  assert.equal(calls, 1);
});

test("an answer that is not JSON is the server's fault", () =>
  against([{ status: 200, body: "<html>" }], async (client) => {
    await assert.rejects(client.query("a"), { kind: "Internal" });
  }));

test("an abort throws the signal's reason, also between retries", () =>
  against([{ status: 503, headers: { "retry-after": "9" } }], async (client) => {
    const controller = new AbortController();
    setTimeout(() => controller.abort(new Error("enough")), 50);
    await assert.rejects(client.query("a", {}, { signal: controller.signal }), { message: "enough" });
    await assert.rejects(client.query("a", {}, { signal: AbortSignal.abort(new Error("before")) }), { message: "before" });
  }));

test("a token can be brought for each request", async () => {
  const tokens: (string | null)[] = [];
  const answer = async (_: unknown, init?: RequestInit) => {
    tokens.push(new Headers(init?.headers).get("authorization"));
    return Response.json(empty);
  };
  let count = 0;
  const client = createClient({ host: "http://h", token: async () => `jwt${++count}`, fetch: answer as typeof fetch });
  await client.query("a");
  await client.query("a");
  assert.deepEqual(tokens, ["Bearer jwt1", "Bearer jwt2"]);
});
