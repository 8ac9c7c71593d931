import { join } from 'node:path'
import fc from 'fast-check'
import { parquetMetadata, type FileMetaData } from 'hyparquet'
import { ByteWriter } from 'hyparquet-writer'
import { writeMetadata } from 'hyparquet-writer/src/metadata.js'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { portThread } from '#infra/sqlite/port-thread.ts'
import { OrreryError } from '#schemas/errors.ts'
import { encodeDocuments } from '#schemas/parquet/encode.ts'
import { publishForged } from './forger.ts'
import { job, openScene, type Scene } from './scene.ts'
import { blockMs } from './subnet.ts'
import { temporaryFolder } from '#test/conformance/temporary-folder.ts'
import { evaluateClaim, type Evaluation } from '#scraper/validator/evaluate.ts'
import { openSampleJudge } from '#scraper/validator/judge-sample.ts'
import { listHistory } from '#scraper/validator/lists-in-force.ts'
import { openRowBook } from '#scraper/validator/row-book/row-book.ts'
import type { ReadClaim } from '#scraper/validator/take-claim.ts'
import { takeInAll } from '#scraper/validator/take-in.ts'

let scene: Scene
beforeEach(async () => {
  scene = await openScene()
})
afterEach(() => scene[Symbol.asyncDispose]())

/** One round over the hostile miner and an honest one beside it. */
async function round(look = scene.refetch) {
  const honest = await scene.subnet.join('miner-2')
  await scene.mineHonestly(honest, scene.rows(honest, 60, { from: 500 }))
  const report = await scene.validate(look)
  const of = (address: string) => report.miners.find(({ hotkey }) => hotkey === address)
  return { report, honest: of(honest.address), hostile: of(scene.miner.address) }
}

const eventsOf = (name: string) => scene.subnet.events.filter((event) => event.name === name).map(({ fields }) => fields)

const good = () => encodeDocuments(scene.rows(scene.miner, 60), { codec: 'zstd' })

/** One file with those bytes, as a look evaluates it. */
async function judge(bytes: Uint8Array, rows = 60): Promise<Evaluation> {
  const { subnet, miner, refetch } = scene
  // The chain takes so many commitments in an epoch.
  subnet.pace.advance(20 * blockMs)
  const listed = await publishForged(subnet, miner, job.id, { bytes, rows, documents: scene.rows(miner, rows) })
  const folder = await temporaryFolder()
  await using book = openRowBook(join(folder, 'found.sqlite'))
  const { signal } = new AbortController()
  const lists = await listHistory(subnet.catalog).read()
  await using judging = openSampleJudge({ ...subnet, refetch, folder, thread: portThread(folder, subnet.pace) })
  const params = { ...subnet, book, judge: judging, lists, blockHash: '0x00', samplePages: 5, signal }
  const { block, neurons } = await subnet.chain.metagraph()
  const evaluated = async () => {
    const claim = (await takeInAll(neurons, { block }, params)).get(miner.address)
    return evaluateClaim(miner.address, claim as ReadClaim, params)
  }
  const judged = await evaluated()
  // What was found is remembered as it was.
  expect((await evaluated()).failures.map(({ code }) => code)).toEqual(judged.failures.map(({ code }) => code))
  await subnet.store.delete(listed.file.key)
  return judged
}

/** The good file with another footer. */
function withFooter(change: (metadata: FileMetaData) => void): Uint8Array {
  const bytes = good()
  const metadata = parquetMetadata(Uint8Array.from(bytes).buffer)
  const footerBytes = new DataView(bytes.buffer, bytes.byteOffset).getUint32(bytes.length - 8, true)
  change(metadata)
  const writer = new ByteWriter()
  writer.appendBytes(bytes.subarray(0, bytes.length - 8 - footerBytes))
  writeMetadata(writer, metadata)
  writer.appendBytes(new TextEncoder().encode('PAR1'))
  return writer.getBytes()
}

const first = ({ row_groups: [group] }: FileMetaData) => group as NonNullable<typeof group>
const chunk = (metadata: FileMetaData, at = 0) =>
  first(metadata).columns[at]?.meta_data as NonNullable<NonNullable<(typeof metadata.row_groups)[0]['columns'][0]>['meta_data']>

