import { createHash } from 'node:crypto'
import { secretFromSeed } from '@scure/sr25519'
import { z } from 'zod'
import type { Signer } from '#schemas/chain.ts'
import { canonicalSecret, secretOf } from './key-secret.ts'
import { keyFileUnusable } from './key-failure.ts'
import { signerOf } from './signature.ts'
import { addressOf, publicKeyOf } from './ss58.ts'

/** Key files of the Bittensor wallet (btwallet 2 to 4, SDK 10 and 11): plain JSON, every member may be missing, hex with or without 0x. */
const text = z
  .string()
  .max(1024)
  .nullish()
  .transform((value) => value?.trim() || undefined)
const KeyFile = z.looseObject({
  accountId: text,
  publicKey: text,
  privateKey: text,
  secretPhrase: text,
  secretSeed: text,
  ss58Address: text,
  /** 1 or "1" sr25519, 0 ed25519; SDK 11 writes the number, older ones nothing. It reads either name. */
  cryptoType: z.unknown().optional(),
  crypto_type: z.unknown().optional(),
  /** Our own: what a program made for development says of itself. */
  orrery: z.unknown().optional(),
})
export type KeyFile = z.output<typeof KeyFile>

const developmentMark = 'development'

/**
 * The signer in the contents of a hotkey file: by secretPhrase, else secretSeed, else privateKey. A member that cannot be read is passed over where a later one
 * fits what the file states (SDK 11.3 writes the bytes of a seed of ASCII as they are).
 * @param path where the contents are from, for messages
 * @throws OrreryError `data_unreadable` when the file is encrypted, no key file, holds no secret, is of another kind of key than sr25519, or states another key
 * than its secret's
 */
export async function hotkeySigner(contents: string, path: string): Promise<Signer> {
  const file = parseKeyFile(contents, path)
  const signer = signerOf(await secretOf(file, path))
  return file.orrery === developmentMark ? { ...signer, isDevelopment: true } : signer
}

/** The secret of a hotkey as its file has it, for its owner's eyes: its words, else its seed, else its private key. @throws OrreryError `data_unreadable` */
export function writtenSecret(contents: string, path: string): string {
  const file = parseKeyFile(contents, path)
  return file.secretPhrase ?? file.secretSeed ?? file.privateKey ?? ''
}

const copyAgain = 'Copy coldkeypub.txt from the wallet again.'

/**
 * The SS58 address (prefix 42) in a `coldkeypub.txt`: its ss58Address, else that of its publicKey or accountId.
 * @throws OrreryError `data_unreadable` for what holds none, or states several keys: one of them would be registered for
 */
export function coldkeyAddress(contents: string, path: string): string {
  const { ss58Address, publicKey, accountId } = parseKeyFile(contents, path)
  const ofKeys = [publicKey, accountId].flatMap((value) => {
    const hex = /^(?:0x)?([0-9a-f]{64})$/i.exec(value ?? '')?.[1]
    return hex === undefined ? [] : addressOf(new Uint8Array(Buffer.from(hex, 'hex')))
  })
  const address = ss58Address ?? ofKeys[0]
  if (address === undefined || !publicKeyOf(address)) throw keyFileUnusable(path, 'it holds no ss58Address with prefix 42', copyAgain)
  const other = ofKeys.find((each) => each !== address)
  if (other !== undefined) throw keyFileUnusable(path, `it states two keys, ${address} and ${other}`, copyAgain)
  return address
}

/** A hotkey's signer and the files that btcli reads it from. */
export interface MadeKey {
  signer: Signer
  hotkeyFile: string
  /** What there is to know of it without its secret: the form of coldkeypub.txt. */
  publicFile: string
}

/** A key of 32 random bytes, or of the words they come from. No cryptoType: to older SDKs, which read text alone, its absence is sr25519 too. */
export function madeKey(seed: Uint8Array, { secretPhrase, mark }: { secretPhrase?: string; mark?: typeof developmentMark } = {}): MadeKey {
  const secret = secretFromSeed(seed)
  const signer = signerOf(secret)
  const open = openMembers(signer)
  const hidden = { privateKey: hexOf(canonicalSecret(secret)), ...(secretPhrase !== undefined && { secretPhrase }), secretSeed: hexOf(seed) }
  return {
    signer: mark === undefined ? signer : { ...signer, isDevelopment: true },
    hotkeyFile: JSON.stringify({ ...open, ...hidden, ...(mark !== undefined && { orrery: mark }) }),
    publicFile: JSON.stringify(open),
  }
}

/** What a coldkeypub.txt holds of an address. */
export const publicFileOf = (address: string): string => JSON.stringify(openMembers({ address, publicKey: publicKeyOf(address) ?? new Uint8Array() }))

const openMembers = ({ address, publicKey }: Pick<Signer, 'address' | 'publicKey'>) => ({
  accountId: hexOf(publicKey),
  publicKey: hexOf(publicKey),
  ss58Address: address,
})

/** A key for development that follows from a text alone. */
export const developmentKey = (derivation: string): MadeKey =>
  madeKey(createHash('sha256').update(`orrery development key\n${derivation}`).digest(), { mark: developmentMark })

function parseKeyFile(contents: string, path: string): KeyFile {
  const content = contents.replace(/^\uFEFF/, '').trimStart()
  const sealed = sealedBy(content)
  if (sealed !== undefined)
    throw keyFileUnusable(
      path,
      `it is encrypted (${sealed})`,
      'A node needs a hotkey without a password (btcli wallet regen-hotkey --no-use-password) and coldkeypub.txt, never the coldkey itself.',
    )
  if (content.replaceAll('\0', '').trim() === '')
    throw keyFileUnusable(path, 'it is empty', 'Restore it from its backup; a disk that was full leaves such files.')
  const bare = bareSecret(content.trim())
  if (bare) return KeyFile.parse(bare)
  try {
    return KeyFile.parse(JSON.parse(content))
  } catch {
    // What JSON.parse says quotes the file.
    throw keyFileUnusable(path, 'it is not the JSON of a Bittensor wallet key', 'Point to a file written by btcli or `orrery wallet`, or remove it.')
  }
}

/** SDK 11 also reads a file that is nothing but a seed in hex, or words. */
function bareSecret(content: string): Partial<KeyFile> | undefined {
  if (/^(?:0x)?[0-9a-f]{64}$/i.test(content)) return { secretSeed: content }
  return /^[a-z]+(?:\s+[a-z]+){11,23}$/i.test(content) ? { secretPhrase: content } : undefined
}

/** How a key file is encrypted: by btwallet, or by one of its forerunners. */
function sealedBy(content: string): string | undefined {
  if (content.startsWith('$ANSIBLE_VAULT')) return 'ansible-vault, by an older btcli'
  if (content.startsWith('gAAAA')) return 'Fernet, by an older btcli'
  if (content.startsWith('$')) return `${content.startsWith('$NACL') ? '$NACL' : '$…'}, with a password`
  return /^\{[^]{0,4096}"encoded"\s*:/.test(content) ? 'an export of polkadot-js, with a password' : undefined
}

const hexOf = (bytes: Uint8Array): string => `0x${Buffer.from(bytes).toString('hex')}`
