/** Why a request gave no response, as stable codes. */
export type HttpFailureReason =
  | 'bad_url'
  | 'scheme_refused'
  | 'credentials_refused'
  | 'private_address'
  | 'dns_failed'
  | 'connection_failed'
  | 'tls'
  | 'timeout'
  | 'too_large'
  | 'ratio_too_high'
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
  ETIMEDOUT: 'timeout',
  UND_ERR_CONNECT_TIMEOUT: 'timeout',
  UND_ERR_HEADERS_TIMEOUT: 'timeout',
  UND_ERR_BODY_TIMEOUT: 'timeout',
  UND_ERR_HEADERS_OVERFLOW: 'headers_too_large',
  HPE_HEADER_OVERFLOW: 'headers_too_large',
  UND_ERR_RES_EXCEEDED_MAX_SIZE: 'too_large',
  UND_ERR_INVALID_ARG: 'bad_url',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'tls',
  SELF_SIGNED_CERT_IN_CHAIN: 'tls',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'tls',
  UNABLE_TO_GET_ISSUER_CERT: 'tls',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'tls',
  EPROTO: 'tls',
}

/** The reason behind whatever a socket, a parser, zlib or we ourselves threw; follows causes. */
export function failureReason(error: unknown): HttpFailureReason {
  for (let at = error, depth = 0; at instanceof Error && depth < 8; at = at.cause, depth++) {
    if (at instanceof HttpTrouble) return at.reason
    if (at.name === 'TimeoutError') return 'timeout'
    const code = (at as NodeJS.ErrnoException).code ?? ''
    const known = byCode[code]
    if (known) return known
    if (/^(ERR_TLS|ERR_SSL|CERT_)/.test(code)) return 'tls'
    if (code.startsWith('HPE_') || at.name === 'HTTPParserError') return 'bad_response'
    if (/^(Z_|ERR_BROTLI|ERR_ZSTD|ZSTD_)/.test(code)) return 'bad_encoding'
  }
  return 'connection_failed'
}

/** Trouble of the way there, that may be gone on another try; everything else will be the same again. */
export const isTransient = (reason: string): boolean => reason === 'timeout' || reason === 'connection_failed' || reason === 'dns_failed'
