import { z } from 'zod'
import { canonicalJson } from '#schemas/canonical-json.ts'
import { DeletionVector, StoredObject } from '#schemas/data-file.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import type { ListTree } from '#schemas/list-tree.ts'
import { readList } from '#infra/corpus/list-object.ts'
import { listedWhole, readLeaves, readTree, type ReadTree } from '#infra/corpus/list-tree.ts'
import type { TablePlace } from './place.ts'
import { readSnapshots } from './snapshot-summary.ts'

/** What a table says is remembered as JSON beside it: what comes next is made of that and of what is new, and the sweep finds there what stays. */

const Sha256 = z.string().regex(/^[0-9a-f]{64}$/)

/** Which snapshot brought a file, and its sequence number. */
const Since = z.strictObject({ snapshotId: z.int(), sequenceNumber: z.int() })
export type Since = z.infer<typeof Since>

/** A manifest, as manifest lists have it. Bounds of its partitions in hex, field by field. */
const WrittenManifest = z.strictObject({
  object: StoredObject,
  specId: z.int(),
  content: z.union([z.literal(0), z.literal(1)]),
  since: Since,
  minSequenceNumber: z.int(),
  added: z.strictObject({ files: z.int(), rows: z.int() }),
  existing: z.strictObject({ files: z.int(), rows: z.int() }),
  partitions: z.array(z.tuple([z.string(), z.string()])),
})
export type WrittenManifest = z.infer<typeof WrittenManifest>

/** A data file of a group, and its position deletes. */
const WrittenFile = z.strictObject({
  sha256: Sha256,
  rows: z.int(),
  since: Since,
  deletes: z.strictObject({ vector: DeletionVector, object: StoredObject, since: Since }).nullable(),
})
export type WrittenFile = z.infer<typeof WrittenFile>

/**
 * What was made of the list of one miner's job. `source`: address of that list; as long as it stays, so does this. `files`: a JSON array of `WrittenFile`, read
 * when the job changes.
 */
const WrittenGroup = z.strictObject({
  line: z.string(),
  source: Sha256,
  files: StoredObject,
  manifests: z.array(WrittenManifest),
  totals: z.strictObject({ files: z.int(), rows: z.int(), deletes: z.int(), deletedRows: z.int() }),
})
export type WrittenGroup = z.infer<typeof WrittenGroup>

/** `WrittenGroup` by miner and job: a tree; formerly a JSON array. */
export type GroupsList = ListTree | Pick<StoredObject, 'key' | 'sha256'>

/** A snapshot of the table. */
export interface WrittenSnapshot {
  version: number
  /** Of the version. */
  sha256: string
  /** Of the snapshot before, if the table has it. */
  parent: string | null
  /** ms since epoch */
  committedAt: number
  manifestList: { key: string }
  groups: GroupsList
  operation: 'append' | 'overwrite' | 'delete'
  /** Of its summary: counts by Iceberg's names. */
  counts: [string, string][]
}

/** Raised when what is written changes: then a table is made anew. */
const formatVersion = 3

/** What is written. The snapshots stand in the metadata alone: they are many, and written anew with each. */
const StateObject = z.strictObject({
  format: z.literal(formatVersion),
  /** Of the dataset. */
  name: z.string(),
  /** Of the metadata: `v12.metadata.json`. */
  number: z.int().positive(),
  root: z.string(),
  metadata: z.strictObject({ key: z.string() }),
  hint: z.strictObject({ key: z.string() }),
})

export type TableHead = z.infer<typeof StateObject>

export interface TableState extends TableHead {
  /** Oldest first, at least one. */
  snapshots: WrittenSnapshot[]
}

const digits = 10
const stateFolder = (folder: string): string => `${folder}state/current/`

/** The key of the newest state; states of other programs count too, so that no number comes twice. */
export async function currentStateKey({ store, folder }: Pick<TablePlace, 'store' | 'folder'>): Promise<string | undefined> {
  let last: string | undefined
  for await (const { key } of store.list(stateFolder(folder))) last = key
  return last
}

