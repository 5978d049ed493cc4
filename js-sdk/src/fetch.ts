// The one place that speaks HTTP: the token, retries, and errors.

import { SanderlingError, errorOf } from "./errors.js";

export interface Connection {
  host: string;
  token: string | (() => string | Promise<string>);
  fetch: typeof fetch;
  retries: number;
  /** Waits, or throws the signal's reason. */
  sleep: (milliseconds: number, signal: AbortSignal | undefined) => Promise<void>;
}

export interface Call {
  method: "GET" | "POST";
  path: string;
  query?: URLSearchParams;
  body?: BodyInit;
  contentType?: string;
  signal?: AbortSignal | undefined;
  /** Whether a call that may or may not have arrived can be made again. */
  isRepeatable: boolean;
}

const WAIT_FIRST_MS = 200;
const WAIT_MAX_MS = 10_000;

export async function call(connection: Connection, request: Call): Promise<unknown> {
  for (let attempt = 0; ; attempt++) {
    const outcome = await once(connection, request);
    if ("answer" in outcome) return outcome.answer;
    const { error, retryAfterMs } = outcome;
    const isWorthIt = error.kind === "Unavailable" && (request.isRepeatable || error.status !== 0);
    if (!isWorthIt || attempt >= connection.retries) throw error;
    await connection.sleep(retryAfterMs ?? backoff(attempt), request.signal);
  }
}

type Outcome = { answer: unknown } | { error: SanderlingError; retryAfterMs?: number | undefined };

async function once(connection: Connection, request: Call): Promise<Outcome> {
  const token = typeof connection.token === "string" ? connection.token : await connection.token();
  const headers = new Headers({ authorization: `Bearer ${token}` });
  if (request.contentType !== undefined) headers.set("content-type", request.contentType);
  const values = request.query?.toString() ?? "";
  const query = values === "" ? "" : `?${values}`;
  const init: RequestInit = { method: request.method, headers };
  if (request.body !== undefined) init.body = request.body;
  if (request.signal !== undefined) init.signal = request.signal;
  try {
    const response = await connection.fetch(connection.host + request.path + query, init);
    if (!response.ok) return { error: await errorOf(response), retryAfterMs: retryAfter(response) };
    return { answer: await response.json() };
  } catch (cause) {
    request.signal?.throwIfAborted();
    if (cause instanceof SyntaxError) {
      const message = `${connection.host} answered with something that is not JSON`;
      return { error: new SanderlingError(message, { kind: "Internal", status: 200, cause }) };
    }
    const message = `cannot reach ${connection.host}: ${cause instanceof Error ? cause.message : cause}`;
    return { error: new SanderlingError(message, { kind: "Unavailable", status: 0, cause }) };
  }
}

function retryAfter(response: Response): number | undefined {
  const seconds = Number(response.headers.get("retry-after") ?? NaN);
  return Number.isFinite(seconds) && seconds >= 0 ? Math.min(seconds * 1000, WAIT_MAX_MS) : undefined;
}

/** Twice as long each time, and never the same for all who wait. */
function backoff(attempt: number): number {
  const longest = Math.min(WAIT_FIRST_MS * 2 ** attempt, WAIT_MAX_MS);
  return longest / 2 + (Math.random() * longest) / 2;
}

export function sleep(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, milliseconds);
    signal?.addEventListener("abort", stop, { once: true });
  });
}
