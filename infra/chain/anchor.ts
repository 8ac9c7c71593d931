import type { Chain, Signer } from '#schemas/chain.ts'

export type AnchorKind = 'plan' | 'receipt' | 'list'

/** Marks of what is committed, four bytes before the hash. */
const marks: Record<AnchorKind, string> = { plan: 'ORYP', receipt: 'ORYR', list: 'ORYL' }

/** What is committed for a hash: 36 bytes. @param sha256 lower-case hex */
export const anchoredBytes = (kind: AnchorKind, sha256: string): Uint8Array =>
  new Uint8Array(Buffer.concat([Buffer.from(marks[kind]), Buffer.from(sha256, 'hex')]))

const kinds = Object.keys(marks) as AnchorKind[]
const partBytes = 36

/** The hashes in a commitment, by what they are of; none where it is another's. */
export function readAnchored(data: Uint8Array): Partial<Record<AnchorKind, string>> {
  const bytes = Buffer.from(data)
  const found: Partial<Record<AnchorKind, string>> = {}
  for (let at = 0; at + partBytes <= bytes.length; at += partBytes) {
    const kind = kinds.find((each) => bytes.toString('latin1', at, at + 4) === marks[each])
    if (kind) found[kind] = bytes.toString('hex', at + 4, at + partBytes)
  }
  return found
}

export interface Anchored {
  kind: AnchorKind
  /** Lower-case hex. */
  sha256: string
}

/**
 * Commits a hash under a hotkey of the subnet, in place of its last one of that kind: a hotkey has one commitment, which keeps the other kind's hash.
 * @returns the number of the block it stands in. @throws what the chain refuses
 */
export async function anchor(chain: Chain, signer: Signer, { kind, sha256 }: Anchored): Promise<number> {
  const standing = await committed(chain, signer)
  const known = standing ? readAnchored(standing.data) : {}
  if (standing && known[kind] === sha256) return standing.block
  const hashes = { ...known, [kind]: sha256 }
  const parts = kinds.flatMap((each) => (hashes[each] === undefined ? [] : [anchoredBytes(each, hashes[each])]))
  await chain.commit(signer, new Uint8Array(Buffer.concat(parts)))
  return (await committed(chain, signer))?.block ?? (await chain.block()).number
}

/**
 * Commits a hash, and waits for the block after the one that it stands in: nobody knew its hash when they chose what to commit.
 * @throws as `anchor`; the signal's reason
 */
export async function anchorBefore(chain: Chain, signer: Signer, anchored: Anchored, signal: AbortSignal): Promise<{ block: number; hash: string }> {
  const wanted = (await anchor(chain, signer, anchored)) + 1
  if ((await chain.block()).number < wanted) for await (const { number } of chain.onBlock(signal)) if (number >= wanted) break
  signal.throwIfAborted()
  const { number, hash } = await chain.block(wanted)
  return { block: number, hash }
}

async function committed(chain: Chain, { address }: Signer): Promise<{ data: Uint8Array; block: number } | undefined> {
  const neuron = (await chain.metagraph()).neurons.find(({ hotkey }) => hotkey === address)
  return neuron?.commitment && { data: neuron.commitment, block: neuron.commitmentBlock }
}
