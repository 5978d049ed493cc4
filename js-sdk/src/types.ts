// What goes over the wire, named as the HTTP API names it.

/** A list is sent as a repeated parameter, an object as JSON, a Date in UTC to the second. */
export type ParamValue = string | number | bigint | boolean | Date | null | undefined | object | readonly ParamValue[];

export type Params = { readonly [name: string]: ParamValue };

export interface Column {
  name: string;
  /** As ClickHouse spells it: `UInt64`, `Nullable(String)`. */
  type: string;
}

export interface Statistics {
  /** Seconds. */
  elapsed: number;
  rows_read: number;
  bytes_read: number;
}

export interface Result<Row> {
  meta: Column[];
  data: Row[];
  rows: number;
  /** How many rows there would be without LIMIT, at least; only if there is a LIMIT. */
  rows_before_limit_at_least?: number;
  statistics: Statistics;
}

export interface Ingested {
  successful_rows: number;
  /** Rows that did not fit: they are in `<data source>_quarantine`, with the reasons. */
  quarantined_rows: number;
}

/**
 * The endpoints and data sources that a client may name, and what each takes and gives:
 *
 *   interface Shop {
 *     endpoints: { top_pages: { params: { limit?: number }; row: { pathname: string; hits: number } } };
 *     dataSources: { events: { timestamp: Date; pathname: string } };
 *   }
 *   const client = createClient<Shop>({ … });
 *
 * Without one, every name is allowed and rows are records of unknown values.
 */
export interface Project {
  endpoints: { [pipe: string]: { params: object; row: object } };
  dataSources: { [name: string]: object };
}
