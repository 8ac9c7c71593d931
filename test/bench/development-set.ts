import { createReadStream, existsSync } from 'node:fs'
import { join } from 'node:path'
import { createGunzip } from 'node:zlib'
import { seededRandom } from '../seeded-random.ts'

export interface ExtractionPage {
  id: string
  /** The collection it is from. */
  set: string
  /** null where it is not known, as with `url`, `title`, `author` and `publish_date`. */
  lang: string | null
  url: string | null
  page_type: string
  title: string | null
  author: string | null
  publish_date: string | null
  /** Share of the words of `main_content` that the markup holds as text, 0 to 1; null where `main_content` is empty. */
  truth_in_page: number | null
  main_content: string
  html: string
}

export interface DatedPage {
  url: string
  /** YYYY-MM-DD; null where it is not known. */
  published: string | null
  html: string
}

const folder = join(import.meta.dirname, '../../../shared/data')
const extractionFile = join(folder, 'extraction-dev.jsonl.gz')
const datesFile = join(folder, 'dates-dev.jsonl.gz')
const sampleSeed = 20_260_101
const samplePages = 600

/** Why a figure could not be taken. */
export const noDevelopmentSet = 'needs the development sets of web pages, which are no part of the project, in shared/data beside it'

/** Whether the pages whose main content is known are at hand; where they are not, there are none of them. */
export const hasExtractionPages: boolean = existsSync(extractionFile)

/** All of them, one in memory at a time: 2,235 of 200 KB. */
export async function* extractionPages(): AsyncGenerator<ExtractionPage> {
  for await (const row of rows(extractionFile)) yield parsed<ExtractionPage>(row)
}

/** A part of them that a bench or a test can keep in memory, each as likely as any other: the same in every run, and in the order of the set. */
export async function extractionSample(pagesMax = samplePages): Promise<ExtractionPage[]> {
  const random = seededRandom(sampleSeed)
  // A reservoir (Vitter 1985, algorithm R) of rows not yet parsed: how many there are is known at their end only.
  const kept: { at: number; row: Buffer }[] = []
  let count = 0
  for await (const row of rows(extractionFile)) {
    const at = count++
    const place = at < pagesMax ? at : Math.floor(random() * count)
    if (place < pagesMax) kept[place] = { at, row }
  }
  return kept.toSorted((a, b) => a.at - b.at).map(({ row }) => parsed<ExtractionPage>(row))
}

/** Pages whose date is known; none where they are not at hand. */
export async function datedPages(): Promise<DatedPage[]> {
  const pages: DatedPage[] = []
  for await (const row of rows(datesFile)) pages.push(parsed<DatedPage>(row))
  return pages
}

const parsed = <T>(row: Buffer): T => JSON.parse(row.toString()) as T

/** One JSON object a row; rows end at "\n" alone, where node:readline ends them at U+2028 too. */
async function* rows(path: string): AsyncGenerator<Buffer> {
  if (!existsSync(path)) return
  let parts: Buffer[] = []
  for await (const chunk of createReadStream(path).pipe(createGunzip()) as AsyncIterable<Buffer>) {
    let start = 0
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
      parts.push(chunk.subarray(start, end))
      yield Buffer.concat(parts)
      parts = []
      start = end + 1
    }
    parts.push(chunk.subarray(start))
  }
  const rest = Buffer.concat(parts)
  if (rest.length > 0) yield rest
}
