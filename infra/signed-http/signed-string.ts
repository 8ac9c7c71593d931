import { sha256Hex } from '#schemas/canonical-json.ts'
import { OrreryError } from '#schemas/errors.ts'
import { isAddress } from '#infra/chain/ss58.ts'
import type { SignatureChecks } from './checks.ts'

/** A string that a hotkey signed to be let in, as members of a JSON body: the form of Data Universe's folder access before X-Tao. */
export interface SignedString {
  /** SS58. */
  hotkey: string
  /** What must have been signed, its time among it. */
  message: string
  /** 128 hex, with or without 0x. */
  signature: string
  /** The time in the message, s since the Unix epoch. */
  signedAtS: number
}

/** `s3:data:access:{coldkey}:{hotkey}:{unix seconds}`, by which a miner asks for its folder. */
export const folderAccessString = ({ coldkey, hotkey, timestampS }: { coldkey: string; hotkey: string; timestampS: number }): string =>
  `s3:data:access:${coldkey}:${hotkey}:${timestampS}`

/** As the reference's own service takes them: it is asked for a day's access, seldom, by machines whose clocks are off. */
const [pastMs, aheadMs] = [300_000, 60_000]

/**
 * Says that a hotkey signed a string a short while ago, and that it was not shown before.
 * @throws OrreryError `unauthorized` for what is malformed, too old, wrong, or came before; `rate_limited`
 */
export async function requireSignedString(
  { hotkey, message, signature, signedAtS }: SignedString,
  { date, checks }: { date(): number; checks: Pick<SignatureChecks, 'check'> },
): Promise<void> {
  const nowMs = date()
  const hex = /^(?:0x)?([0-9a-f]{128})$/.exec(signature.toLowerCase())?.[1]
  if (!isAddress(hotkey)) throw refused('its hotkey is no SS58 address')
  if (hex === undefined) throw refused('its signature is not 128 hex digits')
  const aheadOfUsMs = signedAtS * 1000 - nowMs
  if (!Number.isSafeInteger(signedAtS) || -aheadOfUsMs > pastMs || aheadOfUsMs > aheadMs)
    throw refused(`its time is not within ${pastMs / 1000} s before and ${aheadMs / 1000} s after the clock here`, { server_time_ms: nowMs })
  const checked = await checks.check({
    hotkey,
    messages: [Buffer.from(message)],
    signature: `0x${hex}`,
    // sr25519 signs the same string otherwise each time: what may be shown once is the string.
    requestKey: sha256Hex(`signed string\n${hotkey}\n${message}`),
    about: sha256Hex(''),
    mayRepeat: false,
    untilMs: signedAtS * 1000 + pastMs + 1,
    nowMs,
  })
  if (checked === 'wrong') throw refused(`the signature is not one of ${hotkey} over "${message.slice(0, 200)}"`)
  if (checked !== 'new') throw refused('it came before; sign it anew, a second later', { replayed: true })
}

const refused = (why: string, details: Record<string, unknown> = {}): OrreryError =>
  new OrreryError('unauthorized', `The signed string is not taken: ${why}.`, details)
