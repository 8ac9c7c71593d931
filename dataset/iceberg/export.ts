import { resolve } from 'node:path'
import { readdir } from 'node:fs/promises'
import { folderStore } from '#infra/store/folder.ts'
import type { Catalog } from '#schemas/catalog.ts'
import type { StoredObject } from '#schemas/data-file.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import type { TablePlace } from './place.ts'
import { currentStateKey, keysOf, readState, type TableState } from './state.ts'
import { followDataset } from './table.ts'
import { writeHint } from './tables.ts'

export interface TableExport {
  catalog: Catalog
  store: ObjectStore
  /** Of the dataset. */
  name: string
  /** A folder: an empty one, or one that was exported to. */
  to: string
  /** Where readers will find the folder; absent: where it is. */
  url?: string | undefined
  signal: AbortSignal
}

const pieceBytes = 8 * 2 ** 20
/** What an export has in its folder; all else there is not touched. */
const folders = ['data/', 'deletes/', 'metadata/', 'state/'] as const

/**
 * Writes a table that stands by itself: data files, deletes and metadata in one folder, to be put wherever `url` says (any HTTP server, a bucket). Done again it
 * brings what is new, and takes away what no kept version has any more.
 * @throws OrreryError `invalid_argument` for a folder with something else in it, or in the store; `not_found` without a version; `store_unavailable`; the signal's reason
 */
export async function exportTable({ catalog, store, name, to, url, signal }: TableExport): Promise<TableState> {
  const folder = resolve(to)
  const target = folderStore(folder)
  await requireOwn(folder, { target, store, name })
  const place: TablePlace = {
    store: target,
    source: store,
    folder: '',
    root: url?.replace(/\/+$/, '') ?? target.location,
    async bring(file) {
      const key = dataKey(file)
      const there = await target.head(key)
      if (there?.bytes === file.bytes) return key
      // A copy of it that broke off.
      if (there) await target.delete(key)
      await target.put(key, pieces(store, file, signal), file)
      return key
    },
  }
  const state = await followDataset({ catalog, name, place, mayHaveExpired: true, signal })
  if (!state) throw new OrreryError('not_found', `The dataset "${name}" has no version yet; \`orrery dataset ingest --once\` makes one.`, { name })
  await writeHint(target.location, state)
  await removeUnnamed(place, state, signal)
  return state
}

const dataKey = ({ sha256 }: Pick<StoredObject, 'sha256'>): string => `data/${sha256}.parquet`

async function requireOwn(folder: string, { target, store, name }: { target: ObjectStore; store: ObjectStore; name: string }): Promise<void> {
  const refusal = (what: string) =>
    new OrreryError('invalid_argument', `--to "${folder}" ${what}; name an empty folder, or one that this was exported to.`, { folder })
  if (`${target.location}/`.startsWith(`${store.location}/`)) throw refusal('is in the store of all datasets')
  const names = await readdir(folder).catch((cause: NodeJS.ErrnoException) => (cause.code === 'ENOENT' ? [] : Promise.reject(cause)))
  if (names.length === 0) return
  const place = { store: target, folder: '' }
  const stateKey = await currentStateKey(place)
  if (stateKey === undefined) throw refusal('has something else in it')
  const of = (await readState(place, stateKey))?.name ?? name
  if (of !== name) throw refusal(`has the table of the dataset "${of}"`)
}

async function* pieces(store: ObjectStore, { key, bytes }: StoredObject, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < bytes; start += pieceBytes) {
    signal.throwIfAborted()
    yield await store.get(key, { start, end: Math.min(bytes, start + pieceBytes) })
  }
}

async function removeUnnamed(place: TablePlace, state: TableState, signal: AbortSignal): Promise<void> {
  const stateKey = await currentStateKey(place)
  const named = new Set([stateKey])
  for await (const key of keysOf(place, state, dataKey)) named.add(key)
  for (const folder of folders)
    for await (const { key } of place.store.list(folder)) {
      signal.throwIfAborted()
      if (!named.has(key)) await place.store.delete(key)
    }
}
