import { limits } from '#schemas/data-universe.ts'
import type { ObjectInfo, ObjectStore } from '#schemas/object-store.ts'
import { decodeRowGroups } from '#schemas/parquet/decode.ts'
import type { Telemetry } from '#schemas/stage.ts'
import { stackOf } from '#infra/telemetry/stack-of.ts'
import { failure, orMissing, type Failure } from './failure.ts'
import { fetchOf, type RowFacts } from './rows.ts'

/** Two miners may both have fetched a page in the same millisecond; hardly a tenth of all of them. */
const copiedShareMax = 0.1
/** Snapshots of one job looked into to find out who had the rows first. */
const snapshotsMax = 50

interface Miner {
  hotkey: string
  rows: readonly RowFacts[]
}

interface CopySearch {
  store: ObjectStore
  telemetry: Telemetry
  signal: AbortSignal
}

/**
 * Finds miners that show the same fetches (same page, bytes and millisecond): one of them copied. Who had them first by the store's own clock
 * keeps them; the others fail. Where the store cannot tell, all fail: hotkeys that share one crawl are a cluster of copies. While it does not answer,
 * nobody is charged.
 * @returns failures by hotkey
 */
export async function findCopies(miners: readonly Miner[], { store, telemetry, signal }: CopySearch): Promise<Map<string, Failure>> {
  const failures = new Map<string, Failure>()
  const fetches = miners.map(({ rows }) => new Set(rows.map(({ fetch }) => fetch)))
  for (const { a, b } of pairsAlike(fetches)) {
    const [minerA, minerB] = [miners[a] as Miner, miners[b] as Miner]
    // Who is caught already needs no second proof, and a cluster of copies not one for each of its pairs.
    if (failures.has(minerA.hotkey) && failures.has(minerB.hotkey)) continue
    const shared = (fetches[a] as Set<string>).intersection(fetches[b] as Set<string>)
    try {
      const [firstOfA, firstOfB] = [await firstSeen(minerA, shared, store), await firstSeen(minerB, shared, store)]
      if (firstOfA >= firstOfB) failures.set(minerA.hotkey, copied(shared.size, minerB.hotkey))
      if (firstOfB >= firstOfA) failures.set(minerB.hotkey, copied(shared.size, minerA.hotkey))
    } catch (error) {
      signal.throwIfAborted()
      telemetry.event('validator.copies_skipped', { miners: [minerA.hotkey, minerB.hotkey], error: stackOf(error) })
    }
  }
  return failures
}

const copied = (rows: number, from: string): Failure => failure('copied_rows', `${rows} rows are fetches of ${from}`)

/** Pairs that share more than two may by chance, by the places of their sets. A subnet has some hundred miners. */
function pairsAlike(fetches: readonly ReadonlySet<string>[]): { a: number; b: number }[] {
  const owners = new Map<string, number[]>()
  for (const [miner, own] of fetches.entries()) {
    for (const fetch of own) {
      const known = owners.get(fetch)
      if (known) known.push(miner)
      else owners.set(fetch, [miner])
    }
  }
  const shared = new Uint32Array(fetches.length ** 2)
  const count = (place: number): void => void (shared[place] = (shared[place] as number) + 1)
  for (const own of owners.values()) for (const [at, b] of own.entries()) for (let i = 0; i < at; i++) count((own[i] as number) * fetches.length + b)
  const rowsOf = (miner: number): number => fetches[miner]?.size ?? 0
  return [...shared.entries()].flatMap(([place, rows]) => {
    const [a, b] = [Math.floor(place / fetches.length), place % fetches.length]
    return rows > Math.min(rowsOf(a), rowsOf(b)) * copiedShareMax ? [{ a, b }] : []
  })
}

/**
 * Since when the store has had one of the fetches from that hotkey (ms). A job's objects are snapshots that hold the rows of the former ones, so each
 * job is walked from its newest object back to the first without them.
 */
async function firstSeen({ hotkey, rows }: Miner, fetches: ReadonlySet<string>, store: ObjectStore): Promise<number> {
  let first = Infinity
  for (const jobId of new Set(rows.filter(({ fetch }) => fetches.has(fetch)).map((row) => row.jobId))) {
    for (const { key, modifiedAt, bytes } of await newestObjects(`data/hotkey=${hotkey}/job_id=${jobId}/`, store)) {
      if (bytes > limits.shardBytesMax) break
      // One that its owner deletes at this moment proves nothing.
      const held = await orMissing(store.get(key))
      if (held === undefined || !(await holdsAny(held, fetches))) break
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
    for await (const rows of decodeRowGroups(bytes)) if (rows.some((row) => fetches.has(fetchOf(row)))) return true
  } catch {
    // An old snapshot that cannot be read proves nothing.
  }
  return false
}
