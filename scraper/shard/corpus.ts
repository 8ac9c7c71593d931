import { z } from 'zod'
import { sha256Hex } from '#schemas/canonical-json.ts'
import type { CorpusIndex, IndexChange } from '#schemas/corpus-index.ts'
import { OrreryError } from '#schemas/errors.ts'
import { lineage } from '#schemas/lineage.ts'
import { SnapshotManifest } from '#schemas/manifest.ts'
import { commitHeads, manifestKey, readHeads, writeSnapshots, type HeadParts, type JobChange, type SnapshotHead, type SnapshotHeads } from './snapshot-heads.ts'
import { adoptShards } from './adopt-shards.ts'
import { listShards } from './list-shards.ts'
import { forgetFiles, readInFiles } from './read-in.ts'

export interface CorpusParts extends HeadParts {
  /** Of this miner alone. */
  index: CorpusIndex
}

/** What a change does to files, and to what is known of their rows. */
export interface CorpusChange {
  jobs: ReadonlyMap<string, JobChange>
  index: IndexChange
}

const Pending = z.array(z.tuple([z.string(), z.string()]))

/**
 * The rows of one miner: its snapshots, and the index of what is known of them, changed together.
 *
 * The index is where a change happens: data files, deletion vectors and manifests are written before, and mean nothing yet; its commit names the heads that
 * follow from it (`pending`), and they are committed after it. Whatever is cut off between is made up for before the next change. An index that names other
 * heads than the catalog has (it was lost, or one of the two was restored) learns the rows of those jobs again from their files.
 */
export class Corpus {
  readonly #parts: CorpusParts
  #heads: SnapshotHeads = new Map()
  /** Whether `#heads` are those of the catalog and of the index. */
  #isSettled = false

  constructor(parts: CorpusParts) {
    this.#parts = parts
  }

  /** The heads that there are, when all that was begun is done. @throws OrreryError `data_unreadable` for a file of a snapshot that has to be read and cannot be */
  async heads(signal: AbortSignal): Promise<SnapshotHeads> {
    if (!this.#isSettled) {
      await rollForward(this.#parts)
      await adoptShards(this.#parts, signal)
      const heads = await readHeads(this.#parts.catalog, this.#parts.signer.address)
      await readInAgain(this.#parts, heads, signal)
      this.#heads = await listed(this.#parts, heads, signal)
      this.#isSettled = true
    }
    return this.#heads
  }

  /** All of it or nothing; durable and seen by readers when this resolves. @throws OrreryError `conflict` when another process works with the same hotkey */
  async commit({ jobs, index: change }: CorpusChange, signal: AbortSignal): Promise<void> {
    const { index } = this.#parts
    const former = await this.heads(signal)
    const { heads, left } = await writeSnapshots(this.#parts, former, jobs)
    signal.throwIfAborted()
    this.#isSettled = false
    await index.commit({ ...change, dropFiles: left, pending: pendingOf(heads) })
    await commitHeads(
      this.#parts,
      [...jobs.keys()].map((job) => heads.get(job) as SnapshotHead),
    )
    this.#heads = heads
    this.#isSettled = true
  }
}

/** The heads, each of whose files has a list of its rows. */
async function listed(parts: CorpusParts, heads: SnapshotHeads, signal: AbortSignal): Promise<SnapshotHeads> {
  const changed = await listShards(parts, heads, signal)
  if (changed.size === 0) return heads
  const next = new Map([...heads, ...changed])
  await parts.index.commit({ pending: pendingOf(next) })
  await commitHeads(parts, changed.values())
  return next
}

const pendingOf = (heads: SnapshotHeads): string => JSON.stringify([...heads].map(([job, { sha256 }]) => [job, sha256]))

/** The heads that the index names, by job. */
export async function namedHeads(index: CorpusIndex): Promise<Map<string, string>> {
  const text = await index.pending()
  return new Map(text === undefined ? [] : Pending.parse(JSON.parse(text)))
}

/** Commits, and tells, the heads that the index names: also those that are there already, as they may not have been told. */
async function rollForward(parts: CorpusParts): Promise<void> {
  const { catalog, signer, index } = parts
  for (const [jobId, sha256] of await namedHeads(index)) {
    const head = await catalog.head(lineage.snapshot(signer.address, jobId))
    const manifest = head?.sha256 === sha256 ? head.manifest : await readManifest(parts, sha256)
    // The line went another way, or the object is gone or damaged: the rows are read in again.
    if (manifest) await commitHeads(parts, [{ sha256, manifest }]).catch(unlessCode('conflict'))
  }
}

async function readManifest({ store, signer }: CorpusParts, sha256: string): Promise<SnapshotManifest | undefined> {
  const bytes = await store.get(manifestKey(signer.address, sha256)).catch(unlessCode('not_found'))
  if (bytes === undefined) return undefined
  return sha256Hex(bytes) === sha256 ? SnapshotManifest.parse(JSON.parse(Buffer.from(bytes).toString())) : undefined
}

const unlessCode =
  (code: OrreryError['code']) =>
  (error: unknown): undefined => {
    if (!(error instanceof OrreryError && error.code === code)) throw error
  }

/** Makes the index know the rows of the heads, where it names others. */
async function readInAgain({ index, store }: CorpusParts, heads: SnapshotHeads, signal: AbortSignal): Promise<void> {
  const named = await namedHeads(index)
  const others = [...heads].filter(([jobId, { sha256 }]) => named.get(jobId) !== sha256)
  const isSame = others.length === 0 && named.size === heads.size
  if (isSame) return
  const listed = new Set(
    [...heads].flatMap(([jobId, { sha256, manifest }]) => (named.get(jobId) === sha256 ? manifest.files.map(({ file }) => file.sha256) : [])),
  )
  const { files } = await index.stats()
  await forgetFiles(
    index,
    files.filter((file) => !listed.has(file)),
  )
  for (const [, { manifest }] of others) await readInFiles(index, store, manifest.files, signal)
  await index.commit({ pending: pendingOf(heads) })
}
