import { getPublicKey, sign, verify } from '@scure/sr25519'
import type { Signer } from '#schemas/chain.ts'
import { addressOf, publicKeyOf } from './ss58.ts'

const signatureBytes = 64
const hexSignature = /^0x[0-9a-fA-F]{128}$/

/**
 * Whether `signature` (64 bytes, or 0x + 128 hex) is the sr25519 signature of `message` by the key behind `address`.
 * Context "substrate", as polkadot-js and Bittensor use it. Never throws: whatever is malformed is simply no signature.
 */
export function verifySignature(address: string, message: Uint8Array, signature: Uint8Array | string): boolean {
  try {
    const publicKey = publicKeyOf(address)
    const bytes = typeof signature === 'string' ? parseSignature(signature) : signature
    return publicKey !== undefined && bytes?.length === signatureBytes && verify(message, bytes, publicKey)
  } catch {
    return false
  }
}

const parseSignature = (text: string): Uint8Array | undefined => (hexSignature.test(text) ? new Uint8Array(Buffer.from(text.slice(2), 'hex')) : undefined)

/**
 * sr25519 hedges its nonce with randomness (schnorrkel `witness_bytes`): nonce = PRF(message, public key, secret nonce seed, random).
 * Here the random part is fixed, so that the same manifest gets the same bytes twice. The nonce still follows from the
 * secret seed and the whole message, as in Ed25519 (RFC 8032 §5.1.6), so that no two messages share one.
 */
const noRandomness = (length: number): Uint8Array => new Uint8Array(length)

/** @param secretKey 64 bytes in polkadot-js' form: the scalar × 8, little-endian, then the nonce seed */
export function signerOf(secretKey: Uint8Array): Signer {
  const publicKey = getPublicKey(secretKey)
  return { address: addressOf(publicKey), publicKey, sign: (message) => sign(secretKey, message, noRandomness) }
}
