/** Why a request gave no response, as stable codes. */
export type HttpFailureReason =
  | 'bad_url'
  /** Our own way to the network is gone (scraper/limits/uplink.ts). */
  | 'offline'
  | 'scheme_refused'
  | 'credentials_refused'
  | 'port_refused'
  | 'private_address'
  | 'dns_failed'
  /** Nobody listens there. */
  | 'connection_refused'
  | 'connection_failed'
  | 'connect_timeout'
  | 'headers_timeout'
  | 'body_timeout'
  /** The whole time of the call. */
  | 'timeout'
  | 'tls_expired'
  | 'tls_self_signed'
  | 'tls_untrusted'
  | 'tls_name_mismatch'
  /** Any other trouble of TLS. */
  | 'tls'
  | 'too_large'
  | 'ratio_too_high'
  /** The connection ended before the body did. */
  | 'truncated_body'
  | 'bad_encoding'
  | 'headers_too_large'
  | 'bad_response'
  | 'bad_redirect'
  | 'redirect_loop'
  | 'too_many_redirects'

/** Thrown inside the client where a request goes wrong; leaves it only as a value. */
export class HttpTrouble extends Error {
  readonly reason: HttpFailureReason

  constructor(reason: HttpFailureReason, cause?: unknown) {
    super(reason, cause === undefined ? undefined : { cause })
    this.name = 'HttpTrouble'
    this.reason = reason
  }
}

const byCode: Readonly<Record<string, HttpFailureReason>> = {
  ENOTFOUND: 'dns_failed',
  EAI_AGAIN: 'dns_failed',
  EAI_FAIL: 'dns_failed',
  EAI_NODATA: 'dns_failed',
  ECONNREFUSED: 'connection_refused',
  ETIMEDOUT: 'connect_timeout',
  UND_ERR_CONNECT_TIMEOUT: 'connect_timeout',
  UND_ERR_HEADERS_TIMEOUT: 'headers_timeout',
  UND_ERR_BODY_TIMEOUT: 'body_timeout',
  UND_ERR_HEADERS_OVERFLOW: 'headers_too_large',
  HPE_HEADER_OVERFLOW: 'headers_too_large',
  UND_ERR_RES_EXCEEDED_MAX_SIZE: 'too_large',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'truncated_body',
  UND_ERR_INVALID_ARG: 'bad_url',
  CERT_HAS_EXPIRED: 'tls_expired',
  CERT_NOT_YET_VALID: 'tls_expired',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'tls_self_signed',
  SELF_SIGNED_CERT_IN_CHAIN: 'tls_self_signed',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'tls_untrusted',
  UNABLE_TO_GET_ISSUER_CERT: 'tls_untrusted',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'tls_untrusted',
  CERT_UNTRUSTED: 'tls_untrusted',
  ERR_TLS_CERT_ALTNAME_INVALID: 'tls_name_mismatch',
  HOSTNAME_MISMATCH: 'tls_name_mismatch',
  EPROTO: 'tls',
}

/** The reason behind whatever a socket, a parser, zlib or we ourselves threw; follows causes. */
export function failureReason(error: unknown): HttpFailureReason {
  for (let at = error, depth = 0; at instanceof Error && depth < 8; at = at.cause, depth++) {
    if (at instanceof HttpTrouble) return at.reason
    const code = (at as NodeJS.ErrnoException).code ?? ''
    const known = byCode[code]
    if (known) return known
    if (/^(ERR_TLS|ERR_SSL|CERT_)/.test(code)) return 'tls'
    if (code.startsWith('HPE_') || at.name === 'HTTPParserError') return 'bad_response'
    if (/^(Z_|ERR__ERROR|ERR_BROTLI|ERR_ZSTD|ZSTD_)/.test(code)) return 'bad_encoding'
  }
  return 'connection_failed'
}

const transient = new Set([
  'offline',
  'dns_failed',
  'connection_refused',
  'connection_failed',
  'connect_timeout',
  'headers_timeout',
  'body_timeout',
  'timeout',
  'truncated_body',
])

/** Trouble of the way there, that may be gone on another try; everything else will be the same again. */
export const isTransient = (reason: string): boolean => transient.has(reason)

/** Never left this machine: the egress rule, or the address itself, forbids the request. */
export const isOwnRefusal = (reason: string): boolean => /^(?:bad_url|scheme_refused|credentials_refused|private_address|port_refused)$/.test(reason)

/** Nobody there could be spoken to, whatever was asked for; else it is about what was asked for. */
export const isOfHost = (reason: string): boolean =>
  isOwnRefusal(reason) || /^(?:dns_failed|connection_refused|connection_failed|connect_timeout|headers_timeout|timeout|tls.*)$/.test(reason)
