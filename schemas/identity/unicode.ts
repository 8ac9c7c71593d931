import { readFileSync } from 'node:fs'

/** What identity takes of Unicode, of one version for all times and engines: an engine's own tables would give other ids after its next update. */
interface Tables {
  version: string
  /** UTF-16 code units, as first and count of each run, flat. */
  inWord: number[]
  wordByItself: number[]
  /** Units that simple case folding changes (CaseFolding.txt, C and S): first, count, step and difference of each run, flat. */
  folds: number[]
  /** Code points that are no characters yet: first and count of each run, flat. */
  unassigned: number[]
}

// Written by test/golden/write-unicode.ts.
const tables = JSON.parse(readFileSync(new URL('unicode.json', import.meta.url), 'utf8')) as Tables

export const unicodeVersion = tables.version

const [inWord, wordByItself] = [1, 2]

/** Kind of each UTF-16 code unit: 0 = between words, 1 = in a word, 2 = a word by itself. */
export const kindsOfUnits = once(() => {
  const kinds = new Uint8Array(0x10000)
  for (const [first, count] of groups(tables.inWord, 2)) kinds.fill(inWord, first, first + count)
  for (const [first, count] of groups(tables.wordByItself, 2)) kinds.fill(wordByItself, first, first + count)
  return kinds
})

/** What each UTF-16 code unit folds to. */
export const foldsOfUnits = once(() => {
  const folds = Uint16Array.from({ length: 0x10000 }, (_, unit) => unit)
  for (const [first, count, step, difference] of groups(tables.folds, 4)) {
    for (let n = 0; n < count; n++) folds[first + n * step] = first + n * step + difference
  }
  return folds
})

const point = (value: number): string => `\\u{${value.toString(16)}}`
const assignedRuns = once(() => {
  const classes = Array.from(groups(tables.unassigned, 2), ([first, count]) => `${point(first)}-${point(first + count - 1)}`)
  return new RegExp(`[^${classes.join('')}]+`, 'gu')
})

/**
 * Normalization form C of this version of Unicode, by an engine of any later one: what was no character stands by itself, as it did then; of characters the
 * form never changes (UAX #15 §3.1). Idempotent.
 */
export function nfc(text: string): string {
  const normal = text.normalize('NFC')
  // Where the engine changes nothing, neither would an older one, which knows less.
  return normal === text ? text : text.replace(assignedRuns(), (run) => run.normalize('NFC'))
}

function* groups(flat: readonly number[], size: 2 | 4): Generator<[number, number, number, number]> {
  for (let at = 0; at < flat.length; at += size) yield flat.slice(at, at + size) as [number, number, number, number]
}

function once<T>(make: () => T): () => T {
  let made: T | undefined
  return () => (made ??= make())
}
