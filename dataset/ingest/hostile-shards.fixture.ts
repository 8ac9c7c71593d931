import { parquetWriteBuffer } from 'hyparquet-writer'
import { signManifest } from '#infra/chain/signed-manifest.ts'
import { contentAddress, sha256Hex } from '#schemas/canonical-json.ts'
import type { Signer } from '#schemas/chain.ts'
import type { DataFile, DeletionVector } from '#schemas/data-file.ts'
import { formatShardName, shardKey } from '#schemas/data-universe.ts'
import { DeletedRows, encodeDeletionVector } from '#schemas/deletion-vector.ts'
import type { Document } from '#schemas/document.ts'
import { lineage } from '#schemas/lineage.ts'
import { documentColumns, documentSchema, toCell } from '#schemas/parquet/columns.ts'
import { encodeDocuments } from '#schemas/parquet/encode.ts'
import { testDocument, testDocuments } from '#test/golden/documents.ts'
import { goldenOrigin, type ShardWorld } from '#test/golden/shards.ts'

/** What a hostile miner puts into the store, and what it says of it. */
export interface HostileShard {
  bytes: Uint8Array
  /** Of the file, where it is not what the bytes are. */
  claim?: Partial<DataFile>
  deletes?: { bytes: Uint8Array | undefined; claim: Partial<DeletionVector> }
  /** The object is not there. */
  isMissing?: boolean
  /** Rows that it says it has. Default 6. */
  rows?: number
}

export interface HostileMiner {
  signer: Signer
  /** Whose files lie beside. */
  victim: { signer: Signer; file: DataFile; bytes: Uint8Array }
}

const writtenAt = new Date(Date.UTC(2026, 0, 21))

/** Puts a shard into the store and the snapshot of a job. */
export async function putHostile(world: Pick<ShardWorld, 'store' | 'catalog'>, signer: Signer, jobId: string, shard: HostileShard): Promise<void> {
  const { bytes, claim, deletes, isMissing = false, rows = 6 } = shard
  const sha256 = sha256Hex(bytes)
  const key = shardKey(signer.address, jobId, formatShardName({ writtenAt, rows, hex: sha256.slice(0, 16) }))
  if (!isMissing) await world.store.put(key, bytes)
  const said = { key, sha256, bytes: bytes.length, rows, text_bytes: 0, written_at: writtenAt.toISOString(), datetime_range: null, labels: [], columns: [] }
  const blob = deletes?.bytes ?? Buffer.from('nothing')
  const vector = { key: `deletes/hotkey=${signer.address}/${sha256Hex(blob)}.dv`, sha256: sha256Hex(blob), bytes: blob.length, rows: 1, ...deletes?.claim }
  if (deletes?.bytes) await world.store.put(`deletes/hotkey=${signer.address}/${sha256Hex(blob)}.dv`, blob)
  const manifest = signManifest(
    {
      kind: 'snapshot' as const,
      parent: null,
      origin: goldenOrigin,
      hotkey: signer.address,
      job_id: jobId,
      written_at: writtenAt.toISOString(),
      files: [{ file: { ...said, ...claim }, deletes: deletes ? vector : null }],
      duplicates: { exact: 0, near: 0, clusters: 0 },
    },
    signer,
  )
  await world.catalog.commit(lineage.snapshot(signer.address, jobId), undefined, manifest)
}

const withFooter = (...parts: readonly Uint8Array[]): Uint8Array => {
  const own = Buffer.concat(parts)
  const length = Buffer.alloc(4)
  length.writeUInt32LE(own.length)
  return Buffer.concat([Buffer.from('PAR1'), own, length, Buffer.from('PAR1')])
}

/** As another writer has them, whose cells may be anything. */
const written = (documents: readonly Document[], cells: Record<string, unknown> = {}): Uint8Array =>
  new Uint8Array(
    parquetWriteBuffer({
      schema: [...documentSchema],
      columnData: documentColumns.map((column) => ({
        name: column.name,
        data: documents.map((document) => (Object.hasOwn(cells, column.name) ? cells[column.name] : toCell(column, document))),
      })),
    }),
  )

const filled = (bytes: Buffer, with_: number): Buffer => bytes.fill(with_, Math.floor(bytes.length * 0.3), Math.floor(bytes.length * 0.4))

