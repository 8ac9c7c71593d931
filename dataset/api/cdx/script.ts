import { OrreryError } from '#schemas/errors.ts'
import type { SqlValue } from '#schemas/sql.ts'
import { urlKeyScript, urlPartsScript } from './url-key.ts'
import { wantedKeys, type WantedKeys } from './wanted-urls.ts'
import { cdxFields, fieldOf, type CdxQueryString } from './wire.ts'

/** Lines of a block, by which clients reckon. */
export const blockLines = 3000

export interface BoundScript {
  script: string
  parameters: SqlValue[]
}

/**
 * All documents as lines of a CDX index: the file is the data file that the document stands in, the offset its row there, the length that of its text in
 * bytes, the digest that of the page as fetched.
 */
const linesScript = `
  parts AS (SELECT *, ${urlPartsScript} FROM documents WHERE contains(uri, ?)),
  lines AS (
    SELECT ${urlKeyScript} AS urlkey, strftime(fetched_at, '%Y%m%d%H%M%S') AS timestamp, url, trim(string_split(content_type, ';')[1]) AS mime,
      http_status::VARCHAR AS status, 'sha256:' || html_sha256 AS digest, text_bytes::VARCHAR AS length, object_row::VARCHAR AS "offset", object_key AS filename
    FROM parts)`

/** Lines, and a filter, as one dialect of these servers has them. */
export type FilterScript = (filter: string) => BoundScript

/** What is asked, but for how it is written. */
export type LinesQuestion = Omit<CdxQueryString, 'output' | 'fl' | 'fields'>

/** Where a line stands among all, in the order of their keys. */
export type LinePlace = readonly [urlkey: string, timestamp: string, filename: string, offset: number]

export interface LinesOptions {
  filterScript?: FilterScript
  /** Lines of a page. */
  linesMax?: number
  /** Goes on behind this line. */
  after?: LinePlace | undefined
}

/** The lines a question means, in their order, as one SELECT; what outsiders say is bound. @throws OrreryError `invalid_argument` */
export function linesOf(
  asked: LinesQuestion,
  { filterScript = filterCondition, linesMax = asked.pageSize * blockLines, after }: LinesOptions = {},
): BoundScript {
  const { page, limit = linesMax } = asked
  const { script, parameters } = matching(asked, filterScript)
  const behind = after === undefined ? '' : `WHERE (${byKey}) ${asked.sort === 'reverse' ? '<' : '>'} (?::VARCHAR, ?::VARCHAR, ?::VARCHAR, ?::BIGINT)`
  const lines = `SELECT ${cdxFields.map((name) => `"${name}"`).join(', ')} FROM kept ${behind}`
  const bound = [...parameters, ...(after ?? [])]
  if (limit < 0) {
    const [order, reversed] = asked.sort === 'reverse' ? [byKeyFalling, byKey] : [byKey, byKeyFalling]
    return { script: `${script} SELECT * FROM (${lines} ORDER BY ${reversed} LIMIT ?) ORDER BY ${order}`, parameters: [...bound, Math.min(-limit, linesMax)] }
  }
  return {
    script: `${script} ${lines} ORDER BY ${orderOf(asked)} LIMIT ? OFFSET ?`,
    parameters: [...bound, ...closestOf(asked), Math.min(limit, linesMax), page * asked.pageSize * blockLines],
  }
}

/** How many lines it means, on all pages. @throws OrreryError `invalid_argument` */
export function countOf(asked: LinesQuestion, filterScript: FilterScript = filterCondition): BoundScript {
  const { script, parameters } = matching(asked, filterScript)
  return { script: `${script} SELECT count(*) AS lines FROM kept`, parameters }
}

function matching(asked: LinesQuestion, filterScript: FilterScript): BoundScript {
  const wanted = wantedKeys(asked.url, asked.matchType)
  const conditions = [urlCondition(wanted), ...timeConditions(asked), ...asked.filter.map(filterScript)]
  const where = conditions.map(({ script }) => `(${script})`).join(' AND ')
  // Patterns are looked for in what has the host in it at all.
  const parameters = [wanted.host, ...conditions.flatMap((condition) => condition.parameters)]
  const found = `WITH ${linesScript}, found AS (SELECT * FROM lines WHERE ${where})`
  return { script: `${found}, kept AS (${asked.collapse.reduce(collapsed, 'SELECT * FROM found')})`, parameters }
}

