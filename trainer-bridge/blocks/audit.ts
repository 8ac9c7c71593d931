import { readAnchored } from '#infra/chain/anchor.ts'
import { BlockProof } from '#schemas/block-proof.ts'
import { contentAddress, sha256Hex } from '#schemas/canonical-json.ts'
import type { Chain } from '#schemas/chain.ts'
import type { EpochManifest, Stratum } from '#schemas/epoch-manifest.ts'
import { OrreryError } from '#schemas/errors.ts'
import { lineage } from '#schemas/lineage.ts'
import type { OpenEpoch } from '../feed/open-epoch.ts'
import { hasAnchoredSeed } from '../plan/anchor.ts'
import { proveBlock } from './block-proof.ts'
import { controlBatches } from './control-batches.ts'
import { findReceipt, isProven, readRecords, type ReceiptParts } from './receipt.ts'

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
}

const checks = {
  plan: 'the plan is the one that its id names',
  bytes: 'the tokens are those of the shards that the plan names, by the sums of their blocks',
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
  const anchored = receipt && parts.chain ? await findAnchor(parts, parts.chain, receipt.sha256) : undefined
  if (anchored) checked.push(checks.chain)
  return { batch, epoch: open.epoch, plan_id: open.planId, sha256, receipt, ...(anchored && { anchored }), checked }
}

async function checkSeed(anchor: NonNullable<EpochManifest['anchor']>, strata: readonly Stratum[], chain: Pick<Chain, 'block'>): Promise<string> {
  if (!hasAnchoredSeed(anchor, strata)) throw unproven('its order is not that of the block that the plan names')
  const block = await chain.block(anchor.block).catch((error: unknown) => {
    if (error instanceof OrreryError && error.code === 'not_found') return undefined
    throw error
  })
  if (block && block.hash !== anchor.hash) throw unproven(`block ${anchor.block} has the hash ${block.hash}, and its plan names ${anchor.hash}`)
  return block ? checks.seed : checks.oldSeed
}

/** Whoever has committed a receipt has committed all before it: each names its parent by content. */
async function findAnchor({ catalog, datasetName }: AuditParts, chain: Pick<Chain, 'metagraph'>, receipt: string): Promise<Audit['anchored']> {
  const line = lineage.receipts(datasetName)
  for (const { hotkey, commitment, commitmentBlock } of (await chain.metagraph()).neurons) {
    let at: string | null | undefined = commitment && readAnchored(commitment).receipt
    while (at && at !== receipt) at = (await catalog.get(line, { sha256: at }))?.manifest.parent
    if (at) return { hotkey, block: commitmentBlock }
  }
  return undefined
}

/**
 * Asks a feed for a batch and its proof, and holds one against the other: what it cannot know is whether the shards are those of the plan.
 * @param base address of the epoch: `…/v1/jobs/{job}/epochs/{epoch}`
 * @throws OrreryError `data_unreadable` when they do not agree, `upstream_failed` when the feed does not answer
 */
export async function auditFeed(base: string, batch: number, ask: typeof fetch): Promise<Audit> {
  const read = async (path: string): Promise<Response> => {
    const response = await ask(base + path).catch((cause: unknown) => {
      throw new OrreryError('upstream_failed', `${base} does not answer; is a feed served there?`, { base }, cause)
    })
    if (response.ok) return response
    throw new OrreryError('upstream_failed', `${base}${path} answered ${response.status}; name an epoch and a batch that it has.`, { status: response.status })
  }
  const proof = BlockProof.parse(await (await read(`/batches/${batch}/proof`)).json())
  const { epoch, plan_id, receipt } = proof
  const bytes = new Uint8Array(await (await read(`/batches/${batch}?format=raw`)).arrayBuffer())
  if (sha256Hex(bytes) !== proof.sha256) throw unproven(`the block has the sha256 ${sha256Hex(bytes)}, and its proof names ${proof.sha256}`)
  if (receipt && !isProven({ record: { batch, settled: receipt.settled }, path: receipt.path, root: receipt.root }, receipt.batches, batch))
    throw unproven('its record is not in the root of the receipt')
  return { batch, epoch, plan_id, sha256: proof.sha256, receipt, checked: [checks.block, receipt ? checks.receipt : checks.none] }
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

const unproven = (problem: string): OrreryError => new OrreryError('data_unreadable', `The batch is not what it is said to be: ${problem}.`)
