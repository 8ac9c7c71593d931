import { readAnchored } from '#infra/chain/anchor.ts'
import type { BlockProof } from '#schemas/block-proof.ts'
import { contentAddress } from '#schemas/canonical-json.ts'
import type { Chain } from '#schemas/chain.ts'
import type { EpochManifest, Stratum } from '#schemas/epoch-manifest.ts'
import { OrreryError } from '#schemas/errors.ts'
import { lineage } from '#schemas/lineage.ts'
import type { OpenEpoch } from '../feed/open-epoch.ts'
import { hasAnchoredSeed } from '../plan/anchor.ts'
import { proveBlock } from './block-proof.ts'
import { controlBatches } from './control-batches.ts'
import { findReceipt, readRecords, type ReceiptParts } from './receipt.ts'

/** What an audit of a batch found good. */
export interface Audit {
  batch: number
  epoch: number
  plan_id: string
  /** Of its tokens. */
  sha256: string
  /** Null while its epoch is open. */
  receipt: BlockProof['receipt']
  /** Where the receipt, or one that names it as what came before, stands on the chain; absent: it stands nowhere, or nobody looked. */
  anchored?: { hotkey: string; block: number }
  /** What was checked, in words. */
  checked: string[]
  /** What was not, and how it can be; absent: nothing is left. */
  unchecked?: string[]
}

export const checks = {
  plan: 'the plan is the one that its id names',
  bytes: 'the tokens are those of the shards that the plan names, by the sums of their blocks',
  rows: 'its rows are those that the plan names: which shards, and which tokens of them',
  block: 'the block that is served has the sha256 that the proof names',
  receipt: 'the record of the batch is in the root of the receipt',
  chain: 'the receipt, or one that follows it, stands on the chain',
  seed: 'the order follows from the block after the one in which what joins was committed',
  oldSeed: 'the order follows from the hash of a block that the chain no longer tells',
  none: 'there is no receipt yet: the epoch is open',
}

type AuditParts = Pick<ReceiptParts, 'catalog' | 'store' | 'datasetName'>

/**
 * Makes a batch anew of store and catalog alone, and looks for its receipt on the chain.
 * @throws OrreryError `data_unreadable` when anything is not what it is said to be; what the chain throws
 */
export async function auditBatch(parts: AuditParts & { chain?: Pick<Chain, 'metagraph' | 'block'> }, open: OpenEpoch, batch: number): Promise<Audit> {
  if (contentAddress(open.plan) !== open.planId) throw unproven(`the plan ${open.planId} has another content address`)
  const { sha256, receipt } = await proveBlock(parts, open, batch)
  const checked = [checks.plan, checks.bytes, receipt ? checks.receipt : checks.none]
  if (open.plan.anchor && parts.chain) checked.push(await checkSeed(open.plan.anchor, open.batches.strata, parts.chain))
  const anchored = receipt && parts.chain ? await findAnchor(parentIn(parts), parts.chain, receipt.sha256) : undefined
  if (anchored) checked.push(checks.chain)
  return { batch, epoch: open.epoch, plan_id: open.planId, sha256, receipt, ...(anchored && { anchored }), checked }
}

/** @returns what was checked, in words */
export async function checkSeed(anchor: NonNullable<EpochManifest['anchor']>, strata: readonly Stratum[], chain: Pick<Chain, 'block'>): Promise<string> {
  if (!hasAnchoredSeed(anchor, strata)) throw unproven('its order is not that of the block that the plan names')
  const block = await chain.block(anchor.block).catch((error: unknown) => {
    if (error instanceof OrreryError && error.code === 'not_found') return undefined
    throw error
  })
  if (block && block.hash !== anchor.hash) throw unproven(`block ${anchor.block} has the hash ${block.hash}, and its plan names ${anchor.hash}`)
  return block ? checks.seed : checks.oldSeed
}

const parentIn =
  ({ catalog, datasetName }: AuditParts): ParentOf =>
  async (sha256) =>
    (await catalog.get(lineage.receipts(datasetName), { sha256 }))?.manifest.parent

/** So many are gone back at most. */
const receiptsMax = 100_000

/** The receipt before one; undefined for one that is not known. */
type ParentOf = (sha256: string) => Promise<string | null | undefined>

/** Whoever has committed a receipt has committed all before it: each names its parent by content. */
export async function findAnchor(parentOf: ParentOf, chain: Pick<Chain, 'metagraph'>, receipt: string): Promise<Audit['anchored']> {
  for (const { hotkey, commitment, commitmentBlock } of (await chain.metagraph()).neurons) {
    let at: string | null | undefined = commitment && readAnchored(commitment).receipt
    for (let receipts = 0; at && at !== receipt && receipts < receiptsMax; receipts++) at = await parentOf(at)
    if (at === receipt) return { hotkey, block: commitmentBlock }
  }
  return undefined
}

/** Batches that are listed of a node, and drawn against them: the first that it answered for. */
const listedMax = 1000

/** What a node answered for, and what it was not given. */
export interface NodeAudit {
  node: string
  epoch: number
  plan_id: string
  assigned: { batch: number; loss: number; tokens: number }[]
  control: number[]
}

/** @throws OrreryError `not_found` when the epoch is not closed, or the node settled none of it; as `readRecords` */
export async function auditNode(
  { catalog, store, datasetName }: Pick<ReceiptParts, 'catalog' | 'store' | 'datasetName'>,
  node: string,
  epoch: number,
): Promise<NodeAudit> {
  const planned = await catalog.get(lineage.plan(datasetName), { version: epoch + 1 })
  const { manifest } = await findReceipt({ catalog, datasetName }, planned?.sha256 ?? '', epoch)
  const given = new Set<number>()
  const assigned: NodeAudit['assigned'] = []
  for await (const { batch, settled } of readRecords(store, manifest)) {
    if (settled?.node !== node) continue
    given.add(batch)
    if (assigned.length < listedMax) assigned.push({ batch, loss: settled.loss, tokens: settled.tokens })
  }
  if (given.size === 0) throw new OrreryError('not_found', `The node "${node}" settled no batch of epoch ${epoch}.`, { node, epoch })
  const control = controlBatches(manifest.plan, node, { assigned: given, batches: manifest.batches, count: assigned.length })
  return { node, epoch, plan_id: manifest.plan, assigned, control }
}

export const unproven = (problem: string): OrreryError => new OrreryError('data_unreadable', `The batch is not what it is said to be: ${problem}.`)
