import { isStorable } from '#schemas/data-universe.ts'
import { OrreryError } from '#schemas/errors.ts'
import { shownColumns } from './features.ts'

const whereCharsMax = 10_000

/**
 * A stranger's condition as one operand of a SELECT: in parentheses that nothing of it can close. What it may ask is for the engine to say
 * (DatasetQuery.statement), which takes only reading of the dataset; here nothing but its shape is looked at.
 * @throws OrreryError `invalid_argument`
 */
export function conditionOf(where: string): string {
  if (where.length > whereCharsMax) throw refusal(`is longer than ${whereCharsMax} characters`)
  if (!isStorable(where)) throw refusal('holds a NUL, or half a character')
  let depth = 0
  for (const [piece] of where.matchAll(pieces)) {
    if (/^(?:;|--|\/\*|\*\/|[$?])/.test(piece)) throw refusal('contains invalid symbols')
    if (piece === "'" || piece === '"') throw refusal('has a quote that is not closed')
    if (piece === '(') depth++
    if (piece === ')' && --depth < 0) break
  }
  if (depth !== 0) throw refusal('has parentheses that do not match')
  return `(${where}\n)`
}

/** Quoted text of any kind, whole, in linear time; a quote that is not closed; what would end the statement or hide a part of it; parentheses. */
const pieces =
  /(?<![\p{L}\p{N}_$])[eE]'(?:[^'\\]|\\[^]|'')*'(?!')|(?<![eE])'(?:[^']|'')*'(?!')|(?<=[\p{L}\p{N}_$][eE])'(?:[^']|'')*'(?!')|"(?:[^"]|"")*"(?!")|--|\/\*|\*\/|[;$?()'"]/gu

const termsMax = 10
const columnNames = new Map(shownColumns.map(({ name }) => [name.toLowerCase(), name]))

/**
 * `column`, `"column" DESC`, `column NULLS FIRST`, several with commas, as terms of an ORDER BY.
 * @throws OrreryError `invalid_argument`
 */
export function orderOf(orderby: string): string {
  return orderby
    .split(',', termsMax + 1)
    .map((spelled, n) => {
      const term = n < termsMax ? /^\s*("?)(\w+)\1(?:\s+(asc|desc))?(?:\s+nulls\s+(first|last))?\s*$/i.exec(spelled) : null
      const name = columnNames.get(term?.[2]?.toLowerCase() ?? '')
      if (!term || name === undefined) throw new OrreryError('invalid_argument', `Parameter 'orderby' is invalid; name a column, like "datetime" DESC`)
      return `"${name}" ${(term[3] ?? 'asc').toUpperCase()}${term[4] === undefined ? '' : ` NULLS ${term[4].toUpperCase()}`}`
    })
    .join(', ')
}

const refusal = (why: string): OrreryError => new OrreryError('invalid_argument', `Parameter 'where' ${why}`)
