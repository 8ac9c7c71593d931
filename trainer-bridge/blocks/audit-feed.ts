import type { z } from 'zod'
import { boundedBody } from '#infra/net/bounded-body.ts'
import { BlockProof } from '#schemas/block-proof.ts'
import { canonicalJson, contentAddress, sha256Hex } from '#schemas/canonical-json.ts'
import type { Chain } from '#schemas/chain.ts'
import { EpochManifest } from '#schemas/epoch-manifest.ts'
import { OrreryError } from '#schemas/errors.ts'
import { ReceiptManifest } from '#schemas/receipt.ts'
import { plannedBatches, type PlannedBatches } from '../plan/batches.ts'
import { rowTokens } from '../plan/generation.ts'
import { recentLists } from '../plan/lists.ts'
import { checks, checkSeed, findAnchor, unproven, type Audit } from './audit.ts'
import { piecesOf } from './block-proof.ts'
import { isProven } from './receipt.ts'

/** For one answer, bytes and ms. */
const [jsonBytesMax, objectBytesMax, requestMs] = [2 ** 24, 2 ** 28, 120_000]

export interface FeedAudit {
  /** Of the job: `http://…/v1/jobs/{job}`. */
  base: string
  epoch: number
  batch: number
  ask: typeof fetch
  /** Where receipts and seeds stand, when somebody is to look. */
  chain?: Pick<Chain, 'metagraph' | 'block'> | undefined
}

/**
 * Asks a feed for a batch and all that it follows from, and makes its plan anew: nothing of it is taken on the feed's word but that these are the tokens of
 * those shards, for which it takes the store.
 * @throws OrreryError `data_unreadable` when something does not agree, `upstream_failed` when the feed does not answer; what the chain throws
 */
export async function auditFeed({ base, epoch, batch, ask, chain }: FeedAudit): Promise<Audit> {
  const feed = evidenceOf(base, ask)
  const proof = await feed.json(`/epochs/${epoch}/batches/${batch}/proof`, BlockProof)
  const plan = await feed.json(`/epochs/${epoch}/manifest`, EpochManifest)
  if (contentAddress(plan) !== proof.plan_id) throw unproven(`the manifest of epoch ${epoch} is not that of the plan ${proof.plan_id}`)
  const batches = await plannedBatches(plan, { store: feed.store, readList: recentLists(feed.store) })
  const { windows } = await batches.batch(batch)
  if (canonicalJson(proof.windows) !== canonicalJson(piecesOf(windows))) throw unproven('its rows are not those that the plan names')
  const bytes = await feed.bytes(`/epochs/${epoch}/batches/${batch}?format=raw`, 4 * plan.geometry.rows * rowTokens(plan.geometry))
  if (sha256Hex(bytes) !== proof.sha256) throw unproven(`the block has the sha256 ${sha256Hex(bytes)}, and its proof names ${proof.sha256}`)
  const checked = [checks.plan, checks.rows, checks.block, await checkReceipt(feed, proof, { epoch, batch })]
  const anchored = chain && (await checkChain({ feed, proof, plan, batches, chain }, checked))
  const unchecked = [`whether these are the tokens of those shards, and the shards those of version ${plan.tokens}: the store says so, without --feed`]
  const { plan_id, sha256, receipt } = proof
  return { batch, epoch, plan_id, sha256, receipt, ...(anchored && { anchored }), checked, unchecked }
}

/** @returns what was checked, in words */
async function checkReceipt(feed: Evidence, { plan_id, receipt }: BlockProof, { epoch, batch }: { epoch: number; batch: number }): Promise<string> {
  if (!receipt) return checks.none
  const { sha256, batches, root, settled, path } = receipt
  if (!isProven({ record: { batch, settled }, path, root }, batches, batch)) throw unproven('its record is not in the root of the receipt')
  const manifest = await feed.receipt(sha256)
  if (manifest.plan !== plan_id || manifest.epoch !== epoch || manifest.batches !== batches || manifest.root !== root)
    throw unproven(`the receipt ${sha256} is of another plan, or of other records`)
  return checks.receipt
}

interface OnChain {
  feed: Evidence
  proof: BlockProof
  plan: EpochManifest
  batches: PlannedBatches
  chain: Pick<Chain, 'metagraph' | 'block'>
}

async function checkChain({ feed, proof: { epoch, receipt }, plan, batches, chain }: OnChain, checked: string[]): Promise<Audit['anchored']> {
  if (plan.anchor) checked.push(await checkSeed(plan.anchor, batches.strata, chain))
  const parentOf = async (sha256: string): Promise<string | null | undefined> => {
    const before = await feed.receipt(sha256)
    return before.epoch > epoch ? before.parent : undefined
  }
  const anchored = receipt ? await findAnchor(parentOf, chain, receipt.sha256) : undefined
  if (anchored) checked.push(checks.chain)
  return anchored
}

interface Evidence {
  bytes(path: string, bytesMax: number): Promise<Buffer>
  json<T>(path: string, schema: z.ZodType<T>): Promise<T>
  /** By its content address, which is looked at. */
  receipt(sha256: string): Promise<ReceiptManifest>
  /** Objects beside the plan; whoever reads one holds it against the name that the plan has for it. */
  store: { get(key: string): Promise<Buffer> }
}

function evidenceOf(base: string, ask: typeof fetch): Evidence {
  const failed = (problem: string, remedy: string, cause?: unknown): OrreryError =>
    new OrreryError('upstream_failed', `${base}${problem}; ${remedy}`, { base }, cause)

  async function bytes(path: string, bytesMax: number): Promise<Buffer> {
    const silent = (cause: unknown): never => {
      throw failed(' does not answer', 'is a feed served there?', cause)
    }
    const response = await ask(base + path, { signal: AbortSignal.timeout(requestMs) }).catch(silent)
    if (!response.ok) throw failed(`${path} answered ${response.status}`, 'name an epoch and a batch that it has.')
    const body = await boundedBody(response, bytesMax).catch(silent)
    if (body) return body
    throw failed(`${path} answered more than ${bytesMax} bytes`, 'is a feed served there?')
  }

  async function json<T>(path: string, schema: z.ZodType<T>): Promise<T> {
    const parsed = schema.safeParse(parseJson(await bytes(path, jsonBytesMax)))
    if (parsed.success) return parsed.data
    throw failed(`${path} answered in another form`, 'is it a feed of this version?')
  }

  return {
    bytes,
    json,
    async receipt(sha256) {
      const manifest = await json(`/receipts/${sha256}`, ReceiptManifest)
      if (contentAddress(manifest) !== sha256) throw unproven(`the receipt ${sha256} has another content address`)
      return manifest
    },
    store: { get: (key) => bytes(`/objects/${encodeURIComponent(key.slice(key.lastIndexOf('/') + 1))}`, objectBytesMax) },
  }
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString())
  } catch {
    return undefined
  }
}
