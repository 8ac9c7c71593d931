import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Clock } from '#schemas/clock.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { SignedUrl } from '#schemas/object-store.ts'
import type { Staging } from './durable-file.ts'
import { signingSecret } from './signing-secret.ts'

/** What a signed URL says: its bearer may do `method` on `key` until `expires` (ms since epoch). */
export interface Capability {
  method: 'GET' | 'PUT'
  key: string
  expires: number
  /** HMAC-SHA256 under the store's secret, lower-case hex. */
  signature: string
}

/** As long as S3 allows. */
const ttlMsMax = 7 * 24 * 3_600_000

/** @param path file of the secret, made at the first signature; whoever can read it can sign */
export function capabilities(path: string, files: Staging, clock: Clock) {
  const secret = signingSecret(path, files)
  const isSigned = async ({ method, key, expires, signature }: Capability): Promise<boolean> => {
    const expected = digest(await secret(), method, key, expires)
    const given = Buffer.from(signature, 'hex')
    return given.length === expected.length && timingSafeEqual(given, expected) && clock.now() < expires
  }
  return {
    async sign({ method, key, ttlMs, origin }: { method: 'GET' | 'PUT'; key: string; ttlMs: number; origin: string }): Promise<SignedUrl> {
      if (!Number.isSafeInteger(ttlMs) || ttlMs < 1 || ttlMs > ttlMsMax)
        throw new OrreryError('invalid_argument', `A URL cannot be signed for ${ttlMs} ms; pass a ttlMs of 1..${ttlMsMax}.`, { ttlMs })
      const expires = clock.now() + ttlMs
      const signature = digest(await secret(), method, key, expires).toString('hex')
      const path = key.split('/').map(encodeURIComponent).join('/')
      const query = new URLSearchParams({ method, expires: String(expires), signature })
      return { url: `${origin}/objects/${path}?${query}`, method, expiresAt: new Date(expires) }
    },
    /** No key ends with `/`: what is signed for a folder is signed for no object. */
    async grant(folder: string, until: number): Promise<string> {
      if (!folder.endsWith('/')) throw new OrreryError('invalid_argument', `"${folder}" is no folder of keys; end it with "/".`, { folder })
      return `${until}.${digest(await secret(), 'GET', folder, until).toString('hex')}.${Buffer.from(folder).toString('base64url')}`
    },
    async isGranted(token: string, key: string): Promise<boolean> {
      const [, until, signature, encoded] = /^(\d{1,15})\.([0-9a-f]{64})\.([\w-]{1,1400})$/.exec(token) ?? []
      if (until === undefined || signature === undefined || encoded === undefined) return false
      const folder = Buffer.from(encoded, 'base64url').toString()
      if (Buffer.from(folder).toString('base64url') !== encoded) return false
      return folder.endsWith('/') && key.startsWith(folder) && (await isSigned({ method: 'GET', key: folder, expires: Number(until), signature }))
    },
    accepts: isSigned,
  }
}

/** The key comes last: it is the only part that may hold any character. */
const digest = (secret: Buffer, method: string, key: string, expires: number): Buffer =>
  createHmac('sha256', secret).update(`${method}\n${expires}\n${key}`).digest()
