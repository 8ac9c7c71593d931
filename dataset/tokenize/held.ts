import { readDeletionVector, writeDeletionVector } from '#infra/corpus/deletion-vector.ts'
import { readList } from '#infra/corpus/list-object.ts'
import { recentValues } from '#infra/recent-values.ts'
import { sha256Hex } from '#schemas/canonical-json.ts'
import type { Catalog, CatalogEntry } from '#schemas/catalog.ts'
import { DeletedRows } from '#schemas/deletion-vector.ts'
import { OrreryError } from '#schemas/errors.ts'
import { lineage } from '#schemas/lineage.ts'
import { Stratum } from '#schemas/epoch-manifest.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import { GenerationShard, type ListedTokenShard } from '#schemas/token-list.ts'
import { documentIdRange, parseTokenShardHeader, tokenShardHeaderBytes } from '#schemas/token-shard.ts'

const idBytes = 32

/** First four bytes of the ids in shards, by their sha256: shards are asked again whenever something went, and hold next to none of it. */
const firstWords = recentValues<string, Uint32Array>({ bytesMax: 32 * 2 ** 20, bytesOf: (words) => words.byteLength })

/** What the run over a dataset has taken in, as the head of its line says. */
export interface RunReads {
  /** Number of the version of the tokens that has joined; 0: there is no run over tokens of this tokenizer. */
  joined: number
  /** sha256 of the shards that it goes on reading. */
  shards(): Promise<ReadonlySet<string>>
}

export async function runReads(catalog: Pick<Catalog, 'head'>, store: Pick<ObjectStore, 'get'>, name: string, fingerprint: string): Promise<RunReads> {
  const head = await catalog.head(lineage.plan(name))
  if (!head || head.kind === 'plan' || head.manifest.tokenizer.fingerprint !== fingerprint) return { joined: 0, shards: async () => new Set() }
  const { manifest } = head
  return {
    joined: manifest.joined,
    async shards() {
      const read = new Set<string>()
      for (const { generations } of manifest.algorithm === 3 ? await readList(store, manifest.strata.list, Stratum) : manifest.strata)
        for (const { list, windows, to } of generations)
          if (to < windows || windows === 0) for (const { sha256 } of await readList(store, list, GenerationShard)) read.add(sha256)
      return read
    },
  }
}

/** Ids of documents that are gone: lists of versions, each 32 raw bytes an id, sorted. */
export class GoneIds {
  readonly #lists: Buffer[] = []
  /** First four bytes of each: of the many ids that are asked for nearly all are told by them. */
  readonly #words = new Set<number>()

  add(list: Uint8Array): void {
    const ids = Buffer.from(list.buffer, list.byteOffset, list.length)
    this.#lists.push(ids)
    for (let at = 0; at < ids.length; at += idBytes) this.#words.add(ids.readUInt32LE(at))
  }

  get isEmpty(): boolean {
    return this.#words.size === 0
  }

  /** Whether any of the ids that begin with these words may be one of them. */
  mayMeet(words: Uint32Array): boolean {
    return words.some((word) => this.#words.has(word))
  }

  /** Whether the id that begins there is one of them. */
  has(ids: Buffer, at: number): boolean {
    return this.#words.has(ids.readUInt32LE(at)) && this.#lists.some((sorted) => hasId(sorted, ids.subarray(at, at + idBytes)))
  }
}

/**
 * Ids of the documents that left a dataset from one of its versions to the head.
 * @returns undefined when the versions between are not all there any more
 */
export async function goneSince(
  catalog: Pick<Catalog, 'get'>,
  store: Pick<ObjectStore, 'get'>,
  head: CatalogEntry<'version'>,
  since: string,
): Promise<GoneIds | undefined> {
  const gone = new GoneIds()
  for (let at = head; at.sha256 !== since;) {
    if (at.manifest.gone) gone.add(await readGone(store, at.manifest.gone))
    const parent = at.manifest.parent === null ? undefined : await catalog.get(lineage.dataset(at.manifest.name), { sha256: at.manifest.parent })
    if (parent?.kind !== 'version') return undefined
    at = parent
  }
  return gone
}

async function readGone(store: Pick<ObjectStore, 'get'>, { key, sha256 }: { key: string; sha256: string }): Promise<Uint8Array> {
  const bytes = await store.get(key)
  if (sha256Hex(bytes) === sha256) return bytes
  throw new OrreryError('data_unreadable', `The list of ids ${key} is not what its manifest says; restore it from a backup.`, { key })
}

/** A held shard as it is now: the documents that went are deleted from it too. */
export async function withoutGone(store: Pick<ObjectStore, 'get' | 'put'>, prefix: string, listed: ListedTokenShard, gone: GoneIds): Promise<ListedTokenShard> {
  if (gone.isEmpty) return listed
  const { shard, deletes } = listed
  const words = firstWords.get(shard.sha256)
  if (words && !gone.mayMeet(words)) return listed
  const header = parseTokenShardHeader(await store.get(shard.key, { start: 0, end: tokenShardHeaderBytes }), shard.bytes)
  const raw = await store.get(shard.key, documentIdRange(header, 0, header.documents))
  const ids = Buffer.from(raw.buffer, raw.byteOffset, raw.length)
  if (!words)
    firstWords.keep(
      shard.sha256,
      Uint32Array.from({ length: header.documents }, (_, document) => ids.readUInt32LE(document * idBytes)),
    )
  const before = await readDeletionVector(store, { file: { rows: shard.documents }, deletes })
  const went: number[] = []
  for (let document = 0; document < header.documents; document++) if (gone.has(ids, document * idBytes) && !before.has(document)) went.push(document)
  if (went.length === 0) return listed
  return { shard, deletes: await writeDeletionVector(store, `${prefix}deletes/`, before.union(DeletedRows.of(went))) }
}

function hasId(sorted: Uint8Array, id: Buffer): boolean {
  let [low, high] = [0, sorted.length / idBytes]
  while (low < high) {
    const middle = (low + high) >>> 1
    const order = id.compare(sorted, middle * idBytes, (middle + 1) * idBytes)
    if (order === 0) return true
    if (order > 0) low = middle + 1
    else high = middle
  }
  return false
}
