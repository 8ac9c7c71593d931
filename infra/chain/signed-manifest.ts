import { contentAddress } from '#schemas/canonical-json.ts'
import type { Signer } from '#schemas/chain.ts'
import { OrreryError } from '#schemas/errors.ts'
import { verifySignature } from './signature.ts'

/**
 * Adds the hotkey's signature: sr25519 over the UTF-8 of the content address (64 lower-case hex digits) of the manifest without `signature`.
 * The same manifest and key give the same bytes.
 * @throws OrreryError `invalid_argument` when the manifest names another hotkey than the signer's
 */
export function signManifest<M extends { hotkey: string }>(unsigned: M, signer: Signer): M & { signature: string } {
  if (unsigned.hotkey !== signer.address)
    throw new OrreryError('invalid_argument', `The manifest is of ${unsigned.hotkey} but the signer is ${signer.address}; sign with the hotkey it names.`)
  return { ...unsigned, signature: `0x${Buffer.from(signer.sign(messageOf(unsigned))).toString('hex')}` }
}

/** Whether the manifest is signed by the hotkey it names. Never throws. */
export function verifyManifest(manifest: { hotkey: string; signature: string }): boolean {
  try {
    return verifySignature(manifest.hotkey, messageOf(manifest), manifest.signature)
  } catch {
    return false
  }
}

const messageOf = (manifest: object): Uint8Array => Buffer.from(contentAddress({ ...manifest, signature: undefined }))
