import { createHash } from 'node:crypto'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Catalog } from '#schemas/catalog.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { Ledger } from '#schemas/ledger.ts'
import { lineage } from '#schemas/lineage.ts'
import { hashBytes, inclusionPath, isIncluded, leafHash, merkleRoot, type Hash } from '#schemas/merkle.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import type { ReceiptManifest } from '#schemas/receipt.ts'
import { readRecord, recordBytes, writeRecord, type SettlementRecord } from './settlement-record.ts'

/** Records that are hashed together: whole subtrees, whose roots stand behind the records. */
const chunkRecords = 4096
const pageLimit = 10_000

export interface ReceiptParts {
  catalog: Catalog
  store: Pick<ObjectStore, 'get' | 'put'>
  ledger: Pick<Ledger, 'settlements'>
  datasetName: string
}

interface Epoch {
  planId: string
  epoch: number
  batches: number
}

/**
 * Writes down what became of the batches of a closed epoch, once: an object with a record for each batch, in their order, and the root of each 4,096 of them, then
 * the receipt that names it. It takes 16 bytes of memory a batch; killed at any moment, it is made again, the same.
 * @returns its content address @throws OrreryError `not_found` when the line has passed the epoch and has no receipt of it
 */
export async function writeReceipt({ catalog, store, ledger, datasetName }: ReceiptParts, { planId, epoch, batches }: Epoch): Promise<string> {
  const line = lineage.receipts(datasetName)
  const head = await catalog.head(line)
  // Another process may be epochs ahead.
  if (head && head.manifest.epoch >= epoch) return (await findReceipt({ catalog, datasetName }, planId, epoch)).sha256
  const settlements = await readSettlements(ledger, { planId, epoch, batches })
  const key = `plans/${datasetName}/receipts/${planId}.records`
  const made = { sha256: createHash('sha256'), bytes: 0, roots: new Array<Hash>() }
  const body = async function* (): AsyncGenerator<Uint8Array> {
    for await (const piece of recordPieces(settlements, batches, made.roots)) {
      made.sha256.update(piece)
      made.bytes += piece.length
      yield piece
    }
  }
  await store.put(key, body())
  const records = { key, sha256: made.sha256.digest('hex'), bytes: made.bytes }
  const root = hex(merkleRoot(made.roots))
  const receipt: ReceiptManifest = {
    kind: 'receipt',
    parent: head?.sha256 ?? null,
    plan: planId,
    epoch,
    batches,
    settled: settlements.settled,
    root,
    records,
  }
  try {
    return (await catalog.commit(line, head?.sha256, receipt)).sha256
  } catch (error) {
    // Another process did the same.
    const newest = await catalog.head(line)
    if (newest?.sha256 === head?.sha256) throw error
    return (await findReceipt({ catalog, datasetName }, planId, epoch)).sha256
  }
}

interface Settlements {
  settled: number
  of(batch: number): SettlementRecord
}

async function readSettlements(ledger: ReceiptParts['ledger'], { planId, epoch, batches }: Epoch): Promise<Settlements> {
  const names: string[] = []
  const numbers = new Map<string, number>()
  // 0: nobody.
  const nodes = new Uint32Array(batches)
  const tokens = new Uint32Array(batches)
  const losses = new Float64Array(batches)
  let settled = 0
  for (let after = 0; ;) {
    const page = await ledger.settlements(planId, epoch, { after, limit: pageLimit })
    for (const { place, batch, node, loss, tokens: count } of page) {
      if (!numbers.has(node)) numbers.set(node, names.push(node))
      nodes[batch] = numbers.get(node) ?? 0
      tokens[batch] = count
      losses[batch] = loss
      settled++
      after = place
    }
    if (page.length < pageLimit) break
  }
  return {
    settled,
    of(batch) {
      const node = names[(nodes[batch] ?? 0) - 1]
      return { batch, settled: node === undefined ? null : { tokens: tokens[batch] ?? 0, loss: losses[batch] ?? 0, node } }
    },
  }
}

/** @param roots takes the root of each chunk */
async function* recordPieces(settlements: Settlements, batches: number, roots: Hash[]): AsyncGenerator<Uint8Array> {
  for (let first = 0; first < batches; first += chunkRecords) {
    const count = Math.min(chunkRecords, batches - first)
    const piece = Buffer.allocUnsafe(count * recordBytes)
    for (let i = 0; i < count; i++) writeRecord(piece, i * recordBytes, settlements.of(first + i))
    roots.push(merkleRoot(leavesOf(piece)))
    yield piece
    await nextTurn()
  }
  yield Buffer.concat(roots)
}

