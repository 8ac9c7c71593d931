import { keptHistory } from '#infra/sweep/kept-history.ts'
import type { Catalog } from '#schemas/catalog.ts'
import { OrreryError } from '#schemas/errors.ts'
import { snapshotIdOf, tableMetadata, type TableMetadata } from '#schemas/iceberg/table-metadata.ts'
import { lineage } from '#schemas/lineage.ts'
import { locationOf, uuidOf, type TablePlace } from './place.ts'
import { snapshotSummary } from './snapshot-summary.ts'
import { writeSnapshot } from './snapshot.ts'
import { currentStateKey, isDamage, numberOf, readState, writeState, type TableState, type WrittenSnapshot } from './state.ts'

/** The newest of the kept versions; a table's metadata are read whole by whoever opens it. */
const snapshotsMax = 100

export interface Following {
  catalog: Catalog
  /** Of the dataset. */
  name: string
  place: TablePlace
  /** Whether versions that are no longer kept may be among those it has. */
  mayHaveExpired: boolean
  signal: AbortSignal
}

/**
 * Brings a table up to the dataset's newest version: a snapshot for each version that is new, none for those that are kept no longer. What it costs follows what
 * changed; where what is remembered of the table is damaged, it is made anew. Cut off anywhere, readers find the table as it was, and the next call goes on.
 * @returns undefined while the dataset has no version
 * @throws OrreryError `data_unreadable`, `store_unavailable`; the signal's reason
 */
export async function followDataset(following: Following): Promise<TableState | undefined> {
  const stateKey = await currentStateKey(following.place)
  const state = await readState(following.place, stateKey)
  // The folder was moved: all of it names another place.
  const former = state?.root === following.place.root ? state : undefined
  try {
    return await goOn(following, stateKey, former)
  } catch (error) {
    if (!isDamage(error) || !former) throw error
    return goOn(following, stateKey, undefined)
  }
}

async function goOn(
  { catalog, name, place, mayHaveExpired, signal }: Following,
  stateKey: string | undefined,
  former: TableState | undefined,
): Promise<TableState | undefined> {
  const head = await catalog.head(lineage.dataset(name))
  if (!head) return undefined
  const known = former?.snapshots ?? []
  if (known.at(-1)?.sha256 === head.sha256 && !mayHaveExpired) return former
  const { snapshots, fresh } = await versionsOf(catalog, name, known, mayHaveExpired)
  if (fresh.length === 0 && snapshots.length === known.length) return former
  for (const version of fresh) {
    const entry = await catalog.get(lineage.dataset(name), { version })
    if (entry) snapshots.push(await writeSnapshot(place, entry, { former: snapshots.at(-1), signal }))
  }
  if (snapshots.length === 0) return undefined
  return writeTable(place, { name, snapshots: snapshots.slice(-snapshotsMax), after: numberOf(stateKey) })
}

/**
 * @param all whether those before the newest known one are looked at, too
 * @returns snapshots of versions that are kept, and the versions that follow them, both oldest first; a catalog of an earlier day knows nothing of what came later
 */
async function versionsOf(catalog: Catalog, name: string, known: readonly WrittenSnapshot[], all: boolean) {
  const byAddress = new Map(known.map((snapshot, at) => [snapshot.sha256, { snapshot, at }]))
  const fresh: number[] = []
  const snapshots: WrittenSnapshot[] = []
  let versions = 0
  for await (const { version, sha256 } of keptHistory(catalog, lineage.dataset(name))) {
    if (versions++ === snapshotsMax) break
    const found = byAddress.get(sha256)
    if (found && !all) return { snapshots: known.slice(0, found.at + 1), fresh }
    if (found) snapshots.unshift(found.snapshot)
    else if (snapshots.length === 0) fresh.unshift(version)
  }
  return { snapshots, fresh }
}

/** The metadata of the next number, which is taken by writing it. */
async function writeTable(place: TablePlace, { name, snapshots, after }: { name: string; snapshots: WrittenSnapshot[]; after: number }): Promise<TableState> {
  const bytes = Buffer.from(JSON.stringify(metadataOf(place, name, snapshots)))
  for (let number = after + 1; ; number++) {
    const key = `${place.folder}metadata/v${number}.metadata.json`
    try {
      await place.store.put(key, bytes)
    } catch (error) {
      // Of a process that died before it was done, or that does the same.
      if (error instanceof OrreryError && error.code === 'already_exists') continue
      throw error
    }
    return writeState(place, { name, number, root: place.root, metadata: { key }, hint: { key: hintKey(place) }, snapshots })
  }
}

/** Of the file that names the number of the newest metadata, for readers that have no catalog. */
const hintKey = ({ folder }: Pick<TablePlace, 'folder'>): string => `${folder}metadata/version-hint.text`

function metadataOf(place: TablePlace, name: string, snapshots: readonly WrittenSnapshot[]): TableMetadata {
  const location = locationOf(place, place.folder).replace(/\/$/, '')
  const ids = new Set(snapshots.map(({ sha256 }) => sha256))
  return tableMetadata({
    uuid: uuidOf(location),
    location,
    properties: { 'write.format.default': 'parquet', 'orrery.dataset': name },
    snapshots: snapshots.map((snapshot) => ({
      snapshotId: snapshotIdOf(snapshot.sha256),
      parentId: snapshot.parent !== null && ids.has(snapshot.parent) ? snapshotIdOf(snapshot.parent) : null,
      sequenceNumber: snapshot.version,
      committedAt: snapshot.committedAt,
      manifestList: locationOf(place, snapshot.manifestList.key),
      summary: snapshotSummary(snapshot),
      tag: `v${snapshot.version}`,
    })),
  })
}
