import { join } from 'node:path'
import { writeDataFile } from '#infra/corpus/write-data-file.ts'
import type { Signer } from '#schemas/chain.ts'
import type { ListedFile } from '#schemas/data-file.ts'
import { formatShardName, shardKey } from '#schemas/data-universe.ts'
import type { Document } from '#schemas/document.ts'
import { lineage } from '#schemas/lineage.ts'
import { publishFiles } from '#test/adversary/forger.ts'
import { factTime, openSubnet, testJob, type Subnet } from '#test/adversary/subnet.ts'
import { testDocument } from '#test/golden/documents.ts'

/**
 * Miners whose rows follow from their numbers, so that what is on the web need not be kept: `node subnet-miners.ts FOLDER MINERS FILES ROWS [LARGE_FILES
 * LARGE_ROWS]` fills a folder with a chain, a store and a list of jobs, MINERS of FILES of ROWS each, and one of LARGE_FILES of LARGE_ROWS.
 */
export const benchJob = testJob('example')
export const filledAt = Date.UTC(2026, 0, 21)
const words = { large: 3, other: 14 }
/** Rows of one miner have numbers of their own; those of the large one are the first. */
const rowsPerMiner = 100_000_000

/** The page of a row, as it is on the web and in its miner's file. */
export function benchPage(number: number, hotkey: string): Document {
  const uri = `https://host${number % 3}.example/page/${number}`
  const published = new Date(Date.UTC(2026, 0, 1) + (number % 20_000) * 60_000)
  return testDocument(number, {
    uri,
    hotkey,
    text: textOf(number),
    job_id: benchJob.id,
    label: 'example',
    datetime: published,
    published_at: published,
    published_by: 'meta',
    published_score: 0.8,
    modified_at: null,
    fetched_at: new Date(factTime - 86_400_000 + (number % 80_000_000)),
  })
}

/**
 * Words of their own for each number, as no two miners may have one text. A page of the large miner is as long as pages are, and weighs as much in its file; what it
 * has more are signs, of which no signature is to be made.
 */
const textOf = (number: number): string =>
  number < rowsPerMiner ? `${sentence(number, words.large)} ${signsOf(number % rowsPerFile)}` : sentence(number, words.other)

const signsPerRow = 2100
const rowsPerFile = 10_000
const signs = '!#$%&()*+,-./:;<=>?@[]^{|}~'
let pool = ''

/** Those of a row are in no other row of its file. */
function signsOf(row: number): string {
  pool ||= madePool(signsPerRow * rowsPerFile)
  return pool.slice(row * signsPerRow, (row + 1) * signsPerRow)
}

function madePool(length: number): string {
  let state = 0x9e3779b9
  const bytes = Buffer.alloc(length)
  for (let at = 0; at < length; at++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    bytes[at] = signs.charCodeAt((state >>> 16) % signs.length)
  }
  return bytes.toString('latin1')
}

function sentence(number: number, length: number): string {
  let state = (number ^ 0x9e3779b9) >>> 0
  const word = (): string => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + number) >>> 0
    return state.toString(36)
  }
  return `${Array.from({ length }, word).join(' ')} ${number}.`
}

export const numberOf = (uri: string): number => Number(uri.slice(uri.lastIndexOf('/') + 1))

async function publish(subnet: Subnet, miner: number, files: number, rows: number): Promise<void> {
  const signer = await subnet.join(`miner-${miner}`)
  const listed: ListedFile[] = []
  for (let file = 0; file < files; file++) listed.push(await writeFile(subnet, signer, miner * rowsPerMiner + file * rows, rows))
  await publishFiles(subnet, signer, benchJob.id, listed)
}

async function writeFile(subnet: Subnet, signer: Signer, first: number, count: number): Promise<ListedFile> {
  const file = await writeDataFile(subnet.store, {
    documents: pages(first, count, signer.address),
    codec: 'zstd',
    writtenAt: new Date(factTime),
    keyOf: ({ sha256, rows }) => shardKey(signer.address, benchJob.id, formatShardName({ writtenAt: new Date(factTime), rows, hex: sha256.slice(0, 16) })),
    spool: join(subnet.dir, 'spool'),
  })
  return { file, deletes: null }
}

function* pages(first: number, count: number, hotkey: string): Generator<Document> {
  for (let number = first; number < first + count; number++) yield benchPage(number, hotkey)
}

if (import.meta.main) {
  const [dir = '', ...numbers] = process.argv.slice(2)
  const [miners = 0, files = 0, rows = 0, largeFiles = 0, largeRows = 0] = numbers.map(Number)
  await using subnet = await openSubnet(dir, filledAt)
  await subnet.join('validator-1', 5000n)
  await subnet.catalog.commit(lineage.desirability, undefined, { kind: 'desirability', parent: null, jobs: [benchJob], evidence: [], caused_by: null })
  for (let miner = 1; miner <= miners; miner++) await publish(subnet, miner, files, rows)
  if (largeFiles > 0) await publish(subnet, 0, largeFiles, largeRows)
}
