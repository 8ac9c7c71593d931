import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { Clock } from '#schemas/clock.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { SignedUrl } from '#schemas/object-store.ts'
import type { Staging } from './durable-file.ts'

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
const secretBytes = 32

/** @param path file of the secret, made at the first signature; whoever can read it can sign */
export function capabilities(path: string, files: Staging, clock: Clock) {
  let known: Promise<Buffer> | undefined
  const secret = (): Promise<Buffer> => (known ??= obtainSecret(path, files).catch((cause: unknown) => ((known = undefined), Promise.reject(cause))))
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
    async accepts({ method, key, expires, signature }: Capability): Promise<boolean> {
      const expected = digest(await secret(), method, key, expires)
      const given = Buffer.from(signature, 'hex')
      return given.length === expected.length && timingSafeEqual(given, expected) && clock.now() < expires
    },
  }
}

/** The key comes last: it is the only part that may hold any character. */
const digest = (secret: Buffer, method: string, key: string, expires: number): Buffer =>
  createHmac('sha256', secret).update(`${method}\n${expires}\n${key}`).digest()

/** Of processes that start at once, the first to place the secret makes it for all. */
async function obtainSecret(path: string, files: Staging): Promise<Buffer> {
  const found = await readSecret(path)
  if (found) return found
  await using staged = await files.stage([randomBytes(secretBytes)], 0o600)
  await files.place(staged, path)
  return (await readSecret(path)) ?? obtainSecret(path, files)
}

async function readSecret(path: string): Promise<Buffer | undefined> {
  try {
    const secret = await readFile(path)
    if (secret.length === secretBytes) return secret
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new OrreryError('data_unreadable', `The signing secret ${path} cannot be read; mend its permissions.`, { path }, cause)
  }
  throw new OrreryError('data_unreadable', `The signing secret ${path} is damaged; delete it: URLs signed so far lose their force.`, { path })
}
