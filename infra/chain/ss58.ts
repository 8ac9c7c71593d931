import { createHash } from 'node:crypto'
import { base58 } from '@scure/base'

/** The prefix of every Substrate chain without a registered one, Bittensor among them. */
const prefix = 42
const keyBytes = 32
const checksumBytes = 2
const addressChars = 64

/**
 * SS58 with prefix 42 of a 32-byte public key: base58 of prefix, key and the first two bytes of BLAKE2b-512 over "SS58PRE", prefix and key
 * (https://docs.polkadot.com/reference/parachains/accounts/). By itself, since @polkadot/util-crypto costs every process 150 MB and a third of a second.
 */
export function addressOf(publicKey: Uint8Array): string {
  const body = Buffer.concat([Buffer.of(prefix), publicKey])
  return base58.encode(Buffer.concat([body, checksumOf(body)]))
}

/** The 32-byte public key behind an SS58 address with prefix 42; undefined for anything else. Never throws. */
export function publicKeyOf(address: string): Uint8Array | undefined {
  if (typeof address !== 'string' || address.length > addressChars) return undefined
  try {
    const bytes = base58.decode(address)
    if (bytes.length !== 1 + keyBytes + checksumBytes || bytes[0] !== prefix) return undefined
    const publicKey = bytes.slice(1, 1 + keyBytes)
    // One spelling per key, so that an address may serve as one.
    return addressOf(publicKey) === address ? publicKey : undefined
  } catch {
    return undefined
  }
}

export const isAddress = (text: string): boolean => publicKeyOf(text) !== undefined

const checksumOf = (body: Uint8Array): Uint8Array => createHash('blake2b512').update('SS58PRE').update(body).digest().subarray(0, checksumBytes)
