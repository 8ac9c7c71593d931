import { setImmediate } from 'node:timers/promises'
import type { SqlRow } from '#schemas/sql.ts'
import type { CdxQueryString } from './wire.ts'

/** Lines that are written at once: others are answered between them. */
const batchLines = 1000

export async function written(lines: readonly SqlRow[], fields: readonly string[], write: WriteLine): Promise<string> {
  const texts: string[] = []
  for (const [n, line] of lines.entries()) {
    if (n > 0 && n % batchLines === 0) await setImmediate()
    texts.push(write(line, fields), '\n')
  }
  return texts.join('')
}

export type WriteLine = (line: SqlRow, fields: readonly string[]) => string

const asJson: WriteLine = (line, fields) => JSON.stringify(Object.fromEntries(fields.map((field) => [field, line[field]])))

/** A field of a line of fields: a miner's words may hold what would end it. */
const plain = (cell: unknown): string => String(cell ?? '').replace(/[\s\p{Cc}]+/gu, '%20') || '-'

export const writers: Record<CdxQueryString['output'], WriteLine> = {
  json: asJson,
  text: (line, fields) => fields.map((field) => plain(line[field])).join(' '),
  cdxj: (line, fields) =>
    `${plain(line['urlkey'])} ${plain(line['timestamp'])} ${asJson(
      line,
      fields.filter((field) => !leading.has(field)),
    )}`,
}
const leading = new Set(['urlkey', 'timestamp'])
