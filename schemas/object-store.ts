/** Half-open byte range [start, end). An end past the object is cut to it. */
export interface ByteRange {
  start: number
  end: number
}

export interface ObjectInfo {
  key: string
  bytes: number
}

/** What an object is said to be, before its bytes are seen. */
export interface ObjectContent {
  /** 64 lower-case hex digits. */
  sha256: string
  bytes: number
}

/** A capability URL: who holds it may do the one thing it names until it expires. */
export interface SignedUrl {
  url: string
  method: 'GET' | 'PUT'
  expiresAt: Date
}

/**
 * Immutable objects under slash-separated keys.
 *
 * Contract: after `put` resolves, the object survives a power cut, and no reader ever sees a part of it.
 * A key is written once: a second `put` with other bytes is `already_exists`, with the same bytes (by size and sha256) a no-op: so a `put` whose answer was lost
 * is done again. On S3 that is If-None-Match: *, on CompleteMultipartUpload for a stream of more than one part, with the sha256 kept as the object's metadata
 * to be compared after 412; a body that fails is AbortMultipartUpload.
 * A key is 1..1024 bytes of UTF-8: `/`-separated segments of 1..255 bytes, none `.`, `..` or starting with `.tmp`, without control characters and
 * backslashes; anything else is `invalid_argument`. A backend may refuse a key below or above that of an object (`a/b` beside `a`) as `already_exists`.
 */
export interface ObjectStore {
  /** URL below which readers that reach the backend itself find the keys, as they stand, without a `/` at its end: `file:///…`, `s3://bucket/…`. */
  readonly location: string
  /**
   * @param body a stream is taken piece by piece, in bounded memory; a piece may change once the next is asked for. When the stream throws, so does `put`, the
   * same error, and nothing was written
   * @param expected refuses a body that is another
   * @throws OrreryError `already_exists`; `invalid_record` when the body is not what was expected: then nothing was written; `invalid_argument`, `store_unavailable`
   */
  put(key: string, body: Uint8Array | AsyncIterable<Uint8Array>, expected?: ObjectContent): Promise<void>
  /** @throws OrreryError `not_found`; `invalid_argument` for a range that is negative, fractional or reversed */
  get(key: string, range?: ByteRange): Promise<Uint8Array>
  head(key: string): Promise<ObjectInfo | undefined>
  /**
   * Every object whose key starts with `prefix`, in byte order of the UTF-8 key, behind `after` where that is given (any text). Walks lazily, never the whole
   * store at once; what is asked of each object is asked of those that are listed only.
   */
  list(prefix: string, options?: { after?: string }): AsyncIterable<ObjectInfo>
  /** Deleting what is not there is not an error. */
  delete(key: string): Promise<void>
  /** @param ttlMs an integer of 1 ms..7 days. @throws OrreryError `not_found`; `invalid_argument`, also when nothing serves the URLs of this store */
  signGet(key: string, ttlMs: number): Promise<SignedUrl>
  /** The PUT obeys the rules of `put`. */
  signPut(key: string, ttlMs: number): Promise<SignedUrl>
}
