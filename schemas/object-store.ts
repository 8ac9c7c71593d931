/** Half-open byte range [start, end). An end past the object is cut to it. */
export interface ByteRange {
  start: number
  end: number
}

export interface ObjectInfo {
  key: string
  bytes: number
  modifiedAt: Date
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
 * A key is written once: a second `put` with other bytes is `already_exists`, with the same bytes a no-op.
 * A key is 1..1024 bytes of UTF-8: `/`-separated segments of 1..255 bytes, none `.`, `..` or starting with `.tmp`, without control characters and
 * backslashes; anything else is `invalid_argument`. A backend may refuse a key below or above that of an object (`a/b` beside `a`) as `already_exists`.
 */
export interface ObjectStore {
  put(key: string, body: Uint8Array): Promise<void>
  /** @throws OrreryError `not_found`; `invalid_argument` for a range that is negative, fractional or reversed */
  get(key: string, range?: ByteRange): Promise<Uint8Array>
  head(key: string): Promise<ObjectInfo | undefined>
  /** Every object whose key starts with `prefix`, in byte order of the UTF-8 key; walks lazily, never the whole store at once. */
  list(prefix: string): AsyncIterable<ObjectInfo>
  /** Deleting what is not there is not an error. */
  delete(key: string): Promise<void>
  /** @param ttlMs an integer of 1 ms..7 days. @throws OrreryError `not_found`; `invalid_argument`, also when nothing serves the URLs of this store */
  signGet(key: string, ttlMs: number): Promise<SignedUrl>
  /** The PUT obeys the rules of `put`. */
  signPut(key: string, ttlMs: number): Promise<SignedUrl>
}
