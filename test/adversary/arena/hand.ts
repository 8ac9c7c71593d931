import { join } from 'node:path'
import { parquetMetadata } from 'hyparquet'
import { networkOf } from '#infra/chain/network.ts'
import { signManifest } from '#infra/chain/signed-manifest.ts'
import { hashParts, RowCollector, writeRowList, type WrittenGroup } from '#infra/corpus/list-rows.ts'
import { writeDataFile } from '#infra/corpus/write-data-file.ts'
import { canonicalJson, contentAddress, sha256Hex } from '#schemas/canonical-json.ts'
import type { Signer } from '#schemas/chain.ts'
import type { DataFile } from '#schemas/data-file.ts'
import { formatShardName, shardKey } from '#schemas/data-universe.ts'
import type { Document } from '#schemas/document.ts'
import { contentId } from '#schemas/identity/content-id.ts'
import { minhash } from '#schemas/identity/minhash.ts'
import type { Network } from '#schemas/network.ts'
import { story } from '#test/site/story.ts'
import { decodeRowList, type RowColumns, type RowList } from '#schemas/row-list.ts'
import { manifestKey } from '#scraper/shard/snapshot-heads.ts'
import { testOrigin, type Subnet } from '../subnet.ts'

/** What a miner that runs a program of its own may do: the store, the chain and its key take what they are given. */
export class Hand {
  readonly subnet: Subnet
  readonly signer: Signer
  #index: string | null = null

  constructor(subnet: Subnet, signer: Signer) {
    this.subnet = subnet
    this.signer = signer
  }

  /** To the second. */
  get now(): Date {
    return new Date(Math.floor(this.subnet.facts.now() / 1000) * 1000)
  }

  /** Writes a shard as the shard writer does. @param bytes in the place of those that it would have */
  async shard(
    jobId: string,
    documents: readonly Document[],
    { writtenAt = this.now, key }: { writtenAt?: Date; key?: (key: string) => string } = {},
  ): Promise<DataFile> {
    const keyOf = ({ rows, sha256 }: { rows: number; sha256: string }): string => {
      const honest = shardKey(this.signer.address, jobId, formatShardName({ writtenAt, rows, hex: sha256.slice(0, 16) }))
      return key ? key(honest) : honest
    }
    return await writeDataFile(this.subnet.store, { keyOf, documents, codec: 'zstd', writtenAt, spool: join(this.subnet.dir, 'spool') })
  }

  /** Puts bytes in the place of a shard, with what is said of them: hashes and list agree with them. */
  async shardOf(jobId: string, bytes: Uint8Array, documents: readonly Document[], said: Partial<DataFile> = {}): Promise<DataFile> {
    const [honest, sha256, { store }] = [await this.shard(jobId, documents), sha256Hex(bytes), this.subnet]
    const name = formatShardName({ writtenAt: new Date(honest.written_at), rows: said.rows ?? honest.rows, hex: sha256.slice(0, 16) })
    const key = shardKey(this.signer.address, jobId, name)
    await store.put(key, bytes)
    const { row_groups, digests } = await hashParts(one(bytes), { groups: groupsOf(bytes), fileBytes: bytes.length })
    return { ...honest, key, sha256, bytes: bytes.length, row_groups, row_list: await writeRowList(store, { key }, { ...listOf(documents), digests }), ...said }
  }

  /** The shard with a list of other rows than it has, or with the numbers of its own changed. */
  async listing(file: DataFile, change: (own: RowList) => Partial<RowList>): Promise<DataFile> {
    const { store } = this.subnet
    const own = decodeRowList(await store.get(file.row_list?.key ?? ''), file)
    return { ...file, row_list: await writeRowList(store, file, listParts({ ...own, ...change(own) })) }
  }

  /** Claims these rows, one shard a job, as all it has. @param on the network that it signs for */
  async claim(documents: readonly Document[], on?: Network): Promise<void> {
    const files = new Map<string, DataFile[]>()
    for (const [jobId, rows] of Map.groupBy(documents, ({ job_id }) => job_id)) files.set(jobId, [await this.shard(jobId, rows)])
    await this.publish(files, on)
  }

  /** Publishes these files as all it has, by job, and commits the index. */
  async publish(files: ReadonlyMap<string, readonly DataFile[]>, on?: Network): Promise<void> {
    await this.commit(await this.#indexOf(files, on))
  }

  /** Writes snapshots and the index that names them. */
  async #indexOf(files: ReadonlyMap<string, readonly DataFile[]>, on?: Network): Promise<string> {
    const network = on ?? (await networkOf(this.subnet.chain))
    // The block of a commitment begins before it.
    const { timestamp } = await this.subnet.chain.block()
    const [hotkey, written_at] = [this.signer.address, new Date(timestamp).toISOString()]
    const snapshots: { job_id: string; sha256: string }[] = []
    for (const [job_id, of] of files) {
      const facts = { kind: 'snapshot' as const, parent: null, origin: testOrigin, hotkey, job_id, written_at, duplicates: { exact: 0, near: 0, clusters: 0 } }
      const snapshot = { ...facts, files: of.map((file) => ({ file, deletes: null })) }
      snapshots.push({ job_id, sha256: await this.#put(signManifest(snapshot, this.signer, network)) })
    }
    this.#index = await this.#put(signManifest({ kind: 'snapshot-index' as const, parent: this.#index, hotkey, written_at, snapshots }, this.signer, network))
    return this.#index
  }

  async commit(index: string): Promise<void> {
    await this.subnet.chain.commit(this.signer, new Uint8Array(Buffer.from(index, 'hex')))
  }

  async #put(manifest: object): Promise<string> {
    const sha256 = contentAddress(manifest)
    await this.subnet.store.put(manifestKey(this.signer.address, sha256), Buffer.from(canonicalJson(manifest)))
    return sha256
  }
}

/** What a list says of these rows. */
export function listOf(documents: readonly Document[]): { rows: number; columns: RowColumns } {
  const rows = new RowCollector()
  for (const document of documents) rows.add(document)
  return rows.collected()
}

const listParts = ({ rows, digests, ...columns }: RowList): { rows: number; columns: RowColumns; digests: Uint8Array } => ({ rows, columns, digests })

/** As its footer says them; none of what is no Parquet file. */
function groupsOf(bytes: Uint8Array): WrittenGroup[] {
  try {
    const { row_groups: groups } = parquetMetadata(Uint8Array.from(bytes).buffer)
    return groups.map(({ num_rows: rows, columns }) => ({
      rows: Number(rows),
      bytes: columns.reduce((sum, { meta_data: chunk }) => sum + Number(chunk?.total_compressed_size ?? 0), 0),
    }))
  } catch {
    return []
  }
}

async function* one(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

/** The row as another hotkey's. */
export const rowOf = (row: Document, { signer }: Hand): Document => ({ ...row, hotkey: signer.address })

/** The row with another text, all that follows from it agreeing. */
export const withText = (row: Document, text: string): Document => ({
  ...row,
  text,
  id: contentId(text),
  minhash: minhash(text),
  text_bytes: Buffer.byteLength(text),
})

/** Sentences that stand on no page. */
export const invention = (seed: number, sentences: number): string => story(50_000_000 + seed, sentences)

/** Text that its miner made up, and the hash of a page nobody ever saw, for a page that is there. */
export function fabricated(row: Document, seed: number): Document {
  const text = `# ${row.title}\n\n${invention(seed, 3)}\n\n${invention(seed + 1, 3)}`
  return { ...withText(row, text), html_sha256: sha256Hex(text) }
}
