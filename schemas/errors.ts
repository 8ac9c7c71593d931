/**
 * Every error the program raises on purpose. The retry policy, the HTTP status and the exit code are read from here, nowhere else.
 * `exit` follows the BSD sysexits spirit: 2 = the user can mend the command or its settings, 1 = the world was not as needed.
 */
const catalog = {
  invalid_argument: { status: 400, retryable: false, exit: 2 },
  invalid_config: { status: 400, retryable: false, exit: 2 },
  invalid_record: { status: 422, retryable: false, exit: 1 },
  unauthorized: { status: 401, retryable: false, exit: 1 },
  forbidden: { status: 403, retryable: false, exit: 1 },
  not_found: { status: 404, retryable: false, exit: 1 },
  method_not_allowed: { status: 405, retryable: false, exit: 1 },
  not_acceptable: { status: 406, retryable: false, exit: 1 },
  already_exists: { status: 409, retryable: false, exit: 1 },
  conflict: { status: 409, retryable: true, exit: 1 },
  lease_lost: { status: 409, retryable: false, exit: 1 },
  fenced: { status: 409, retryable: false, exit: 1 },
  precondition_failed: { status: 412, retryable: false, exit: 1 },
  too_large: { status: 413, retryable: false, exit: 1 },
  uri_too_long: { status: 414, retryable: false, exit: 1 },
  unsupported_media_type: { status: 415, retryable: false, exit: 1 },
  rate_limited: { status: 429, retryable: true, exit: 1 },
  newer_version: { status: 500, retryable: false, exit: 2 },
  data_unreadable: { status: 500, retryable: false, exit: 2 },
  port_in_use: { status: 500, retryable: false, exit: 2 },
  chain_refused: { status: 422, retryable: false, exit: 1 },
  store_unavailable: { status: 503, retryable: true, exit: 1 },
  upstream_failed: { status: 502, retryable: true, exit: 1 },
  timed_out: { status: 504, retryable: true, exit: 1 },
} as const

export type ErrorCode = keyof typeof catalog
/** All of them. */
export const errorCodes: ReadonlySet<string> = new Set(Object.keys(catalog))

export class OrreryError extends Error {
  readonly code: ErrorCode
  readonly details: Readonly<Record<string, unknown>>

  /** @param message what happened, where, and what to do next: one sentence for a person. */
  constructor(code: ErrorCode, message: string, details: Record<string, unknown> = {}, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'OrreryError'
    this.code = code
    this.details = details
  }

  get status(): number {
    return catalog[this.code].status
  }

  get retryable(): boolean {
    return catalog[this.code].retryable
  }

  get exitCode(): number {
    return catalog[this.code].exit
  }
}
