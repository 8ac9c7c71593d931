import { ed25519 } from '@noble/curves/ed25519.js'
import { getPublicKey, secretFromSeed } from '@scure/sr25519'
import { base58 } from '@scure/base'
import { OrreryError } from '#schemas/errors.ts'
import { keyFileUnusable } from './key-failure.ts'
import type { KeyFile } from './key-file.ts'
import { addressOf } from './ss58.ts'

type SecretMember = 'secretPhrase' | 'secretSeed' | 'privateKey'
const members: readonly SecretMember[] = ['secretPhrase', 'secretSeed', 'privateKey']

/** What a member of a key file makes. */
interface Candidate {
  /** 64 bytes in polkadot-js' form. */
  expanded: Uint8Array
  /** 32 bytes that an ed25519 key would be made of. */
  seed: Uint8Array
}

const restore = 'Restore the file from its backup.'
/** Order of the group that the scalar is of (RFC 9496 §4). */
const groupOrder = (1n << 252n) + 27742317777372353535851937790883648493n

/** The secret of a key file as 64 bytes in polkadot-js' form. @throws OrreryError `data_unreadable` */
export async function secretOf(file: KeyFile, path: string): Promise<Uint8Array> {
  requireSr25519(file, path)
  const stated = statedKeys(file, path)
  if (hasEd25519(file, stated)) throw ed25519Key(path)
  let unread: string | undefined
  for (const member of members) {
    const value = file[member]
    if (value === undefined) continue
    const candidate = await read[member](value)
    if (typeof candidate !== 'string') {
      requireStated(candidate, stated, path)
      // What was passed over may have been another key.
      if (unread === undefined || stated.length > 0) return candidate.expanded
      break
    }
    unread ??= candidate
  }
  if (unread !== undefined) throw keyFileUnusable(path, `its ${unread}`, restore)
  throw keyFileUnusable(path, 'it holds no secret (secretPhrase, secretSeed or privateKey)', 'Point to the hotkey itself, not to its public part.')
}

/** The form that btwallet keeps: the scalar as it is, then the nonce seed. */
export const canonicalSecret = (expanded: Uint8Array): Uint8Array => withScalar(expanded, littleEndian(expanded.subarray(0, 32)) >> 3n)

function requireSr25519({ crypto_type, cryptoType = crypto_type }: KeyFile, path: string): void {
  if (cryptoType === undefined || cryptoType === null || cryptoType === '') return
  const kind = String(cryptoType).trim().toLowerCase()
  if (kind === '1' || kind === 'sr25519') return
  if (kind === '0' || kind === 'ed25519') throw ed25519Key(path)
  throw keyFileUnusable(path, 'a key of a kind that is not known', 'This version signs with sr25519; make one with --crypto-type sr.')
}

const ed25519Key = (path: string): OrreryError =>
  keyFileUnusable(path, 'an ed25519 key; this version signs with sr25519; make one with --crypto-type sr', 'The new key is another address: register that one.')

/** The public keys that a file says are its own. */
function statedKeys({ accountId, publicKey, ss58Address }: KeyFile, path: string): { name: string; key: string; value: string }[] {
  const hexKeys = [
    ['publicKey', publicKey],
    ['accountId', accountId],
  ] as const
  return [
    ...(ss58Address === undefined ? [] : [{ name: 'ss58Address', key: keyOfAnyPrefix(ss58Address), value: ss58Address }]),
    ...hexKeys.flatMap(([name, value]) => {
      if (value === undefined) return []
      const key = hexDigits(value, 32)
      if (key === undefined) throw keyFileUnusable(path, `its ${name} is not 32 bytes of hex`, restore)
      return [{ name, key, value }]
    }),
  ]
}

/** In hex; empty for what is no address. A wallet may have been written for another network: the key is the same. */
function keyOfAnyPrefix(address: string): string {
  try {
    const bytes = base58.decode(address)
    return bytes.length === 35 ? Buffer.from(bytes.subarray(1, 33)).toString('hex') : ''
  } catch {
    return ''
  }
}

