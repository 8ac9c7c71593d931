import type { ReadableFile } from '#infra/corpus/read-data-file.ts'
import { recentValues } from '#infra/recent-values.ts'
import type { Document } from '#schemas/document.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import type { FileBytes } from '#schemas/parquet/file-bytes.ts'
import { readFooter } from '#schemas/parquet/inspect.ts'
import { textAt, TextCells, type TextPage } from '#schemas/parquet/text-cells.ts'
import { startOf } from '#schemas/text-bytes.ts'
import type { ReadOptions } from './dataset-query.ts'
import { readRows, type WantedRow } from './read-rows.ts'

/** Of footers and of unpacked pages that were read lately. Data files never change. */
const [footersBytesMax, pagesBytesMax] = [32 * 2 ** 20, 48 * 2 ** 20]

type Texts = Pick<Document, 'text' | 'markdown'>
const bothColumns: readonly (keyof Texts)[] = ['text', 'markdown']

/** `columns`: what is wanted of them, both unless said otherwise; Markdown that is not is null. */
interface TextOptions extends ReadOptions {
  columns?: readonly (keyof Texts)[]
}

/** Reads the texts of single rows. @param broken told of a file that cannot be read, whose texts are missing then; absent: it throws */
export type TextReader = (wanted: readonly WantedRow[], options: TextOptions, broken?: (key: string, reason: string) => void) => Promise<(Texts | undefined)[]>

export function textReader(store: Pick<ObjectStore, 'get'>): TextReader {
  const files = recentValues<string, TextCells>({ bytesMax: footersBytesMax, bytesOf: ({ bytes }) => bytes })
  const pages = recentValues<string, TextPage>({ bytesMax: pagesBytesMax, bytesOf: ({ values }) => values.length })

  const cellsOf = async ({ file }: Pick<ReadableFile, 'file'>): Promise<TextCells> => {
    const known = files.get(file.key)
    if (known) return known
    const bytes: FileBytes = { byteLength: file.bytes, slice: (start, end) => store.get(file.key, { start, end }) }
    const cells = new TextCells(bytes, await readFooter(bytes))
    files.keep(file.key, cells)
    return cells
  }

  const cellOf = async (wanted: WantedRow, column: 'text' | 'markdown'): Promise<string | null | undefined> => {
    const { key } = wanted.listed.file
    const cells = await cellsOf(wanted.listed)
    const found = await cells.page(column, wanted.row, (name) => pages.get(`${key} ${name}`))
    if (!found) return found
    pages.keep(`${key} ${found.name}`, found.page)
    return textAt(found.page, column, found.at)
  }

  const textsOf = async (wanted: WantedRow, { columns = bothColumns, ...options }: TextOptions): Promise<Texts | undefined> => {
    const [text, markdown] = [await cellOf(wanted, 'text'), columns.includes('markdown') ? await cellOf(wanted, 'markdown') : null]
    if (typeof text === 'string' && markdown !== undefined) return { text, markdown }
    const [read] = await readRows<keyof Texts>(store, [wanted], columns, options)
    return read && { text: read.text, markdown: read.markdown ?? null }
  }

  return async (wanted, { textBytesMax, ...options }, broken) => {
    const found: (Texts | undefined)[] = []
    let bytesLeft = textBytesMax
    for (const one of wanted) {
      options.signal?.throwIfAborted()
      try {
        const texts = await textsOf(one, { ...options, textBytesMax: Infinity })
        const text = startOf(texts?.text ?? '', bytesLeft)
        bytesLeft -= Buffer.byteLength(text)
        const markdown = texts?.markdown == null ? null : startOf(texts.markdown, bytesLeft)
        bytesLeft -= Buffer.byteLength(markdown ?? '')
        found.push(texts && { text, markdown })
      } catch (error) {
        if (!broken || !(error instanceof OrreryError && unreadableCodes.has(error.code))) throw error
        broken(one.listed.file.key, error.message)
        found.push(undefined)
      }
    }
    return found
  }
}

const unreadableCodes = new Set<string>(['data_unreadable', 'invalid_record', 'not_found'])
