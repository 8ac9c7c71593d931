import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'

export interface ExtractionPage {
  id: string
  /** null where it is not known. */
  url: string | null
  page_type: string
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

/** Why a figure could not be taken. */
export const noDevelopmentSet = 'needs the development sets of web pages, which are no part of the project, in shared/data beside it'

/** Pages whose main content is known; undefined where the set is not at hand. */
export const extractionPages = (): ExtractionPage[] | undefined => rowsOf('extraction-dev.jsonl.gz')

/** Pages whose date is known; undefined where the set is not at hand. */
export const datedPages = (): DatedPage[] | undefined => rowsOf('dates-dev.jsonl.gz')

/** One JSON object per line; lines end at "\n" alone. A bare NaN, as Python writes it, is null. */
function rowsOf<T>(file: string): T[] | undefined {
  const path = join(folder, file)
  if (!existsSync(path)) return undefined
  const lines = gunzipSync(readFileSync(path)).toString().trimEnd().split('\n')
  return lines.map((line) => JSON.parse(line.replace(/^\{"url": NaN,|: NaN(?=[,}])/g, (found) => found.replace('NaN', 'null'))) as T)
}
