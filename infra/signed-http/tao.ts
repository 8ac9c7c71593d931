import { sha256Hex } from '#schemas/canonical-json.ts'
import type { Signer } from '#schemas/chain.ts'
import { addressIn, headerOf } from './header-values.ts'
import type { ReceivedRequest, SchemeRules } from './signed-request.ts'

/**
 * `X-Tao-Version: 2` of Data Universe's store API (macrocosm-os/data-universe, common/api_client.py): `sha256hex(body).nonce.timestamp` with the timestamp in ms,
 * the signature in base64. It binds no method, no target and no receiver.
 */
const names = {
  version: 'x-tao-version',
  timestamp: 'x-tao-timestamp',
  nonce: 'x-tao-nonce',
  signedBy: 'x-tao-signed-by',
  signature: 'x-tao-signature',
} as const

export const tao: SchemeRules = {
  name: 'x-tao/2',
  isUsed: (headers) => headers[names.version] !== undefined || headers[names.signature] !== undefined,
  pastMs: 10_000,
  aheadMs: 10_000,
  mayBeUnbound: true,
  mayRepeat: false,
  read({ headers, body }) {
    if (headerOf(headers, names.version) !== '2') return 'X-Tao-Version is not 2'
    const hotkey = addressIn(headers, names.signedBy)
    if (hotkey === undefined) return 'X-Tao-Signed-By is no SS58 address'
    const timestamp = headerOf(headers, names.timestamp) ?? ''
    if (!/^[1-9]\d{0,15}$/.test(timestamp)) return 'X-Tao-Timestamp is no time in milliseconds'
    const nonce = headerOf(headers, names.nonce) ?? ''
    if (!/^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/i.test(nonce)) return 'X-Tao-Nonce is no UUID'
    const signature = base64Signature(headerOf(headers, names.signature) ?? '')
    if (signature === undefined) return 'X-Tao-Signature is not 64 bytes of base64'
    return {
      hotkey,
      signature,
      signedAtNs: BigInt(timestamp) * 1_000_000n,
      receiver: undefined,
      nonce: `${nonce}.${timestamp}`,
      messages: () => [messageOf(body, nonce, timestamp)],
    }
  },
}

const messageOf = (body: Uint8Array, nonce: string, timestamp: string): Uint8Array => Buffer.from(`${sha256Hex(body)}.${nonce}.${timestamp}`)

/** 0x and 128 hex; a signature has one spelling in base64. */
function base64Signature(text: string): string | undefined {
  if (!/^[A-Za-z0-9+/]{86}==$/.test(text)) return undefined
  const bytes = Buffer.from(text, 'base64')
  return bytes.toString('base64') === text ? `0x${bytes.toString('hex')}` : undefined
}

/** The headers of a request that a hotkey signs. @param nonce a UUID, another for each request @param timestampMs of the signer's clock */
export function signTao(
  signer: Signer,
  { body, nonce, timestampMs }: Pick<ReceivedRequest, 'body'> & { nonce: string; timestampMs: number },
): Record<(typeof names)[keyof typeof names], string> {
  const timestamp = String(timestampMs)
  return {
    [names.version]: '2',
    [names.timestamp]: timestamp,
    [names.nonce]: nonce,
    [names.signedBy]: signer.address,
    [names.signature]: Buffer.from(signer.sign(messageOf(body, nonce, timestamp))).toString('base64'),
  }
}
