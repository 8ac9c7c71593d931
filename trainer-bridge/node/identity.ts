import { signBtauth } from '#infra/signed-http/btauth.ts'
import type { Signer } from '#schemas/chain.ts'
import { OrreryError } from '#schemas/errors.ts'

/** What a node shows when it joins; nothing of all: its name alone, which a feed takes of its own machine. */
export interface Credentials {
  /** Key of the operator of the feed, for whom he lets in. */
  key?: string | undefined
  /** Hotkey of the node. */
  signer?: Signer | undefined
  /** Where the token stays that the feed gives: who had none but its name would not get that name again. */
  kept?: KeptToken | undefined
}

export interface KeptToken {
  read(): Promise<string | undefined>
  keep(token: string): Promise<void>
}

/** Whom a feed takes the node for. */
export interface Identity {
  /** Headers of a request. */
  headers(request: { method: string; path: string; body: string }): Promise<Record<string, string>>
  /** The feed gave a token, which stands for the credentials from now on; undefined: it did not. */
  joined(token: string | undefined): Promise<void>
  /** Learns from a refusal: a token that is over is forgotten; a signature is for whom it was to be, and of the time there. @returns whether another try is worth it */
  learn(refusal: unknown): boolean
}

/** @param date of this machine, ms since the Unix epoch */
export function identityOf({ key, signer, kept }: Credentials, date: () => number): Identity {
  let token: Promise<string | undefined> | undefined
  let receiver = '-'
  let aheadMs = 0
  let requests = 0n

  const nonceNs = (): bigint => BigInt(date() + aheadMs) * 1_000_000n + (++requests % 1_000_000n)
  const given = (): Promise<string | undefined> => (token ??= kept?.read() ?? Promise.resolve(undefined))
  let isTokenUsed = false

  return {
    async headers({ method, path, body }): Promise<Record<string, string>> {
      const known = await given()
      isTokenUsed = known !== undefined
      if (known !== undefined) return { authorization: `Bearer ${known}` }
      const signed = signer && signBtauth(signer, { method, target: path, body: Buffer.from(body), nonceNs: nonceNs(), receiver })
      return { ...(key !== undefined && { authorization: `Bearer ${key}` }), ...signed }
    },
    async joined(next) {
      if (next === undefined) return
      token = Promise.resolve(next)
      await kept?.keep(next)
    },
    learn(refusal) {
      if (!(refusal instanceof OrreryError && refusal.code === 'unauthorized')) return false
      if (isTokenUsed) {
        token = Promise.resolve(undefined)
        return true
      }
      const { receivers, server_time_ms: time } = refusal.details
      const [first] = Array.isArray(receivers) ? receivers : []
      const before = [receiver, aheadMs].join()
      if (typeof first === 'string') receiver = first
      if (typeof time === 'number' && Number.isSafeInteger(time)) aheadMs = time - date()
      return signer !== undefined && [receiver, aheadMs].join() !== before
    },
  }
}
