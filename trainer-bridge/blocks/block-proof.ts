import type { BlockProof } from '#schemas/block-proof.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { OpenEpoch } from '../feed/open-epoch.ts'
import type { PlannedBatch } from '../plan/batches.ts'
import { findReceipt, proveSettlement, type ReceiptParts } from './receipt.ts'

/** What each row is made of, as a proof names it. */
export const piecesOf = (windows: PlannedBatch['windows']): BlockProof['windows'] =>
  windows.map(({ pieces }) =>
    pieces.map(({ shard: { key, sha256, blocks_root }, start, tokens }) => ({ key, sha256, ...(blocks_root !== undefined && { blocks_root }), start, tokens })),
  )

/** @throws as `TokenBlocks.block` */
export async function proveBlock(parts: Pick<ReceiptParts, 'catalog' | 'store' | 'datasetName'>, open: OpenEpoch, batch: number): Promise<BlockProof> {
  const { windows } = await open.batches.batch(batch)
  const { rows, rowTokens, sha256 } = await open.blocks.block(batch)
  return {
    plan_id: open.planId,
    epoch: open.epoch,
    batch,
    rows,
    row_tokens: rowTokens,
    sha256,
    windows: piecesOf(windows),
    receipt: await receiptOf(parts, open, batch),
  }
}

async function receiptOf(
  parts: Pick<ReceiptParts, 'catalog' | 'store' | 'datasetName'>,
  { planId, epoch }: OpenEpoch,
  batch: number,
): Promise<BlockProof['receipt']> {
  const found = await findReceipt(parts, planId, epoch).catch((error: unknown) => {
    if (error instanceof OrreryError && error.code === 'not_found') return undefined
    throw error
  })
  if (!found) return null
  const { record, path, root } = await proveSettlement(parts.store, found.manifest, batch)
  return { sha256: found.sha256, batches: found.manifest.batches, root, settled: record.settled, path }
}