function urlCondition({ keys, starts }: WantedKeys): BoundScript {
  const terms = [...keys.map(() => 'urlkey = ?'), ...starts.map(() => 'starts_with(urlkey, ?)')]
  return { script: terms.join(' OR '), parameters: [...keys, ...starts] }
}

/** Text is compared, which is padded to the first or last time that begins so. */
function timeConditions({ from, to }: LinesQuestion): BoundScript[] {
  return [
    ...(from === undefined ? [] : [{ script: 'timestamp >= ?', parameters: [from.padEnd(14, '0')] }]),
    ...(to === undefined ? [] : [{ script: 'timestamp <= ?', parameters: [to.padEnd(14, '9')] }]),
  ]
}

const allFields = `concat_ws(' ', ${cdxFields.map((name) => `"${name}"`).join(', ')})`

function filterCondition(filter: string): BoundScript {
  const [, not = '', mode = '', rest = ''] = /^(!?)([=~]?)([^]*)$/.exec(filter) ?? []
  const [, name, value = ''] = /^(\w+):([^]*)$/.exec(rest) ?? [undefined, undefined, rest]
  const field = name === undefined ? undefined : fieldOf(name)
  if (name !== undefined && !field)
    throw new OrreryError('invalid_argument', `filter: there is no field "${name}"; there are ${cdxFields.join(', ')}.`, { field: name })
  const text = field ? `"${field}"` : allFields
  if (mode === '~') return { script: `${not && 'NOT '}regexp_matches(${text}, ?)`, parameters: [`^(?:${value})`] }
  return { script: `${not && 'NOT '}${mode === '=' ? `${text} = ?` : `contains(${text}, ?)`}`, parameters: [value] }
}

/** A regular expression of the whole field, as the Wayback Machine has them. */
export function wholeFilter(filter: string): BoundScript {
  const [, not = '', name = '', value = ''] = /^(!?)(\w+):([^]*)$/.exec(filter) ?? []
  const field = fieldOf(name)
  if (!field)
    throw new OrreryError(
      'invalid_argument',
      `filter: "${filter.slice(0, 100)}" names none of the fields ${cdxFields.join(', ')}; write one like statuscode:200.`,
    )
  return { script: `${not && 'NOT '}regexp_full_match("${field}", ?)`, parameters: [value] }
}

function collapsed(lines: string, collapse: string): string {
  const [name = '', chars] = collapse.split(':')
  const field = fieldOf(name)
  if (!field) throw new OrreryError('invalid_argument', `collapse: there is no field "${name}"; there are ${cdxFields.join(', ')}.`, { field: name })
  const part = chars === undefined ? `"${field}"` : `left("${field}", ${Number(chars)})`
  return `SELECT * FROM (${lines}) QUALIFY ${part} IS DISTINCT FROM lag(${part}) OVER (ORDER BY ${byKey})`
}

const byKey = 'urlkey, timestamp, filename, "offset"::BIGINT'
const byKeyFalling = byKey.replaceAll(/,|$/g, ' DESC$&')

/** A time to be next to is order enough, as in pywb. */
const isClosest = ({ sort, closest }: LinesQuestion): boolean => sort === 'closest' || (sort === undefined && closest !== undefined)

function orderOf(asked: LinesQuestion): string {
  if (asked.sort === 'reverse') return byKeyFalling
  return isClosest(asked) ? `abs(epoch(strptime(timestamp, '%Y%m%d%H%M%S')) - ?::DOUBLE), ${byKey}` : byKey
}

/** Seconds since epoch. @throws OrreryError `invalid_argument` */
function closestOf(asked: LinesQuestion): number[] {
  if (!isClosest(asked)) return []
  const { closest } = asked
  const [, year, month = '01', day = '01', hour = '00', minute = '00', second = '00'] = /^(\d{4})(\d\d)?(\d\d)?(\d\d)?(\d\d)?(\d\d)?$/.exec(closest ?? '') ?? []
  const at = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`)
  if (Number.isNaN(at)) throw new OrreryError('invalid_argument', 'closest: a time is needed to sort by it; write it like 20260131 or 20260131120000.')
  return [at / 1000]
}
