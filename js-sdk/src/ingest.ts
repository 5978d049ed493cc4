// Events, as lines of JSON.

import { call, type Connection } from "./fetch.js";
import type { Ingested } from "./types.js";

export interface IngestOptions {
  /** Come back when the rows can be queried, not as soon as they are safe. */
  wait?: boolean;
  signal?: AbortSignal;
}

/** Rows beyond this go in another request, so that one that fails is cheap to send again. */
const BODY_CHARS_MAX = 4 << 20;

/**
 * Sends the rows, in several requests if there are many. If a request gets no answer its rows may
 * or may not have arrived; it is not repeated, since events could count twice.
 */
export async function ingest(connection: Connection, dataSource: string, rows: Iterable<object>, options: IngestOptions): Promise<Ingested> {
  const query = new URLSearchParams({ name: dataSource });
  if (options.wait) query.set("wait", "true");
  const sum: Ingested = { successful_rows: 0, quarantined_rows: 0 };
  for (const body of bodies(rows)) {
    const answer = (await call(connection, {
      method: "POST",
      path: "/v0/events",
      query,
      body,
      contentType: "application/x-ndjson",
      signal: options.signal,
      isRepeatable: false,
    })) as Ingested;
    sum.successful_rows += answer.successful_rows;
    sum.quarantined_rows += answer.quarantined_rows;
  }
  return sum;
}

function* bodies(rows: Iterable<object>): Generator<string> {
  let body = "";
  for (const row of rows) {
    const line = JSON.stringify(row) + "\n";
    if (body !== "" && body.length + line.length > BODY_CHARS_MAX) {
      yield body;
      body = "";
    }
    body += line;
  }
  if (body !== "") yield body;
}
