// Query endpoints and send events:
//
//   const client = createClient({ host: "https://analytics.example.org", token });
//   const { data } = await client.query("top_pages", { limit: 5 });
//   await client.ingest("events", [{ timestamp: new Date(), pathname: "/" }]);

export { createClient } from "./client.js";
export type { Client, Options } from "./client.js";
export { SanderlingError, isSanderlingError } from "./errors.js";
export type { Kind } from "./errors.js";
export type { IngestOptions } from "./ingest.js";
export type { QueryOptions, SqlOptions } from "./query.js";
export type { Column, Ingested, Params, ParamValue, Project, Result, Statistics } from "./types.js";