function requireStated({ expanded, seed }: Candidate, stated: ReturnType<typeof statedKeys>, path: string): void {
  const publicKey = getPublicKey(expanded)
  const wrong = stated.find(({ key }) => key !== hexOf(publicKey))
  if (!wrong) return
  if (stated.some(({ key }) => key === hexOf(ed25519.getPublicKey(seed)))) throw ed25519Key(path)
  throw keyFileUnusable(path, `its secret belongs to ${addressOf(publicKey)}, not to the ${wrong.name} it states`, restore)
}

/** Whether the private key is one of ed25519: its 32 bytes, or those and its public key; and no other key is stated. */
function hasEd25519({ privateKey = '' }: KeyFile, stated: ReturnType<typeof statedKeys>): boolean {
  const digits = hexDigits(privateKey, 32) ?? hexDigits(privateKey, 64)
  if (digits === undefined) return false
  const publicKey = hexOf(ed25519.getPublicKey(Buffer.from(digits.slice(0, 64), 'hex')))
  return stated.length > 0 ? stated.every(({ key }) => key === publicKey) : digits.length === 64 || digits.endsWith(publicKey)
}

/** Each says what is wrong with what it cannot read. */
const read: Record<SecretMember, (value: string) => Candidate | string | Promise<Candidate | string>> = {
  async secretPhrase(value) {
    const seed = await seedOfPhrase(value)
    return seed ? { seed, expanded: secretFromSeed(seed) } : 'secretPhrase is no BIP-39 mnemonic'
  },
  secretSeed(value) {
    const seed = bytesOf(value, 32)
    return seed ? { seed, expanded: secretFromSeed(seed) } : 'secretSeed is not 32 bytes of hex'
  },
  privateKey(value) {
    // As btwallet has it, 32 bytes are the seed; of which kind of key the file has to state.
    if (bytesOf(value, 32)) return read.secretSeed(value)
    const canonical = bytesOf(value, 64)
    if (!canonical) return 'privateKey is not 64 bytes of hex'
    // schnorrkel's bytes: the scalar, little-endian, then the nonce seed. polkadot-js and @scure keep the scalar × 8, the form of an expanded Ed25519 key.
    const seed = canonical.subarray(0, 32)
    const scalar = littleEndian(seed)
    const isScalar = scalar > 0n && scalar < groupOrder
    return isScalar ? { seed, expanded: withScalar(canonical, scalar << 3n) } : 'privateKey is not in schnorrkel form'
  },
}

/** The 32 bytes that the words of a BIP-39 mnemonic make in Substrate; undefined for what is none. */
export async function seedOfPhrase(phrase: string): Promise<Uint8Array | undefined> {
  // 150 MB of it, for the few that need it.
  const { mnemonicToMiniSecret } = await import('@polkadot/util-crypto')
  try {
    return mnemonicToMiniSecret(phrase.trim().toLowerCase().split(/\s+/).join(' '))
  } catch {
    return undefined
  }
}

function hexDigits(value: string, bytes: number): string | undefined {
  const digits = value.replace(/^0x/i, '').toLowerCase()
  return digits.length === 2 * bytes && /^[0-9a-f]*$/.test(digits) ? digits : undefined
}

function bytesOf(value: string, bytes: number): Uint8Array | undefined {
  const digits = hexDigits(value, bytes)
  return digits === undefined ? undefined : new Uint8Array(Buffer.from(digits, 'hex'))
}

const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const littleEndian = (bytes: Uint8Array): bigint => BigInt(`0x${hexOf(bytes.toReversed())}`)

function withScalar(key: Uint8Array, scalar: bigint): Uint8Array {
  const out = Uint8Array.from(key)
  out.set(Buffer.from(scalar.toString(16).padStart(64, '0'), 'hex').toReversed())
  return out
}
