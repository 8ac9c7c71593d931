import { sha256Hex } from '#schemas/canonical-json.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { SignatureChecks } from './checks.ts'
import type { ReceivedRequest, SchemeRules, SignatureClaim, SignedBy } from './signed-request.ts'

export interface SignatureParts {
  /** The forms this service takes. A request names one of them; another's headers say nothing here. */
  schemes: readonly SchemeRules[]
  /** SS58 addresses this service answers to: what is signed for another is refused. */
  receivers: readonly string[]
  /** Whether whoever says that they signed may ask anything here; absent: whoever has a key. Asked before their signature is looked at, which costs more. */
  isKnown?: (hotkey: string) => boolean | Promise<boolean>
  /** The date as the machine has it, ms since the Unix epoch: signatures carry the date of who signed. */
  date(): number
  checks: Pick<SignatureChecks, 'check'>
}

/**
 * Says who signed a request, over the bytes that came; undefined: it does not say that it is signed.
 * @throws OrreryError `unauthorized` for a signature that is malformed, too old, for another, wrong, or came before; `forbidden` for a signer who is not known;
 * `rate_limited`
 */
export type VerifySigned = (request: ReceivedRequest) => Promise<SignedBy | undefined>

/** Signatures that wait to be checked: half a second of them. */
const waitingMax = 256

/** Whether a request says that it is signed in one of the forms. */
export const isSigned = (schemes: readonly SchemeRules[], headers: ReceivedRequest['headers']): boolean => schemes.some((scheme) => scheme.isUsed(headers))

export function signedRequests({ schemes, receivers, isKnown, date, checks }: SignatureParts): VerifySigned {
  let waiting = 0

  async function check(...[asked]: Parameters<SignatureChecks['check']>) {
    if (waiting >= waitingMax) throw new OrreryError('rate_limited', 'More signed requests come than can be checked; ask again in a second.')
    waiting++
    return checks.check(asked).finally(() => waiting--)
  }

  return async (request) => {
    const scheme = schemes.find(({ isUsed }) => isUsed(request.headers))
    if (!scheme) return undefined
    const claim = scheme.read(request)
    if (typeof claim === 'string') throw refused(scheme, claim)
    const { hotkey, signature } = claim
    const nowMs = date()
    const isFresh = checkTime(scheme, claim, nowMs)
    checkReceiver(scheme, claim, receivers)
    if (isKnown && !(await isKnown(hotkey)))
      throw new OrreryError('forbidden', `${hotkey} is nobody here; register it on the subnet first.`, { hotkey, scheme: scheme.name })
    const requestKey = sha256Hex(`${scheme.name}\n${hotkey}\n${claim.nonce}`)
    const checked = await check({
      hotkey,
      messages: [...claim.messages()],
      signature,
      requestKey,
      about: sha256Hex(`${request.method} ${request.target}`),
      mayRepeat: scheme.mayRepeat,
      untilMs: Number(claim.signedAtNs / 1_000_000n) + scheme.pastMs + 1,
      nowMs,
      ...(claim.order !== undefined && { order: claim.order, isFresh }),
    })
    if (checked === 'old') throw tooOld(scheme, claim, nowMs)
    if (checked === 'wrong') throw refused(scheme, `the signature is not one of ${hotkey} over this request`)
    if (checked === 'elsewhere' || (checked === 'again' && !scheme.mayRepeat))
      throw refused(scheme, 'this very request came before; sign each one anew', { replayed: true })
    return { hotkey, scheme: scheme.name, requestKey, isRepeat: checked === 'again' }
  }
}

/** @returns whether it is young enough; where it belongs to an order that may not matter */
function checkTime(scheme: SchemeRules, claim: SignatureClaim, nowMs: number): boolean {
  const aheadNs = claim.signedAtNs - BigInt(nowMs) * 1_000_000n
  if (aheadNs > BigInt(scheme.aheadMs) * 1_000_000n) throw offTime(scheme, 'early', scheme.aheadMs, nowMs)
  const isFresh = -aheadNs <= BigInt(claim.pastMs ?? scheme.pastMs) * 1_000_000n
  if (!isFresh && claim.order === undefined) throw tooOld(scheme, claim, nowMs)
  return isFresh
}

const tooOld = (scheme: SchemeRules, { pastMs = scheme.pastMs }: SignatureClaim, nowMs: number): OrreryError => offTime(scheme, 'old', pastMs, nowMs)

/** Whose clock is off learns by how much: `server_time_ms` is what the signature should have carried. */
const offTime = (scheme: SchemeRules, which: 'old' | 'early', mostMs: number, nowMs: number): OrreryError =>
  refused(scheme, `it is too ${which} by the clock here (at most ${mostMs / 1000} s); sign it with server_time_ms`, { server_time_ms: nowMs })

function checkReceiver({ mayBeUnbound, ...scheme }: SchemeRules, { receiver }: SignatureClaim, receivers: readonly string[]): void {
  const isOurs = receiver === undefined ? mayBeUnbound : receivers.includes(receiver)
  if (!isOurs)
    throw refused(scheme, `it is for ${receiver === undefined ? 'nobody' : 'another'}; sign it for ${receivers.join(' or ') || 'who answers here'}`, {
      receivers,
    })
}

const refused = ({ name }: Pick<SchemeRules, 'name'>, why: string, details: object = {}): OrreryError =>
  new OrreryError('unauthorized', `The request is not taken as signed (${name}): ${why}.`, { scheme: name, ...details })