const leavesOf = (records: Uint8Array): Hash[] =>
  Array.from({ length: records.length / recordBytes }, (_, i) => leafHash(records.subarray(i * recordBytes, (i + 1) * recordBytes)))

const hex = (hash: Hash): string => Buffer.from(hash).toString('hex')

/** @throws OrreryError `not_found` while the epoch is open, and where its receipt is no longer kept */
export async function findReceipt(
  { catalog, datasetName }: Pick<ReceiptParts, 'catalog' | 'datasetName'>,
  planId: string,
  epoch: number,
): Promise<{ sha256: string; manifest: ReceiptManifest }> {
  const line = lineage.receipts(datasetName)
  for (let before: number | undefined; ;) {
    const page = await catalog.history(line, { limit: 64, ...(before !== undefined && { before }) })
    const found = page.find(({ manifest }) => manifest.plan === planId)
    if (found) return { sha256: found.sha256, manifest: found.manifest }
    const oldest = page.at(-1)
    if (!oldest || oldest.version === 1 || oldest.manifest.epoch < epoch) break
    before = oldest.version
  }
  throw new OrreryError('not_found', `There is no receipt of epoch ${epoch}: it is open, or was closed before receipts were written or long ago.`, {
    planId,
    epoch,
  })
}

/** Records of all batches, in their order, a chunk in memory. @throws OrreryError `data_unreadable` when they are not those of the receipt */
export async function* readRecords(store: Pick<ObjectStore, 'get'>, { records: { key }, batches, root }: ReceiptManifest): AsyncGenerator<SettlementRecord> {
  const roots: Hash[] = []
  for (let first = 0; first < batches; first += chunkRecords) {
    const end = Math.min(batches, first + chunkRecords) * recordBytes
    const bytes = Buffer.from(await store.get(key, { start: first * recordBytes, end }))
    roots.push(merkleRoot(leavesOf(bytes)))
    for (let at = 0; at < bytes.length; at += recordBytes) yield readRecord(bytes.subarray(at, at + recordBytes))
    await nextTurn()
  }
  if (hex(merkleRoot(roots)) !== root) throw unlikeReceipt(key)
}

/** A batch in the receipt of its epoch. */
export interface SettlementProof {
  record: SettlementRecord
  /** From the record's leaf up to the root, hex. */
  path: string[]
  root: string
}

/** Reads the records that stand beside that of the batch, and no others. @throws OrreryError `data_unreadable` when the object is not what the receipt says */
export async function proveSettlement(store: Pick<ObjectStore, 'get'>, receipt: ReceiptManifest, batch: number): Promise<SettlementProof> {
  const { key } = receipt.records
  const chunk = Math.floor(batch / chunkRecords)
  const first = chunk * chunkRecords
  const [start, end] = [first * recordBytes, Math.min(receipt.batches, first + chunkRecords) * recordBytes]
  const [bytes, rootBytes] = await Promise.all([
    store.get(key, { start, end }),
    store.get(key, { start: receipt.batches * recordBytes, end: receipt.records.bytes }),
  ])
  const roots = Array.from({ length: Math.floor(rootBytes.length / hashBytes) }, (_, i) => rootBytes.subarray(i * hashBytes, (i + 1) * hashBytes))
  const leaves = leavesOf(bytes)
  const path = [...inclusionPath(leaves, batch - first), ...inclusionPath(roots, chunk)].map(hex)
  const at = (batch - first) * recordBytes
  const proof = { record: readRecord(Buffer.from(bytes.subarray(at, at + recordBytes))), path, root: receipt.root }
  if (isProven(proof, receipt.batches, batch)) return proof
  throw unlikeReceipt(key)
}

const unlikeReceipt = (key: string): OrreryError =>
  new OrreryError('data_unreadable', `The records ${key} are not what the receipt says; restore them from a backup.`, { key })

const raw = (text: string): Hash => Buffer.from(text, 'hex')

/** Whether the record is that of the batch in the tree of so many. */
export function isProven({ record, path, root }: SettlementProof, batches: number, batch: number): boolean {
  const bytes = Buffer.alloc(recordBytes)
  writeRecord(bytes, 0, record)
  return record.batch === batch && isIncluded({ leaf: leafHash(bytes), index: batch, size: batches, path: path.map(raw) }, raw(root))
}
