/** What a key may do: read datasets; send SQL; make tasks and datasets, open and close epochs; train (the feed). */
export const apiScopes = ['read', 'sql', 'tasks', 'feed'] as const
export type ApiScope = (typeof apiScopes)[number]

/** A key, without what its bearer holds. Times are ms since epoch. */
export interface ApiKey {
  /** 12 lower-case hex digits; stands in the key itself, to find it by. */
  id: string
  name: string
  scopes: readonly ApiScope[]
  /** null: as many as they like. */
  requestsPerMinute: number | null
  /** Of answers, by day of UTC. null: as many as they like. */
  bytesPerDay: number | null
  createdAt: number
  expiresAt: number | null
  revokedAt: number | null
  lastUsedAt: number | null
}

export type ApiKeyWish = Pick<ApiKey, 'name' | 'scopes' | 'requestsPerMinute' | 'bytesPerDay' | 'expiresAt'>

/** Shown once: only its sha256 is kept. `orr_`, the id, `_`, 256 random bits in base64url. */
export interface NewApiKey {
  key: ApiKey
  secret: string
}

/** `quota`: which one is used up, and when to come again. */
export type Admission =
  | { outcome: 'admitted'; key: ApiKey }
  | { outcome: 'unknown' | 'expired' | 'revoked' }
  | { outcome: 'quota'; quota: 'requests_per_minute' | 'bytes_per_day'; retrySeconds: number }

/**
 * Keys of the query API, shared by processes. Made, revoked and rotated durably; what a power cut may cost is the count of the last requests.
 * Each method @throws OrreryError `store_unavailable`
 */
export interface ApiKeys {
  /** @throws OrreryError `invalid_argument` */
  create(wish: ApiKeyWish): Promise<NewApiKey>
  /** Oldest first. */
  list(): Promise<ApiKey[]>
  /** Ends it for good; doing it again is no error. @throws OrreryError `not_found` */
  revoke(id: string): Promise<ApiKey>
  /** A new secret under the same id; the one before is taken for `graceMs` more. @throws OrreryError `not_found`, `conflict` for one that is over, `invalid_argument` */
  rotate(id: string, graceMs: number): Promise<NewApiKey>
  /** Whether the bearer of `secret` (any text) may ask; counts a request where it may. */
  admit(secret: string): Promise<Admission>
  /** Counts bytes that were answered. */
  charge(id: string, bytes: number): Promise<void>
}
