/** What the caller should do: fix it, bring another token, ask for less, retry later, … */
export type Kind =
  | "Invalid"
  | "NotFound"
  | "Denied"
  | "Conflict"
  | "Unavailable"
  | "LimitExceeded"
  | "Internal";

const mark = Symbol.for("sanderling.error");

/** Everything that goes wrong is one of these, but an abort: that throws the signal's reason. */
export class SanderlingError extends Error {
  override readonly name = "SanderlingError";
  readonly [mark] = true;
  readonly kind: Kind;
  /** The server's stable code: of a diagnostic (`S0202`) or ClickHouse's number (`241`). */
  readonly code: string | undefined;
  /** 0 if no answer came. */
  readonly status: number;
  readonly requestId: string | undefined;

  constructor(message: string, fields: { kind: Kind; code?: string | undefined; status: number; requestId?: string | undefined; cause?: unknown }) {
    super(message, { cause: fields.cause });
    this.kind = fields.kind;
    this.code = fields.code;
    this.status = fields.status;
    this.requestId = fields.requestId;
  }
}

/** Not `instanceof`: a page may have loaded this module twice. */
export function isSanderlingError(value: unknown): value is SanderlingError {
  return typeof value === "object" && value !== null && (value as Record<symbol, unknown>)[mark] === true;
}

/** An answer that is not a success. */
export async function errorOf(response: Response): Promise<SanderlingError> {
  const text = await response.text().catch(() => "");
  const body = parse(text);
  const message = typeof body.error === "string" ? body.error : text.trim() || `status ${response.status}`;
  const code = typeof body.code === "string" ? body.code : response.headers.get("x-db-exception-code");
  return new SanderlingError(message, {
    kind: kindOf(response.status),
    code: code ?? undefined,
    status: response.status,
    requestId: response.headers.get("x-request-id") ?? undefined,
  });
}

function parse(text: string): Record<string, unknown> {
  try {
    const body: unknown = JSON.parse(text);
    return typeof body === "object" && body !== null ? (body as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function kindOf(status: number): Kind {
  switch (status) {
    case 401:
    case 403:
      return "Denied";
    case 404:
      return "NotFound";
    case 409:
      return "Conflict";
    case 408:
    case 413:
    case 414:
      return "LimitExceeded";
    case 429:
    case 502:
    case 503:
    case 504:
      return "Unavailable";
    default:
      return status < 500 ? "Invalid" : "Internal";
  }
}
