import { readDataFile } from '#infra/corpus/read-data-file.ts'
import type { DataEntityBucketId } from '#schemas/data-universe.ts'
import type { Document } from '#schemas/document.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import { contentsMax, formOfBucketId, type EntityForm } from './forms.ts'
import type { PlacedRows, ServedBuckets } from './served-buckets.ts'

const columns = ['uri', 'datetime', 'source', 'label', 'text'] as const
type ServedRow = Pick<Document, (typeof columns)[number]>

export interface AnswerParts {
  store: Pick<ObjectStore, 'get'>
  buckets: ServedBuckets
}

/** `[…]` with the DataEntities of a bucket, a MiB at a time as they are read. @throws as `readDataFile` */
export async function* entitiesOf({ store, buckets }: AnswerParts, bucket: DataEntityBucketId, signal: AbortSignal): AsyncGenerator<string> {
  let before = '['
  for await (const rows of rowsOf(store, await buckets.find(bucket), signal)) {
    yield before + rows.map((row) => JSON.stringify(entityOf(row))).join(',')
    before = ','
  }
  yield before === '[' ? '[]' : ']'
}

/**
 * `[[id, [content, …]], …]` of the buckets, none twice, in the order in which they are asked for: what would be beyond 200,000 items or 128 MiB is left out.
 * @throws as `readDataFile`
 */
export async function* contentsOf({ store, buckets }: AnswerParts, asked: readonly DataEntityBucketId[], signal: AbortSignal): AsyncGenerator<string> {
  let left = { items: contentsMax.items as number, bytes: contentsMax.bytes as number }
  const seen = new Set<string>()
  let before = '['
  for (const bucket of asked) {
    const id = JSON.stringify(formOfBucketId(bucket))
    if (seen.has(id)) continue
    seen.add(id)
    yield `${before}[${id},[`
    before = ','
    let comma = ''
    const placed = left.items > 0 ? await buckets.find(bucket) : []
    for await (const rows of rowsOf(store, placed, signal)) {
      const contents: string[] = []
      for (const { text } of rows) {
        const bytes = Buffer.byteLength(text)
        if (left.items < 1 || left.bytes < bytes) {
          left = { items: 0, bytes: 0 }
          break
        }
        left = { items: left.items - 1, bytes: left.bytes - bytes }
        contents.push(JSON.stringify(text))
      }
      if (contents.length > 0) {
        yield comma + contents.join(',')
        comma = ','
      }
      if (left.items === 0) break
    }
    yield ']]'
  }
  yield before === '[' ? '[]' : ']'
}

async function* rowsOf(store: AnswerParts['store'], placed: readonly PlacedRows[], signal: AbortSignal): AsyncGenerator<ServedRow[]> {
  for (const { listed, positions } of placed) {
    const rows = new Uint32Array(Uint8Array.from(positions).buffer)
    for await (const batch of readDataFile(store, listed, { columns, rows, signal })) yield* runsOf(batch.map(({ document }) => document))
  }
}

/** What is made into JSON in one turn of the event loop; a single text may be longer. */
const runBytesMax = 2 ** 20

/** Rows in their order, together not longer than that. */
export function* runsOf<Row extends Pick<ServedRow, 'text'>>(rows: readonly Row[]): Generator<Row[]> {
  let run: Row[] = []
  let bytes = 0
  for (const row of rows) {
    bytes += Buffer.byteLength(row.text)
    if (run.length > 0 && bytes > runBytesMax) {
      yield run
      run = []
      bytes = Buffer.byteLength(row.text)
    }
    run.push(row)
  }
  if (run.length > 0) yield run
}

const entityOf = ({ uri, datetime, source, label, text }: ServedRow): EntityForm => ({
  uri,
  datetime: datetime.toISOString(),
  source,
  label: { value: label },
  content: text,
  content_size_bytes: Buffer.byteLength(text),
})
