import { createHmac, timingSafeEqual } from 'node:crypto'
import { join } from 'node:path'
import type { Clock } from '#schemas/clock.ts'
import { OrreryError } from '#schemas/errors.ts'
import { staging } from '../store/durable-file.ts'
import { signingSecret } from '../store/signing-secret.ts'

/** Paths whose bearer may GET them, as often as they like, until they expire. Nothing is kept of any but the secret they are signed with. */
export interface SignedPaths {
  /** @param path with a query or without @returns the path with `expires` and `signature`. @throws OrreryError `invalid_argument` for a time that is not 1 ms..7 days */
  sign(path: string, ttlMs: number): Promise<string>
  /** @param path as it came, `expires` and `signature` last. @throws OrreryError `forbidden` unless it was signed here, or by another process on the folder, and has not expired */
  require(path: string): Promise<void>
}

const ttlMsMax = 7 * 24 * 3_600_000

/** @param folder of the secret, which is made at the first signature and outlives the process */
export function signedPaths(folder: string, clock: Clock): SignedPaths {
  const secret = signingSecret(
    join(folder, 'url-secret'),
    staging(folder, join(folder, '.tmp'), () => clock.now()),
  )
  const digestOf = async (path: string, expires: string): Promise<Buffer> =>
    createHmac('sha256', await secret())
      .update(`GET\n${expires}\n${path}`)
      .digest()
  return {
    async sign(path, ttlMs) {
      if (!Number.isSafeInteger(ttlMs) || ttlMs < 1 || ttlMs > ttlMsMax)
        throw new OrreryError('invalid_argument', `A path cannot be signed for ${ttlMs} ms; pass a ttlMs of 1..${ttlMsMax}.`, { ttlMs })
      const expires = String(clock.now() + ttlMs)
      const signature = await digestOf(path, expires)
      return `${path}${path.includes('?') ? '&' : '?'}expires=${expires}&signature=${signature.toString('hex')}`
    },
    async require(signed) {
      const [, path, expires, signature] = /^(.{1,4096})[?&]expires=(\d{1,15})&signature=([0-9a-f]{64})$/.exec(signed) ?? []
      const isGood =
        path !== undefined &&
        expires !== undefined &&
        signature !== undefined &&
        timingSafeEqual(await digestOf(path, expires), Buffer.from(signature, 'hex')) &&
        clock.now() < Number(expires)
      // Not `unauthorized`: it is not something a client could log in for (RFC 9110 §15.5.4).
      if (!isGood) throw new OrreryError('forbidden', 'This signed address was changed, or has expired; ask its issuer for a new one.')
    },
  }
}
