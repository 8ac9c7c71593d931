import type { IncomingHttpHeaders } from 'node:http'
import { sha256Hex } from '#schemas/canonical-json.ts'
import type { Signer } from '#schemas/chain.ts'
import { addressIn, headerOf, signatureOf } from './header-values.ts'
import { sortedJson } from './sorted-json.ts'
import type { ReceivedRequest, SchemeRules, SignatureClaim } from './signed-request.ts'

/**
 * Epistula binds neither method nor target: `sha256hex(body).uuid.timestamp.signedFor`, the last dot also where it is for nobody. IOTA's client leaves out
 * version and uuid. Timestamps are ms.
 */
const names = {
  version: 'epistula-version',
  timestamp: 'epistula-timestamp',
  uuid: 'epistula-uuid',
  signedBy: 'epistula-signed-by',
  signedFor: 'epistula-signed-for',
  signature: 'epistula-request-signature',
} as const

export const epistula: SchemeRules = {
  name: 'epistula/2',
  isUsed: (headers) => headers[names.version] !== undefined,
  pastMs: 10_000,
  aheadMs: 10_000,
  mayBeUnbound: true,
  mayRepeat: false,
  read(request) {
    if (headerOf(request.headers, names.version) !== '2') return 'Epistula-Version is not 2'
    const uuid = headerOf(request.headers, names.uuid) ?? ''
    if (!/^[0-9A-Za-z-]{1,64}$/.test(uuid)) return 'Epistula-Uuid is no UUID'
    const claim = readClaim(request.headers)
    if (typeof claim === 'string') return claim
    return { ...claim, nonce: `${uuid}.${claim.timestamp}`, messages: () => [messageOf(request.body, uuid, claim.timestamp, claim.receiver)] }
  },
}

/**
 * The form of IOTA's miner client (2026): it signs its body with sorted keys, and `{}` where it has none, but sends it as it is; and sends the same headers up
 * to three times within 40 s each. So the same signature may come for two minutes, and is then the same request.
 */
export const iotaClient: SchemeRules = {
  name: 'iota',
  isUsed: (headers) => headers[names.version] === undefined && headers[names.signature] !== undefined,
  pastMs: 150_000,
  aheadMs: 10_000,
  mayBeUnbound: true,
  mayRepeat: true,
  read({ headers, body }) {
    const claim = readClaim(headers)
    if (typeof claim === 'string') return claim
    const { timestamp, receiver, signature } = claim
    return {
      ...claim,
      nonce: signature,
      *messages() {
        for (const signed of bodiesOf(body)) yield messageOf(signed, undefined, timestamp, receiver)
      },
    }
  },
}

/** What IOTA's client may have signed of what it sent. */
function* bodiesOf(body: Uint8Array): Iterable<Uint8Array> {
  if (body.length === 0) return yield Buffer.from('{}')
  yield body
  yield* sortedJson(body)
}

function readClaim(headers: IncomingHttpHeaders): (Omit<SignatureClaim, 'nonce' | 'messages'> & { timestamp: string }) | string {
  const hotkey = addressIn(headers, names.signedBy)
  if (hotkey === undefined) return 'Epistula-Signed-By is no SS58 address'
  const timestamp = headerOf(headers, names.timestamp) ?? ''
  if (!/^[1-9]\d{0,15}$/.test(timestamp)) return 'Epistula-Timestamp is no time in milliseconds'
  const signature = signatureOf(headers, names.signature)
  if (signature === undefined) return 'Epistula-Request-Signature is not 0x and 128 hex digits'
  const receiver = headerOf(headers, names.signedFor)
  return { hotkey, signature, timestamp, signedAtNs: BigInt(timestamp) * 1_000_000n, receiver: receiver === '' ? undefined : receiver }
}

const messageOf = (body: Uint8Array, uuid: string | undefined, timestamp: string, receiver = ''): Uint8Array =>
  Buffer.from([sha256Hex(body), ...(uuid === undefined ? [] : [uuid]), timestamp, receiver].join('.'))

/** The Epistula v2 headers of a request that a hotkey signs. @param timestampMs of the signer's clock @param receiver absent: for anybody */
export function signEpistula(
  signer: Signer,
  { body, uuid, timestampMs, receiver }: Pick<ReceivedRequest, 'body'> & { uuid: string; timestampMs: number; receiver?: string },
): Record<string, string> {
  const timestamp = String(timestampMs)
  return {
    [names.version]: '2',
    [names.uuid]: uuid,
    ...stamp(signer, messageOf(body, uuid, timestamp, receiver), timestamp, receiver),
  }
}

/** The headers IOTA's client sends. @param signedBody what it signs: its body with sorted keys, `{}` for none */
export function signAsIotaClient(
  signer: Signer,
  { signedBody, timestampMs, receiver }: { signedBody: Uint8Array; timestampMs: number; receiver?: string },
): Record<string, string> {
  const timestamp = String(timestampMs)
  return stamp(signer, messageOf(signedBody, undefined, timestamp, receiver), timestamp, receiver)
}

const stamp = (signer: Signer, message: Uint8Array, timestamp: string, receiver: string | undefined): Record<string, string> => ({
  [names.timestamp]: timestamp,
  [names.signedBy]: signer.address,
  ...(receiver !== undefined && { [names.signedFor]: receiver }),
  [names.signature]: `0x${Buffer.from(signer.sign(message)).toString('hex')}`,
})
