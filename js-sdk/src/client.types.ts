// Tests that only the compiler runs: what must fit, and what must not.

import { createClient } from "./index.js";

interface Shop {
  endpoints: { top_pages: { params: { limit?: number }; row: { pathname: string; hits: number } } };
  dataSources: { events: { pathname: string } };
}

export async function typed() {
  const shop = createClient<Shop>({ host: "h", token: "t" });
  const { data } = await shop.query("top_pages", { limit: 5 });
  data[0]?.pathname.toUpperCase();
  await shop.ingest("events", [{ pathname: "/" }]);

  // @ts-expect-error: no such endpoint
  await shop.query("top_page");
  // @ts-expect-error: a limit is a number
  await shop.query("top_pages", { limit: "5" });
  // @ts-expect-error: rows have no such column
  data[0]?.visits;
  // @ts-expect-error: an event needs its pathname
  await shop.ingest("events", [{}]);
}

export async function untyped() {
  const any = createClient({ host: "h", token: "t" });
  const { data } = await any.query("whatever", { a: [1, 2], b: new Date() });
  const value: unknown = data[0]?.anything;
  return value;
}
