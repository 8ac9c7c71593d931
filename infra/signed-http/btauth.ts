import { sha256Hex } from '#schemas/canonical-json.ts'
import type { Signer } from '#schemas/chain.ts'
import { addressIn, headerOf, signatureOf } from './header-values.ts'
import type { SchemeRules } from './signed-request.ts'

/**
 * `btauth/1` of the Bittensor SDK 11 (RaoFoundation/subtensor docs/guides/signed-requests.mdx): the one form that binds method and target.
 * Eight lines are signed with sr25519, in hex.
 */
interface BtauthFields {
  method: string
  target: string
  body: Uint8Array
  /** ns since the Unix epoch, decimal. */
  nonce: string
  sender: string
  receiver: string
}

/** Pinned here: a header that names another is refused, never followed. */
const signatureKind = 'sr25519'

export const btauthMessage = ({ method, target, body, nonce, sender, receiver }: BtauthFields): Uint8Array =>
  Buffer.from(['btauth/1', signatureKind, method.toUpperCase(), target, sha256Hex(body), nonce, sender, receiver].join('\n'))

const names = {
  version: 'x-bittensor-version',
  hotkey: 'x-bittensor-hotkey',
  receiver: 'x-bittensor-receiver',
  nonce: 'x-bittensor-nonce',
  signature: 'x-bittensor-signature',
  kind: 'x-bittensor-crypto',
} as const

export const btauth: SchemeRules = {
  name: 'btauth/1',
  isUsed: (headers) => headers[names.version] !== undefined || headers[names.signature] !== undefined,
  pastMs: 10_000,
  aheadMs: 2_000,
  mayBeUnbound: false,
  mayRepeat: false,
  read({ method, target, headers, body }) {
    if (headerOf(headers, names.version) !== '1') return 'X-Bittensor-Version is not 1'
    if ((headerOf(headers, names.kind) ?? signatureKind) !== signatureKind) return `X-Bittensor-Crypto is not ${signatureKind}`
    const hotkey = addressIn(headers, names.hotkey)
    if (hotkey === undefined) return 'X-Bittensor-Hotkey is no SS58 address'
    const nonce = headerOf(headers, names.nonce) ?? ''
    if (!/^[1-9]\d{0,19}$/.test(nonce)) return 'X-Bittensor-Nonce is no time in nanoseconds'
    const signature = signatureOf(headers, names.signature)
    if (signature === undefined) return 'X-Bittensor-Signature is not 0x and 128 hex digits'
    const receiver = headerOf(headers, names.receiver)
    const message = () => btauthMessage({ method, target, body, nonce, sender: hotkey, receiver: receiver ?? '-' })
    return { hotkey, signature, signedAtNs: BigInt(nonce), receiver: receiver === '-' ? undefined : receiver, nonce, messages: () => [message()] }
  },
}

/** The headers of a request that a hotkey signs. @param nonceNs of the signer's clock, another for each request */
export function signBtauth(
  signer: Signer,
  { method, target, body, nonceNs, receiver }: Pick<BtauthFields, 'method' | 'target' | 'body' | 'receiver'> & { nonceNs: bigint },
): Record<(typeof names)['version' | 'hotkey' | 'receiver' | 'nonce' | 'signature'], string> {
  const nonce = String(nonceNs)
  const signature = signer.sign(btauthMessage({ method, target, body, nonce, sender: signer.address, receiver }))
  return {
    [names.version]: '1',
    [names.hotkey]: signer.address,
    [names.receiver]: receiver,
    [names.nonce]: nonce,
    [names.signature]: `0x${Buffer.from(signature).toString('hex')}`,
  }
}
