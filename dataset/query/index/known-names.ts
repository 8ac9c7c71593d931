import { distance } from 'fastest-levenshtein'
import type { Database } from '#infra/sqlite/database.ts'
import { spellsLanguage } from '../../language-spelling.ts'
import { foldText } from '../words/words.ts'

/** Names that are compared when one is sought that is not there, at most: those that begin alike, and those that end alike. */
const comparedMax = 2000
const nearestMax = 3
/** Of the likest, how many are looked for in the version. */
const triedMax = 12
/** Names of one host that differ in their ports. */
const portsMax = 1000
/** An edit distance beyond this share of the name is no likeness. */
const unlikeShare = 0.5

/** The numbers of a field's value: of all its spellings in capitals and small letters. */
export const numbersOf = (db: Database, field: string, value: string): number[] =>
  db.all<{ number: number }>('select number from names where field = ? and folded = ?', field, foldText(value)).map(({ number }) => number)

/** The numbers of a host; without a port, of each of its ports; with the usual port of a scheme, of the host without one as well. */
export function numbersOfHost(db: Database, host: string): number[] {
  const exact = numbersOf(db, 'host', host)
  const [, name, port] = /^(.*):(\d+)$/.exec(host) ?? []
  if (name !== undefined) return port === '80' || port === '443' ? [...exact, ...numbersOf(db, 'host', name)] : exact
  const ports = `select number from names where field = 'host' and folded > ? and folded < ? limit ?`
  return [...exact, ...db.all<{ number: number }>(ports, `${host}:`, `${host};`, portsMax).map(({ number }) => number)]
}

export const nameOf = (db: Database, number: number): string => db.get<{ value: string }>('select value from names where number = ?', number)?.value ?? ''

/** Values there are that are likest, likest first. @param there those of some numbers that a version has */
export function nearestNames(db: Database, field: string, value: string, there: (numbers: readonly number[]) => ReadonlySet<number>): string[] {
  const folded = foldText(value)
  const first = Array.from(folded).slice(0, 2).join('')
  const seen = new Map<number, string>()
  const compare = (sql: string, ...values: (string | number)[]): void => {
    for (const { number, value: known } of db.all<{ number: number; value: string }>(sql, field, ...values, comparedMax)) seen.set(number, known)
  }
  compare('select number, value from names where field = ? and folded >= ? and folded < ? limit ?', first, `${first}\u{10ffff}`)
  compare('select number, value from names where field = ? and folded > ? order by folded limit ?', folded)
  compare('select number, value from names where field = ? order by number limit ?')
  const likely = [...seen]
    .map(([number, known]) => ({ number, known, far: field === 'lang' && spellsLanguage(value, known) ? 0 : distance(folded, foldText(known)) }))
    .filter(({ far, known }) => far <= unlikeShare * Math.max(folded.length, known.length))
    .toSorted((a, b) => a.far - b.far || a.number - b.number)
    .slice(0, triedMax)
  const found = there(likely.map(({ number }) => number))
  return likely.flatMap(({ number, known }) => (found.has(number) ? [known] : [])).slice(0, nearestMax)
}