describe('what one thing throws costs that thing alone', () => {
  test('a look at a page: the page is unknown, the others are judged, weights are set', async () => {
    await scene.mineHonestly(scene.miner, scene.rows(scene.miner, 60))
    let looks = 0
    const { report, honest, hostile } = await round(async (uri, signal) => {
      if (looks++ % 3 === 0) throw new RangeError('planted')
      return scene.refetch(uri, signal)
    })
    expect([honest?.passed, hostile?.passed]).toEqual([true, true])
    expect(report.weights.accepted).toBe(true)
    expect(eventsOf('validator.page_failed').length).toBeGreaterThan(5)
    expect(eventsOf('validator.page_failed')[0]).toEqual({ url: expect.stringContaining('example'), error: expect.stringMatching(/^RangeError: planted/) })
    expect(eventsOf('validator.miner').map((fields) => fields['pages_unfetchable'])).not.toContain(0)
  })

  test('a miner whose data lead to a throw fails, and says no word about the others', async () => {
    await publishForged(scene.subnet, scene.miner, job.id, { documents: scene.rows(scene.miner, 60) })
    const { store } = scene.subnet
    const { get } = store
    store.get = async (key, range) => {
      if (key.includes(`hotkey=${scene.miner.address}`)) throw new TypeError(`planted ${'x'.repeat(10_000)}\ud800`)
      return get(key, range)
    }
    const { report, honest, hostile } = await round()
    expect(hostile).toMatchObject({ passed: false, score: 0, failures: [{ code: 'unreadable' }] })
    expect(hostile?.failures[0]?.detail).toMatch(/^what the hotkey claims cannot be read \(TypeError: planted x{400}/)
    expect(hostile?.failures[0]?.detail.length).toBeLessThanOrEqual(500)
    expect(honest?.passed).toBe(true)
    expect(report.weights).toMatchObject({ accepted: true })
    expect(eventsOf('validator.miner_failed')).toEqual([{ miner: scene.miner.address, error: expect.stringMatching(/^TypeError: planted/) }])
  })

  test.each([
    ['an error of the disk', () => Object.assign(new Error('EIO: i/o error, read'), { code: 'EIO' })],
    ['an error of the store', () => new OrreryError('store_unavailable', 'The store does not answer.')],
    ['an error nobody knows', () => new Error('socket hang up')],
  ])('our store, by %s: the miner keeps its standing', async (_, broken) => {
    await scene.mineHonestly(scene.miner, scene.rows(scene.miner, 60))
    const before = (await scene.validate()).miners[0]
    const { store } = scene.subnet
    const { get } = store
    store.get = async (key, range) => (key.includes(`hotkey=${scene.miner.address}`) ? Promise.reject(broken()) : get(key, range))
    const { honest, hostile } = await round()
    const { credibility, raw, passed, index, standing } = before ?? {}
    expect(hostile).toMatchObject({ credibility, raw, passed, index, standing: { store: standing?.store, looks: standing?.looks, unjudged: 1 } })
    expect(honest?.passed).toBe(true)
    expect(eventsOf('validator.miner_skipped')).toHaveLength(1)
  })
})

describe('a hostile shard', () => {
  test('whose footer is only written anew is good', async () => {
    expect(await judge(withFooter(() => undefined))).toMatchObject({ failures: [], pages: expect.arrayContaining([expect.anything()]) })
  })

  test.each<[string, (metadata: FileMetaData) => void]>([
    ['rows without number', (metadata) => (metadata.num_rows = 2n ** 62n)],
    ['rows below zero', (metadata) => (metadata.num_rows = -1n)],
    ['a row group of 2^31 rows', (metadata) => (first(metadata).num_rows = 2n ** 31n)],
    ['a thousand row groups', (metadata) => (metadata.row_groups = Array.from({ length: 1000 }, () => first(metadata)))],
    ['no row group', (metadata) => (metadata.row_groups = [])],
    ['a chunk with 2^31 values', (metadata) => (chunk(metadata).num_values = 2n ** 31n)],
    ['a chunk that begins before the file', (metadata) => (chunk(metadata, 1).data_page_offset = -4n)],
    ['a chunk that begins behind the file', (metadata) => (chunk(metadata).data_page_offset = 2n ** 40n)],
    ['a chunk of negative size', (metadata) => (chunk(metadata).total_compressed_size = -5n)],
    ['a chunk of all the world', (metadata) => (chunk(metadata).total_compressed_size = 2n ** 60n)],
    ['a dictionary in the middle of a page', (metadata) => (chunk(metadata, 3).dictionary_page_offset = 77n)],
    ['another codec', (metadata) => (chunk(metadata).codec = 'BROTLI')],
    ['columns in another order', (metadata) => (first(metadata).columns = first(metadata).columns.toReversed())],
    ['a column too few', (metadata) => first(metadata).columns.pop()],
    ['a column of another type', (metadata) => (chunk(metadata, 15).type = 'BYTE_ARRAY')],
    ['one column more', (metadata) => metadata.schema.push({ name: 'more', type: 'INT32' })],
    ['a column with a name of a megabyte', (metadata) => metadata.schema.push({ name: 'x'.repeat(2 ** 20), type: 'INT32' })],
  ])('with a footer of %s fails by itself', async (_, change) => {
    const { failures } = await judge(withFooter(change))
    expect(failures.length).toBeGreaterThan(0)
    for (const { detail } of failures) expect(detail.length).toBeLessThanOrEqual(500)
  })

  test('cut at each of its parts fails', async () => {
    const bytes = good()
    const { row_groups: groups } = parquetMetadata(Uint8Array.from(bytes).buffer)
    const starts = groups.flatMap(({ columns }) => columns.map(({ meta_data: part }) => Number(part?.dictionary_page_offset ?? part?.data_page_offset)))
    for (const end of [...starts.filter((at) => at > 15_000), bytes.length - 8, bytes.length - 4, bytes.length - 1]) {
      expect((await judge(bytes.slice(0, end))).failures.map(({ code }) => code)).toEqual(['not_parquet'])
    }
  })

  test('of any bytes never throws, and fails where it is not what it was', async () => {
    const bytes = good()
    const flips = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 })), { minLength: 1, maxLength: 6 })
    await fc.assert(
      fc.asyncProperty(flips, fc.boolean(), async (places, isFooter) => {
        const flipped = bytes.slice()
        for (const [place, mask] of places) {
          const at = isFooter ? bytes.length - 1 - (place % 12_000) : place % bytes.length
          flipped[at] = (flipped[at] as number) ^ mask
        }
        const { failures, pages } = await judge(flipped)
        expect(failures.length + pages.length).toBeGreaterThan(0)
      }),
      { numRuns: 60, seed: 7 },
    )
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 16_000, maxLength: 20_000 }), async (noise) => {
        expect((await judge(Buffer.concat([Buffer.from('PAR1'), noise, Buffer.from([0, 62, 0, 0]), Buffer.from('PAR1')]))).failures).toHaveLength(1)
      }),
      { numRuns: 15, seed: 7 },
    )
  })
})
