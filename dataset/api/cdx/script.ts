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

/** The lines a question means, in their order, as one SELECT; what outsiders say is bound. @throws OrreryError `invalid_argument` */
export function linesOf(asked: CdxQueryString): BoundScript {
  const { page, pageSize, limit } = asked
  const pageLines = pageSize * blockLines
  const { script, parameters } = matching(asked)
  return {
    script: `${script} SELECT ${cdxFields.map((name) => `"${name}"`).join(', ')} FROM kept ORDER BY ${orderOf(asked)} LIMIT ? OFFSET ?`,
    parameters: [...parameters, ...closestOf(asked), Math.min(limit ?? pageLines, pageLines), page * pageLines],
  }
}

/** How many lines it means, on all pages. @throws OrreryError `invalid_argument` */
export function countOf(asked: CdxQueryString): BoundScript {
  const { script, parameters } = matching(asked)
  return { script: `${script} SELECT count(*) AS lines FROM kept`, parameters }
}

function matching(asked: CdxQueryString): BoundScript {
  const wanted = wantedKeys(asked.url, asked.matchType)
  const conditions = [urlCondition(wanted), ...timeConditions(asked), ...asked.filter.map(filterCondition)]
  const where = conditions.map(({ script }) => `(${script})`).join(' AND ')
  // Patterns are looked for in what has the host in it at all.
  const parameters = [wanted.host, ...conditions.flatMap((condition) => condition.parameters)]
  const found = `WITH ${linesScript}, found AS (SELECT * FROM lines WHERE ${where})`
  return { script: `${found}, kept AS (SELECT * FROM found ${collapsed(asked)})`, parameters }
}

function urlCondition({ keys, starts }: WantedKeys): BoundScript {
  const terms = [...keys.map(() => 'urlkey = ?'), ...starts.map(() => 'starts_with(urlkey, ?)')]
  return { script: terms.join(' OR '), parameters: [...keys, ...starts] }
}

/** Text is compared, which is padded to the first or last time that begins so. */
function timeConditions({ from, to }: CdxQueryString): BoundScript[] {
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

function collapsed({ collapse }: CdxQueryString): string {
  if (collapse === undefined) return ''
  const [name = '', chars] = collapse.split(':')
  const field = fieldOf(name)
  if (!field) throw new OrreryError('invalid_argument', `collapse: there is no field "${name}"; there are ${cdxFields.join(', ')}.`, { field: name })
  const part = chars === undefined ? `"${field}"` : `left("${field}", ${Number(chars)})`
  return `QUALIFY ${part} IS DISTINCT FROM lag(${part}) OVER (ORDER BY ${byKey})`
}

const byKey = 'urlkey, timestamp, filename, "offset"::BIGINT'

function orderOf({ sort }: CdxQueryString): string {
  if (sort === 'reverse') return 'urlkey DESC, timestamp DESC, filename DESC, "offset"::BIGINT DESC'
  return sort === 'closest' ? `abs(epoch(strptime(timestamp, '%Y%m%d%H%M%S')) - ?::DOUBLE), ${byKey}` : byKey
}

/** Seconds since epoch. @throws OrreryError `invalid_argument` */
function closestOf({ sort, closest }: CdxQueryString): number[] {
  if (sort !== 'closest') return []
  const [, year, month = '01', day = '01', hour = '00', minute = '00', second = '00'] = /^(\d{4})(\d\d)?(\d\d)?(\d\d)?(\d\d)?(\d\d)?$/.exec(closest ?? '') ?? []
  const at = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`)
  if (Number.isNaN(at)) throw new OrreryError('invalid_argument', 'closest: a time is needed to sort by it; write it like 20260131 or 20260131120000.')
  return [at / 1000]
}
