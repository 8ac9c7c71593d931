import { join } from 'node:path'
import { replaceFile } from '#infra/store/replace-file.ts'
import type { Catalog } from '#schemas/catalog.ts'
import { OrreryError } from '#schemas/errors.ts'
import { families } from '#schemas/lineage.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import type { Telemetry } from '#schemas/stage.ts'
import { datasetFolder } from '../dataset-folder.ts'
import type { TablePlace } from './place.ts'
import { currentStateKey, isDamage, keysOf, readHead, readState, type TableHead, type TableState } from './state.ts'
import { followDataset } from './table.ts'

/** Below which S3 clients find the keys of a store that serves itself (infra/store/signed-objects.ts). */
export const servedRoot = 's3://objects'
const filePrefix = 'file://'

const bring = async ({ key }: { key: string }): Promise<string> => key

/** The table of the REST catalog: its readers reach the service alone. */
export const servedPlace = (store: ObjectStore, name: string): TablePlace => ({
  store,
  source: store,
  folder: `${datasetFolder(name)}iceberg/rest/`,
  root: servedRoot,
  bring,
})

/** The table of readers that reach the store itself. */
export const directPlace = (store: ObjectStore, name: string): TablePlace => ({
  store,
  source: store,
  folder: `${datasetFolder(name)}iceberg/table/`,
  root: store.location,
  bring,
})

const places = [servedPlace, directPlace] as const

/**
 * Keys of the objects that the tables of a dataset are made of, beside its own. Where a table is damaged, what is remembered of it is forgotten, so that it is
 * made anew when it is followed next: nothing else waits for that.
 */
export async function* tableKeys(store: ObjectStore, name: string): AsyncGenerator<string> {
  for (const placeOf of places) {
    const place = placeOf(store, name)
    const stateKey = await currentStateKey(place)
    const state = await readState(place, stateKey)
    if (stateKey === undefined || !state) continue
    yield stateKey
    try {
      yield* keysOf(place, state)
    } catch (error) {
      if (!isDamage(error)) throw error
      await store.delete(stateKey)
    }
  }
}

export interface TablesParts {
  catalog: Catalog
  store: ObjectStore
  telemetry: Telemetry
}

/**
 * Keeps the two Iceberg tables of each dataset up to date, for who makes its versions and sweeps its objects. They share its data files; position deletes, which
 * name these by their locations, are of each. What fails is told.
 */
export class IcebergTables {
  readonly #parts: TablesParts
  /** By line: address of the version that its tables were brought up to, or failed at. */
  readonly #seen = new Map<string, string>()

  constructor(parts: TablesParts) {
    this.#parts = parts
  }

  /**
   * Those of all datasets, also of built ones: what built them may have been cut off, or written them as another program. Tries a version once, and all of them
   * again where versions may have been forgotten since the last call.
   * @throws the signal's reason
   */
  async followAll({ mayHaveExpired, signal }: { mayHaveExpired: boolean; signal: AbortSignal }): Promise<void> {
    for (const line of await this.#parts.catalog.lines(families.datasets)) {
      signal.throwIfAborted()
      if (this.#seen.get(line.name) === line.head && !mayHaveExpired) continue
      await this.follow(line.name.slice(families.datasets.prefix.length), { mayHaveExpired, signal })
      this.#seen.set(line.name, line.head)
    }
  }

  /**
   * Those of one dataset.
   * @param mayHaveExpired versions may have been forgotten since the tables were written
   * @throws the signal's reason
   */
  async follow(name: string, { mayHaveExpired, signal }: { mayHaveExpired: boolean; signal: AbortSignal }): Promise<void> {
    const { catalog, store, telemetry } = this.#parts
    try {
      for (const place of places) {
        const state = await followDataset({ catalog, name, place: place(store, name), mayHaveExpired, signal })
        if (place === directPlace && state) await writeHint(store.location, state)
      }
    } catch (error) {
      if (!(error instanceof OrreryError)) throw error
      telemetry.event('iceberg.failed', { name, code: error.code, message: error.message })
    }
  }
}

/** The one object that changes; it is written where the others are, beside the store, whose objects never do. */
export async function writeHint(location: string, { hint, number }: Pick<TableState, 'hint' | 'number'>): Promise<void> {
  if (location.startsWith(filePrefix)) await replaceFile(join(location.slice(filePrefix.length), hint.key), String(number))
}

/** What a table was brought up to last. */
export const currentTable = async (place: TablePlace): Promise<TableState | undefined> => readState(place, await currentStateKey(place))
/** The same without its snapshots. */
export const currentHead = async (place: TablePlace): Promise<TableHead | undefined> => readHead(place, await currentStateKey(place))
