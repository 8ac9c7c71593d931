import { createHash } from 'node:crypto'
import { secretFromSeed } from '@scure/sr25519'
import { z } from 'zod'
import type { Signer } from '#schemas/chain.ts'
import { OrreryError } from '#schemas/errors.ts'
import { signerOf } from './signature.ts'
import { isAddress } from './ss58.ts'

/** Key files of the Bittensor wallet (btwallet 4): plain JSON, every member may be missing, hex with or without 0x. */
const text = z.string().max(1024).nullish()
const KeyFile = z.looseObject({ accountId: text, publicKey: text, privateKey: text, secretPhrase: text, secretSeed: text, ss58Address: text })
type KeyFile = z.infer<typeof KeyFile>

/**
 * The signer in the contents of a hotkey file: by secretPhrase, else secretSeed, else privateKey.
 * @param path where the contents are from, for messages
 * @throws OrreryError `data_unreadable` when the file is encrypted, no key file, holds no secret, or its secret is of another address than it says
 */
export async function hotkeySigner(contents: string, path: string): Promise<Signer> {
  const file = parseKeyFile(contents, path)
  const signer = signerOf(await secretOf(file, path))
  const stated = file.ss58Address ?? undefined
  if (stated !== undefined && stated !== signer.address)
    throw unreadable(path, `its secret belongs to ${signer.address}, not to the ss58Address it states`, 'Restore the file from its backup.')
  return signer
}

/** The SS58 address in a `coldkeypub.txt`. @throws OrreryError `data_unreadable` */
export function coldkeyAddress(contents: string, path: string): string {
  const address = parseKeyFile(contents, path).ss58Address
  if (!address || !isAddress(address)) throw unreadable(path, 'it holds no ss58Address with prefix 42', 'Copy coldkeypub.txt from the wallet again.')
  return address
}

/** A signer that follows from a text alone, for development, and the two files btcli would read it from. */
export function developmentKey(derivation: string): { signer: Signer; hotkeyFile: string; coldkeypubFile: string } {
  const seed = createHash('sha256').update(`orrery development key\n${derivation}`).digest()
  const secret = secretFromSeed(seed)
  const signer = signerOf(secret)
  const open = { accountId: hex(signer.publicKey), publicKey: hex(signer.publicKey), ss58Address: signer.address }
  return {
    signer,
    hotkeyFile: JSON.stringify({ ...open, privateKey: hex(canonicalSecret(secret)), secretSeed: hex(seed) }),
    coldkeypubFile: JSON.stringify(open),
  }
}

function parseKeyFile(contents: string, path: string): KeyFile {
  // $NACL = btwallet, $ANSIBLE_VAULT and gAAAA = its forerunners.
  if (contents.startsWith('$') || contents.startsWith('gAAAA'))
    throw unreadable(path, 'it is encrypted', 'A node needs an unencrypted hotkey and coldkeypub.txt, never the coldkey; make the hotkey without a password.')
  try {
    return KeyFile.parse(JSON.parse(contents))
  } catch (cause) {
    throw unreadable(path, 'it is not the JSON of a Bittensor wallet key', 'Point to a file written by btcli, or remove it.', cause)
  }
}

async function secretOf(file: KeyFile, path: string): Promise<Uint8Array> {
  if (file.secretPhrase) {
    // 150 MB of it, for the few that need it.
    const { mnemonicToMiniSecret } = await import('@polkadot/util-crypto')
    try {
      return secretFromSeed(mnemonicToMiniSecret(file.secretPhrase.trim()))
    } catch (cause) {
      throw unreadable(path, 'its secretPhrase is no BIP-39 mnemonic', 'Restore the file from its backup.', cause)
    }
  }
  if (file.secretSeed) return secretFromSeed(fromHex(file.secretSeed, 32, 'secretSeed', path))
  if (file.privateKey) return expandedSecret(fromHex(file.privateKey, 64, 'privateKey', path), path)
  throw unreadable(path, 'it holds no secret (secretPhrase, secretSeed or privateKey)', 'Point to the hotkey itself, not to its public part.')
}

function fromHex(hex: string, bytes: number, member: string, path: string): Uint8Array {
  const digits = hex.replace(/^0x/, '')
  if (digits.length !== 2 * bytes || !/^[0-9a-fA-F]*$/.test(digits))
    throw unreadable(path, `its ${member} is not ${bytes} bytes of hex`, 'Restore the file from its backup.')
  return new Uint8Array(Buffer.from(digits, 'hex'))
}

/**
 * privateKey holds schnorrkel's canonical bytes: the scalar, little-endian, then the nonce seed.
 * polkadot-js and @scure keep the scalar × 8, the form of an expanded Ed25519 key.
 */
function expandedSecret(canonical: Uint8Array, path: string): Uint8Array {
  const scalar = littleEndian(canonical.subarray(0, 32))
  if (scalar === 0n || scalar >= 1n << 253n) throw unreadable(path, 'its privateKey is not in schnorrkel form', 'Restore the file from its backup.')
  return withScalar(canonical, scalar << 3n)
}

const canonicalSecret = (expanded: Uint8Array): Uint8Array => withScalar(expanded, littleEndian(expanded.subarray(0, 32)) >> 3n)

const hex = (bytes: Uint8Array): string => `0x${Buffer.from(bytes).toString('hex')}`
const littleEndian = (bytes: Uint8Array): bigint => BigInt(hex(bytes.toReversed()))

function withScalar(key: Uint8Array, scalar: bigint): Uint8Array {
  const out = Uint8Array.from(key)
  out.set(Buffer.from(scalar.toString(16).padStart(64, '0'), 'hex').toReversed())
  return out
}

const unreadable = (path: string, what: string, remedy: string, cause?: unknown) =>
  new OrreryError('data_unreadable', `The key file ${path} cannot be used: ${what}. ${remedy}`, { path }, cause)
