// Endpoints and SQL.

import { call, type Call, type Connection } from "./fetch.js";
import type { Params, ParamValue, Result } from "./types.js";

export interface QueryOptions {
  signal?: AbortSignal;
}

export interface SqlOptions {
  /** Parameters, if the SQL is a template. */
  params?: Params;
  /** The pipe that `_` means. */
  pipeline?: string;
  signal?: AbortSignal;
}

/** Servers and proxies take addresses up to about this long. */
const ADDRESS_CHARS_MAX = 2000;

export async function query<Row>(connection: Connection, pipe: string, params: Params, options: QueryOptions): Promise<Result<Row>> {
  const path = `/v0/pipes/${encodeURIComponent(pipe)}.json`;
  const values = encode(params);
  const isLong = connection.host.length + path.length + values.toString().length > ADDRESS_CHARS_MAX;
  const request: Call = { method: "GET", path, signal: options.signal, isRepeatable: true };
  return (await call(
    connection,
    isLong
      ? { ...request, method: "POST", body: values.toString(), contentType: "application/x-www-form-urlencoded" }
      : { ...request, query: values },
  )) as Result<Row>;
}

export async function sql<Row>(connection: Connection, text: string, options: SqlOptions): Promise<Result<Row>> {
  const values = encode(options.params ?? {});
  if (options.pipeline !== undefined) values.set("pipeline", options.pipeline);
  return (await call(connection, {
    method: "POST",
    path: "/v0/sql",
    query: values,
    body: text,
    contentType: "text/plain; charset=utf-8",
    signal: options.signal,
    isRepeatable: true,
  })) as Result<Row>;
}

export function encode(params: Params): URLSearchParams {
  const values = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) {
    for (const item of Array.isArray(value) ? (value as ParamValue[]) : [value]) {
      if (item !== null && item !== undefined) values.append(name, print(item));
    }
  }
  return values;
}

function print(value: NonNullable<ParamValue>): string {
  if (value instanceof Date) return value.toISOString().slice(0, 19).replace("T", " ");
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
