import { z } from 'zod'
import { canonicalJson } from '#schemas/canonical-json.ts'
import type { Signer } from '#schemas/chain.ts'
import { OrreryError } from '#schemas/errors.ts'
import { verifySignature } from './signature.ts'

const u16 = z.int().min(0).max(65_535)
const hash = z.string().regex(/^0x[0-9a-f]{64}$/)
const hex = z.string().regex(/^0x([0-9a-f]{2})*$/)

/** The calls of a local chain, named and shaped after the pallet's. */
export const Call = z.discriminatedUnion('name', [
  z.strictObject({ name: z.literal('register'), netuid: u16, coldkey: z.string().max(64) }),
  z.strictObject({ name: z.literal('serve_axon'), netuid: u16, ip: z.union([z.ipv4(), z.ipv6()]), port: u16 }),
  z.strictObject({
    name: z.literal('set_weights'),
    netuid: u16,
    dests: z.array(u16).max(65_536),
    weights: z.array(u16).max(65_536),
    version_key: z.int().nonnegative(),
  }),
  z.strictObject({ name: z.literal('commit_weights'), netuid: u16, commit_hash: hash }),
  z.strictObject({
    name: z.literal('reveal_weights'),
    netuid: u16,
    uids: z.array(u16).max(65_536),
    values: z.array(u16).max(65_536),
    salt: z.array(u16).max(64),
    version_key: z.int().nonnegative(),
  }),
  z.strictObject({ name: z.literal('set_commitment'), netuid: u16, data: hex.min(2 + 2).max(2 + 2 * 128) }),
  z.strictObject({ name: z.literal('faucet'), stake: z.string().regex(/^\d{1,18}$/) }),
])
export type Call = z.infer<typeof Call>

/** A call that its signer stands for: once (nonce), on one chain (genesis). */
export const Extrinsic = z.strictObject({
  call: Call,
  signer: z.string().max(64),
  nonce: z.int().nonnegative(),
  /** Hash of the chain's genesis, 0x + 64 hex. */
  genesis: hash,
  signature: z.string().regex(/^0x[0-9a-f]{128}$/),
})
export type Extrinsic = z.infer<typeof Extrinsic>

export function signExtrinsic(call: Call, signer: Signer, nonce: number, genesis: string): Extrinsic {
  const unsigned = { call, signer: signer.address, nonce, genesis }
  return { ...unsigned, signature: `0x${Buffer.from(signer.sign(payloadOf(unsigned))).toString('hex')}` }
}

export const isSigned = (extrinsic: Extrinsic): boolean => verifySignature(extrinsic.signer, payloadOf(extrinsic), extrinsic.signature)

/** What is signed: the canonical JSON of call, signer, nonce and genesis, under a name of its own so that it is good for nothing else. */
const payloadOf = ({ call, signer, nonce, genesis }: Omit<Extrinsic, 'signature'>): Uint8Array =>
  Buffer.from(`orrery local extrinsic\n${canonicalJson({ call, signer, nonce, genesis })}`)

/** @throws OrreryError `invalid_argument` naming what is wrong */
export function parseCall(call: unknown): Call {
  const parsed = Call.safeParse(call)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  const name = (call as { name?: unknown }).name
  throw new OrreryError('invalid_argument', `The call ${String(name)} cannot be sent to a chain: ${issue?.path.join('.')}: ${issue?.message}.`, {
    call: name,
    issues: parsed.error.issues,
  })
}
