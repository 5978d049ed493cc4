import { sleep, type Connection } from "./fetch.js";
import { ingest, type IngestOptions } from "./ingest.js";
import { query, sql, type QueryOptions, type SqlOptions } from "./query.js";
import type { Ingested, Params, Project, Result } from "./types.js";

export interface Options {
  /** Of a host or of an edge worker: `https://analytics.example.org`. */
  host: string;
  /** A token, or what brings one: called for each request, so that a JWT can be renewed. */
  token: string | (() => string | Promise<string>);
  /** Instead of the global one. */
  fetch?: typeof fetch;
  /** How often a request that is turned away for now is made again; 3 if not given. */
  retries?: number;
}

export interface Client<P extends Project> {
  /** Rows of an endpoint. */
  query<Name extends keyof P["endpoints"] & string>(
    pipe: Name,
    params?: P["endpoints"][Name]["params"],
    options?: QueryOptions,
  ): Promise<Result<P["endpoints"][Name]["row"]>>;
  /** Rows of a SELECT. */
  sql<Row = Record<string, unknown>>(text: string, options?: SqlOptions): Promise<Result<Row>>;
  /** Events into a data source. */
  ingest<Name extends keyof P["dataSources"] & string>(
    dataSource: Name,
    rows: Iterable<P["dataSources"][Name]>,
    options?: IngestOptions,
  ): Promise<Ingested>;
}

interface AnyProject {
  endpoints: { [pipe: string]: { params: Params; row: Record<string, unknown> } };
  dataSources: { [name: string]: object };
}

export function createClient<P extends Project = AnyProject>(options: Options): Client<P> {
  const connection: Connection = {
    host: options.host.replace(/\/+$/, ""),
    token: options.token,
    // Looked up late and called bare: runtimes replace it, and refuse it as somebody's method.
    fetch: options.fetch ?? ((input, init) => fetch(input, init)),
    retries: options.retries ?? 3,
    sleep,
  };
  return {
    query: (pipe, params, its = {}) => query(connection, pipe, (params ?? {}) as Params, its),
    sql: (text, its = {}) => sql(connection, text, its),
    ingest: (dataSource, rows, its = {}) => ingest(connection, dataSource, rows, its),
  };
}