export const numberOf = (stateKey: string | undefined): number => (stateKey === undefined ? 0 : Number(stateKey.slice(-digits - 5, -5)))

/** What a state says itself; undefined where there is none, or none that this program can read: what it says can be made again. */
export async function readHead({ store }: Pick<TablePlace, 'store'>, key: string | undefined): Promise<TableHead | undefined> {
  return key === undefined ? undefined : orDamaged(async () => StateObject.safeParse(await readJson(store, key)).data)
}

/** The same with its snapshots; undefined also where the metadata are lost. */
export async function readState(place: Pick<TablePlace, 'store' | 'folder'>, key: string | undefined): Promise<TableState | undefined> {
  const head = await readHead(place, key)
  if (!head) return undefined
  const snapshots = await orDamaged(async () => readSnapshots(await readJson(place.store, head.metadata.key), { folder: place.folder, root: head.root }))
  return snapshots && { ...head, snapshots }
}

async function orDamaged<T>(read: () => Promise<T | undefined>): Promise<T | undefined> {
  try {
    return await read()
  } catch (error) {
    if (error instanceof SyntaxError || isDamage(error)) return undefined
    throw error
  }
}

const readJson = async (store: ObjectStore, key: string): Promise<unknown> => JSON.parse(Buffer.from(await store.get(key)).toString())

export async function writeState({ store, folder }: TablePlace, { snapshots, ...state }: Omit<TableState, 'format'>): Promise<TableState> {
  const object = { format: formatVersion, ...state } as const
  await store.put(`${stateFolder(folder)}${String(state.number).padStart(digits, '0')}.json`, Buffer.from(canonicalJson(object)))
  return { ...object, snapshots }
}

/**
 * Keys of all objects that a table is made of, each list read once; some come more than once.
 * @param dataKey where the table has data files of its own; absent: they are the dataset's, and not told
 * @throws OrreryError `data_unreadable`, `not_found` where a list is damaged or lost
 */
export async function* keysOf(
  place: Pick<TablePlace, 'store'>,
  { metadata, hint, snapshots }: TableState,
  dataKey?: (file: WrittenFile) => string,
): AsyncGenerator<string> {
  yield* [metadata.key, hint.key]
  const [pages, read] = [new Set<string>(), new Set<string>()]
  // As it stands in the store now: who asks for all of it is who notices what is damaged.
  const store = { get: place.store.get }
  for (const snapshot of snapshots) {
    yield snapshot.manifestList.key
    for await (const { files, manifests } of newGroups(store, snapshot.groups, pages)) {
      for (const { object } of manifests) yield object.key
      if (read.has(files.key)) continue
      read.add(files.key)
      yield files.key
      for (const file of await readFiles(place, { files })) {
        if (file.deletes) yield file.deletes.object.key
        if (dataKey) yield dataKey(file)
      }
    }
  }
  yield* pages
}

/** @param pages keys of what was read before; takes those of what is read */
async function* newGroups(store: Pick<ObjectStore, 'get'>, groups: GroupsList, pages: Set<string>): AsyncGenerator<WrittenGroup> {
  if ('height' in groups) for await (const { items } of readLeaves(store, groups, WrittenGroup, pages)) yield* items
  else if (!pages.has(groups.key)) yield* await readList(store, groups, WrittenGroup)
  pages.add(groups.key)
}

export const isDamage = (error: unknown): boolean => error instanceof OrreryError && (error.code === 'data_unreadable' || error.code === 'not_found')

export const readGroups = async ({ store }: Pick<TablePlace, 'store'>, { groups }: WrittenSnapshot): Promise<ReadTree<WrittenGroup>> =>
  'height' in groups ? readTree(store, groups, WrittenGroup) : listedWhole(await readList(store, groups, WrittenGroup))

export const readFiles = ({ store }: Pick<TablePlace, 'store'>, { files }: Pick<WrittenGroup, 'files'>): Promise<WrittenFile[]> =>
  readList(store, files, WrittenFile)
