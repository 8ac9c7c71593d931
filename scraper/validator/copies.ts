import { limits } from '#schemas/data-universe.ts'
import type { ObjectInfo, ObjectStore } from '#schemas/object-store.ts'
import { decodeRowGroups } from '#schemas/parquet/decode.ts'
import { failure, type Failure } from './failure.ts'
import { rowFacts, type RowFacts } from './rows.ts'

/** Two miners may both have fetched a page in the same millisecond; hardly a tenth of all of them. */
const copiedShareMax = 0.1
/** Snapshots of one job looked into to find out who had the rows first. */
const snapshotsMax = 50

interface Miner {
  hotkey: string
  rows: readonly RowFacts[]
}

/**
 * Finds miners that show the same fetches (same page, bytes and millisecond): one of them copied. Who had them first by the store's own clock
 * keeps them; the others fail. Where the store cannot tell, all fail: hotkeys that share one crawl are a cluster of copies.
 * @returns failures by hotkey
 */
export async function findCopies(miners: readonly Miner[], store: ObjectStore): Promise<Map<string, Failure>> {
  const failures = new Map<string, Failure>()
  const byHotkey = new Map(miners.map((miner) => [miner.hotkey, miner]))
  const owners = new Map<string, string[]>()
  for (const { hotkey, rows } of miners) for (const { fetch } of rows) owners.set(fetch, [...(owners.get(fetch) ?? []), hotkey])
  for (const { a, b, shared } of pairsOf(owners)) {
    const [minerA, minerB] = [byHotkey.get(a), byHotkey.get(b)]
    if (!minerA || !minerB || shared.size <= Math.min(minerA.rows.length, minerB.rows.length) * copiedShareMax) continue
    const [firstOfA, firstOfB] = [await firstSeen(minerA, shared, store), await firstSeen(minerB, shared, store)]
    if (firstOfA >= firstOfB) failures.set(a, copied(shared.size, b))
    if (firstOfB >= firstOfA) failures.set(b, copied(shared.size, a))
  }
  return failures
}

const copied = (rows: number, from: string): Failure => failure('copied_rows', `${rows} rows are fetches of ${from}`)

function pairsOf(owners: ReadonlyMap<string, readonly string[]>): { a: string; b: string; shared: Set<string> }[] {
  const pairs = new Map<string, { a: string; b: string; shared: Set<string> }>()
  for (const [fetch, hotkeys] of owners) {
    const distinct = [...new Set(hotkeys)].toSorted()
    for (const [at, a] of distinct.entries()) {
      for (const b of distinct.slice(at + 1)) {
        const pair = pairs.get(`${a} ${b}`) ?? { a, b, shared: new Set<string>() }
        pair.shared.add(fetch)
        pairs.set(`${a} ${b}`, pair)
      }
    }
  }
  return [...pairs.values()]
}

/**
 * Since when the store has had one of the fetches from that hotkey (ms). A job's objects are snapshots that hold the rows of the former ones, so each
 * job is walked from its newest object back to the first without them.
 */
async function firstSeen({ hotkey, rows }: Miner, fetches: ReadonlySet<string>, store: ObjectStore): Promise<number> {
  let first = Infinity
  for (const jobId of new Set(rows.filter(({ fetch }) => fetches.has(fetch)).map((row) => row.jobId))) {
    for (const { key, modifiedAt, bytes } of await newestObjects(`data/hotkey=${hotkey}/job_id=${jobId}/`, store)) {
      if (bytes > limits.shardBytesMax || !(await holdsAny(await store.get(key), fetches))) break
      first = Math.min(first, modifiedAt.getTime())
    }
  }
  return first
}

async function newestObjects(prefix: string, store: ObjectStore): Promise<ObjectInfo[]> {
  let newest: ObjectInfo[] = []
  for await (const object of store.list(prefix)) {
    newest.push(object)
    if (newest.length >= 10 * snapshotsMax) newest = newestOf(newest)
  }
  return newestOf(newest)
}

const newestOf = (objects: ObjectInfo[]): ObjectInfo[] => objects.toSorted((a, b) => b.modifiedAt.getTime() - a.modifiedAt.getTime()).slice(0, snapshotsMax)

async function holdsAny(bytes: Uint8Array, fetches: ReadonlySet<string>): Promise<boolean> {
  try {
    for await (const rows of decodeRowGroups(bytes)) if (rows.some((row) => fetches.has(rowFacts(row).fetch))) return true
  } catch {
    // An old snapshot that cannot be read proves nothing.
  }
  return false
}