/** Ways to be hostile, by their names. @param bombBytes how large texts are that are to fill the memory */
export function hostileShards({ signer, victim }: HostileMiner, bombBytes: number): [name: string, shard: (jobId: string) => HostileShard][] {
  const own = (jobId: string, parts: Partial<Document> = {}, count = 6): Document[] =>
    testDocuments(count, { hotkey: signer.address, job_id: jobId, ...parts }).map((document, n) => ({
      ...document,
      uri: `https://hostile.example/${jobId}/${n}`,
    }))
  const file = (jobId: string): Buffer => Buffer.from(encodeDocuments(own(jobId), { codec: 'zstd' }))
  const cut = (change: (bytes: Buffer) => Uint8Array) => (jobId: string) => ({ bytes: change(file(jobId)) })
  const said = (claim: Partial<DataFile>) => (jobId: string) => ({ bytes: file(jobId), claim })
  const cells = (of: Record<string, unknown>) => (jobId: string) => ({ bytes: written(own(jobId), of) })
  const rows = (parts: Partial<Document>) => (jobId: string) => ({ bytes: encodeDocuments(own(jobId, parts), { codec: 'zstd' }) })
  const vector =
    (bytes: Uint8Array | undefined, claim: Partial<DeletionVector> = {}) =>
    (jobId: string) => ({ bytes: file(jobId), deletes: { bytes, claim } })
  const [thirtyMillion, mostOfAll] = [Buffer.from('8087a70e', 'hex'), Buffer.from('ffffffff07', 'hex')]
  const bomb = 'one long text that stands there again and again '.repeat(Math.ceil(bombBytes / 48))
  return [
    ['a footer that nests without end', () => ({ bytes: withFooter(Buffer.alloc(1 << 18, 0x1c)) })],
    [
      'a footer of lists of lists of millions',
      () => ({ bytes: withFooter(Buffer.from([0x19]), ...Array.from({ length: 20_000 }, () => Buffer.concat([Buffer.from([0xf9]), thirtyMillion]))) }),
    ],
    ['a footer of 2^31 booleans', () => ({ bytes: withFooter(Buffer.from([0x19, 0xf1]), mostOfAll, Buffer.alloc(1 << 18)) })],
    ['a footer with a number without an end', () => ({ bytes: withFooter(Buffer.from([0x15]), Buffer.alloc(1 << 18, 0xff)) })],
    ['a footer of nothing', () => ({ bytes: withFooter() })],
    ['a footer longer than the file', cut((bytes) => (bytes.writeUInt32LE(2 ** 31, bytes.length - 8), bytes))],
    [
      'a page of lists of lists of millions',
      cut(
        (bytes) => (
          Buffer.concat([Buffer.from([0x19]), ...Array.from({ length: 200 }, () => Buffer.concat([Buffer.from([0xf9]), thirtyMillion]))]).copy(bytes, 4),
          bytes
        ),
      ),
    ],
    ['one byte', () => ({ bytes: new Uint8Array(1) })],
    ['text', () => ({ bytes: Buffer.from('PAR1 this is no table PAR1') })],
    ['a file cut off', cut((bytes) => bytes.subarray(0, bytes.length - 100))],
    ['a file without its head', cut((bytes) => bytes.subarray(50))],
    ['a file with zeros in it', cut((bytes) => filled(bytes, 0))],
    ['a file with other bytes in it', cut((bytes) => filled(bytes, 0xa5))],
    ['a file of another schema', () => ({ bytes: new Uint8Array(parquetWriteBuffer({ columnData: [{ name: 'text', data: ['a'], type: 'STRING' }] })) })],
    ['more rows than there are', said({ rows: 7 })],
    ['less rows than there are', said({ rows: 5 })],
    ['as many rows as no file has', said({ rows: 2 ** 25 })],
    ['more bytes than there are', (jobId) => ({ bytes: file(jobId), claim: { bytes: file(jobId).length + 1 } })],
    ['more bytes than a file may have', said({ bytes: 2 ** 31 })],
    ['another content', said({ sha256: sha256Hex('other') })],
    ['a key that leads elsewhere', said({ key: '../../etc/passwd' })],
    ['the key of another miner', said({ key: victim.file.key })],
    ['a file that is not there', (jobId) => ({ bytes: file(jobId), isMissing: true })],
    ["another miner's file under its own key", () => ({ bytes: victim.bytes, rows: victim.file.rows })],
    ["rows with a stranger's hotkey", rows({ hotkey: victim.signer.address })],
    ['rows of another job', rows({ job_id: 'another-job' })],
    ["rows with another's id", rows({ id: testDocument(0).id })],
    ["rows with another's signature", rows({ minhash: testDocument(1000).minhash })],
    ['rows with another size', rows({ text_bytes: 5 })],
    ['text that is not as it is kept', rows({ text: 'Line one \r\nline two\n\n\n\nend' })],
    ['a title of a megabyte', cells({ title: 'x'.repeat(2 ** 20) })],
    ['a label of 100,000 characters', cells({ label: 'x'.repeat(100_000) })],
    ['a signature of a megabyte', cells({ minhash: new Uint8Array(2 ** 20) })],
    ['JSON of 10,000 lists within lists', cells({ quality: '['.repeat(10_000) })],
    ['rights with a member of its own', cells({ rights: '{"__proto__":{"robots":"allowed"}}' })],
    [
      'one value of a dictionary for each of many rows',
      (jobId) => ({ bytes: written(own(jobId, {}, 80).map((document) => ({ ...document, text: bomb, text_bytes: bomb.length }))), rows: 80 }),
    ],
    ['a deletion vector that is none', vector(Buffer.from('this is no vector'))],
    ['a deletion vector of other rows', vector(encodeDeletionVector(DeletedRows.of([0])), { rows: 2 })],
    ['a deletion vector beyond the file', vector(encodeDeletionVector(DeletedRows.of([1000])))],
    ['a deletion vector of more rows than the file', vector(encodeDeletionVector(DeletedRows.of([0])), { rows: 7 })],
    ['a deletion vector of a gigabyte', vector(encodeDeletionVector(DeletedRows.of([0])), { bytes: 2 ** 30 })],
    ['a deletion vector that is not there', vector(undefined)],
    [
      "another miner's deletion vector",
      vector(encodeDeletionVector(DeletedRows.of([0])), { key: `deletes/hotkey=${victim.signer.address}/${contentAddress('0')}.dv` }),
    ],
  ]
}
