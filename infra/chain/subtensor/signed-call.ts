import { blake2b } from '@noble/hashes/blake2.js'
import type { Signer } from '#schemas/chain.ts'
import { refusedFor } from './refused.ts'
import type { Runtime } from './runtime.ts'

/** Which chain and from when on how long: what a signature holds for besides the runtime. */
export interface SigningContext {
  nonce: number
  genesis: string
  /** The call may come in from the block after `block` on, for so many blocks: a power of two. */
  era: { block: number; hash: string; blocks: number }
}

/** A call by the names of its pallet and itself as polkadot-js has them, with what it is given. */
export interface Call {
  pallet: string
  name: string
  args: readonly unknown[]
}

const extrinsicVersion = 4
/** Longer payloads are signed by their hash (Substrate's SignedPayload). */
const payloadBytesMax = 256
/** MultiSignature::Sr25519 */
const sr25519 = '0x01'

/** The call in SCALE, unsigned, 0x + hex. @throws OrreryError `chain_refused` (CallNotOffered) where this runtime has no such call */
export function encodeCall({ is }: Runtime, { pallet, name, args }: Call): string {
  const found = is.tx[pallet]?.[name]
  if (!found) throw refusedFor(name, 'CallNotOffered', 'the runtime of this chain has no such call')
  // oxlint-disable-next-line orrery/no-spread-call -- the arguments of one call
  return found(...args).toHex()
}

/** A signed transaction of version 4 with no tip, 0x + hex. */
export function signCall(runtime: Runtime, call: Call, signer: Signer, { nonce, genesis, era }: SigningContext): string {
  const { registry, specVersion, transactionVersion } = runtime
  const method = encodeCall(runtime, call)
  const fields = {
    address: signer.address,
    method,
    era: registry.createType('ExtrinsicEra', { current: era.block, period: era.blocks }).toHex(),
    blockHash: era.hash,
    genesisHash: genesis,
    nonce,
    specVersion,
    transactionVersion,
    tip: 0,
  }
  const payload = registry.createType('ExtrinsicPayload', fields, { version: extrinsicVersion })
  const bytes = payload.toU8a({ method: true })
  const signature = signer.sign(bytes.length > payloadBytesMax ? blake2b(bytes, { dkLen: 32 }) : bytes)
  const extrinsic = registry.createType('Extrinsic', { method: registry.createType('Call', method) }, { version: extrinsicVersion })
  return extrinsic.addSignature(signer.address, `${sr25519}${Buffer.from(signature).toString('hex')}`, payload.toHex()).toHex()
}
