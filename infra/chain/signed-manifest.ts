import { createHash } from 'node:crypto'
import { contentAddress } from '#schemas/canonical-json.ts'
import type { Signer } from '#schemas/chain.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { Network } from '#schemas/network.ts'
import { isSameNetwork } from './network.ts'
import { verifySignature } from './signature.ts'

/**
 * Adds the network it is said on and the hotkey's signature: sr25519 over the UTF-8 of the content address (64 lower-case hex digits) of the manifest without
 * `signature`. The same manifest and key give the same bytes.
 * @param network none: it is said on no chain (imports, manifests of before)
 * @throws OrreryError `invalid_argument` when the manifest names another hotkey than the signer's
 */
export function signManifest<M extends { hotkey: string }>(unsigned: M, signer: Signer, network?: Network): M & { network?: Network; signature: string } {
  if (unsigned.hotkey !== signer.address)
    throw new OrreryError('invalid_argument', `The manifest is of ${unsigned.hotkey} but the signer is ${signer.address}; sign with the hotkey it names.`)
  const said = network === undefined ? unsigned : { ...unsigned, network }
  return { ...said, signature: `0x${Buffer.from(signer.sign(messageOf(said))).toString('hex')}` }
}

/**
 * Whether the manifest is signed by the hotkey it names, and not for another network. One that names none was signed before manifests did, or on no chain:
 * who must not take those asks for `manifest.network` beside. Never throws.
 */
export function verifyManifest(manifest: { hotkey: string; signature: string; network?: Network | undefined }, network?: Network): boolean {
  try {
    const isElsewhere = network !== undefined && manifest.network !== undefined && !isSameNetwork(manifest.network, network)
    return !isElsewhere && verifySignature(manifest.hotkey, messageOf(manifest), manifest.signature)
  } catch {
    return false
  }
}

/**
 * The same of a manifest and the bytes it was read from, which are to be its canonical JSON, as content addresses are of: those of 4 MiB take ten ms, where to write
 * them anew takes a tenth of a second. Never throws.
 */
export function verifyManifestBytes({ hotkey, signature }: { hotkey: string; signature: string }, bytes: Uint8Array): boolean {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  const member = `"signature":${JSON.stringify(signature)}`
  const at = text.lastIndexOf(member)
  if (at < 0) return false
  const end = at + Buffer.byteLength(member)
  // With the comma that parts it from its neighbour.
  const [from, to] = text[end] === comma ? [at, end + 1] : [at - (text[at - 1] === comma ? 1 : 0), end]
  const address = createHash('sha256').update(text.subarray(0, from)).update(text.subarray(to)).digest('hex')
  try {
    return verifySignature(hotkey, Buffer.from(address), signature)
  } catch {
    return false
  }
}

const comma = 0x2c

const messageOf = (manifest: object): Uint8Array => Buffer.from(contentAddress({ ...manifest, signature: undefined }))
