import { setImmediate as nextTurn } from 'node:timers/promises'
import { readDeletionVector } from '#infra/corpus/deletion-vector.ts'
import { readDataFile } from '#infra/corpus/read-data-file.ts'
import type { Catalog } from '#schemas/catalog.ts'
import type { ListedFile } from '#schemas/data-file.ts'
import { limits, type DataEntityBucketId } from '#schemas/data-universe.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import { decodeRowList, otherLabel, rowListBytesMax, type RowList } from '#schemas/row-list.ts'
import { readHeads } from '../../shard/snapshot-heads.ts'
import { isShown } from '../../shard/index-manifest.ts'
import { nameOf, type BucketPart, type ServedBuckets } from './served-buckets.ts'

export interface FollowParts {
  store: Pick<ObjectStore, 'get'>
  catalog: Catalog
  /** Hotkey whose snapshots are served. */
  hotkey: string
  buckets: ServedBuckets
}

/** Rows that are looked at in one turn of the event loop. */
const rowsAtOnce = 50_000

/**
 * Brings the buckets after the snapshots that the miner shows: of each file that came, or lost rows, its list is read, once; then all that changed is served at
 * once. A file that cannot be read costs itself.
 * @throws OrreryError of the first such file: `data_unreadable`, `not_found` or as the store does; the signal's reason
 */
export async function followFiles({ store, catalog, hotkey, buckets }: FollowParts, signal: AbortSignal): Promise<void> {
  const heads = await readHeads(catalog, hotkey)
  const shown = [...heads.values()].filter(({ manifest }) => isShown(manifest)).flatMap(({ manifest }) => manifest.files)
  const wanted = new Map(shown.filter(({ file }) => file.row_list !== undefined).map((listed) => [nameOf(listed), listed]))
  const known = new Set(await buckets.files())
  const came = [...wanted].filter(([name]) => !known.has(name))
  let failure: OrreryError | undefined
  for (const [, listed] of came) {
    signal.throwIfAborted()
    try {
      await buckets.add({ listed }, await partsOf(store, listed, signal))
    } catch (cause) {
      if (signal.aborted || !(cause instanceof OrreryError)) throw cause
      failure ??= cause
    }
  }
  await buckets.show([...wanted.keys()])
  if (failure) throw failure
}

async function partsOf(store: Pick<ObjectStore, 'get'>, listed: ListedFile, signal: AbortSignal): Promise<BucketPart[]> {
  const { file } = listed
  const gone = await readDeletionVector(store, listed)
  const list = await listOf(store, listed)
  const source = await sourceOf(store, listed, signal)
  if (source === undefined) return []
  /** By label and hour: numbers of ours. */
  const found = new Map<number, { bucket: DataEntityBucketId; bytes: number; rows: number[] }>()
  for (let row = 0; row < list.rows; row++) {
    if (row % rowsAtOnce === rowsAtOnce - 1) await nextTurn()
    const [label, hour, bytes] = [list.label[row] as number, list.hour[row] as number, list.textBytes[row] as number]
    // What has so many labels is in no bucket.
    if (label === otherLabel || gone?.has(row)) continue
    const key = hour * 2 ** 16 + label
    const part = found.get(key) ?? { bucket: { source, time_bucket: hour, label: file.labels[label]?.[0] ?? null }, bytes: 0, rows: [] }
    if (part.bytes + bytes > limits.bucketBytes) continue
    found.set(key, part)
    part.bytes += bytes
    part.rows.push(row)
  }
  return [...found.values()].map(({ bucket, bytes, rows }) => ({ bucket, bytes, positions: new Uint8Array(Uint32Array.from(rows).buffer) }))
}

async function listOf(store: Pick<ObjectStore, 'get'>, { file }: ListedFile): Promise<RowList> {
  const { row_list: stored } = file
  if (!stored || stored.bytes > rowListBytesMax(file)) throw unreadable(file.key)
  try {
    return decodeRowList(await store.get(stored.key), file)
  } catch (cause) {
    throw cause instanceof OrreryError && cause.code === 'invalid_record' ? unreadable(stored.key, cause) : cause
  }
}

/** A file is of one job, and that of one platform. */
async function sourceOf(store: Pick<ObjectStore, 'get'>, listed: ListedFile, signal: AbortSignal): Promise<DataEntityBucketId['source'] | undefined> {
  for await (const [first] of readDataFile(store, listed, { columns: ['source'], signal })) if (first) return first.document.source
  return undefined
}

const unreadable = (key: string, cause?: unknown): OrreryError =>
  new OrreryError('data_unreadable', `The list of rows ${key} is not what was written; restore the store from a backup.`, { key }, cause)
