import { canonicalJson } from '../canonical-json.ts'
import { compareText } from '../compare-text.ts'

export type JsonRecord = Readonly<Record<string, unknown>>

/** So many texts of a column are kept, the latest ones. */
const recentMax = 4

/**
 * canonicalJson for the records of one column, one after another. They mostly have the same members in the same order, none of them nested, and often
 * the values of one of the records before: then the order is found once, and the engine's own JSON.stringify, which spells scalars as canonicalJson does,
 * takes a third of the time. Little is allocated for a record but its text: there are many.
 */
export function jsonCells(): (record: JsonRecord) => string {
  let known: string[] = []
  let order: readonly string[] | undefined
  let inOrder = false
  let values: unknown[] = []
  let recent: { values: unknown[]; text: string }[] = []
  return (record) => {
    if (!takeValues(record, known, values)) {
      known = Object.keys(record)
      order = orderOf(record, known)
      inOrder = order !== undefined && hasKeys(record, order)
      values = known.map((key) => record[key])
      recent = []
    }
    for (const one of recent) if (areEqual(values, one.values)) return one.text
    const text = !order || !isFlat(values) ? canonicalJson(record) : JSON.stringify(inOrder ? record : reorder(record, order))
    // The oldest gives its room to the next.
    const oldest = recent.length < recentMax ? [] : (recent.shift()?.values ?? [])
    recent.push({ values, text })
    values = oldest
    return text
  }
}

/** The keys sorted; undefined when an object cannot have them in that order: those that look like array indexes stand first in any. */
function orderOf(record: JsonRecord, keys: readonly string[]): readonly string[] | undefined {
  const order = keys.toSorted(compareText)
  return hasKeys(reorder(record, order), order) ? order : undefined
}

function reorder(record: JsonRecord, order: readonly string[]): JsonRecord {
  const ordered: Record<string, unknown> = {}
  for (const key of order) ordered[key] = record[key]
  return ordered
}

/** Whether these are the record's keys, in this order. */
function hasKeys(record: JsonRecord, keys: readonly string[]): boolean {
  let at = 0
  // Faster than Object.keys, and a plain record inherits nothing enumerable.
  for (const key in record) if (key !== keys[at++]) return false
  return at === keys.length
}

/** One pass over keys and values: so the engine finds both without a search. @returns false when the record has other keys */
function takeValues(record: JsonRecord, keys: readonly string[], values: unknown[]): boolean {
  let at = 0
  for (const key in record) {
    if (key !== keys[at]) return false
    values[at++] = record[key]
  }
  return at === keys.length
}

function areEqual(a: readonly unknown[], b: readonly unknown[]): boolean {
  for (let n = 0; n < a.length; n++) {
    const [left, right] = [a[n], b[n]]
    if (left !== right && !(Array.isArray(left) && left.length === 0 && Array.isArray(right) && right.length === 0)) return false
  }
  return true
}

/** Whether JSON.stringify spells these values as canonicalJson does. */
function isFlat(values: readonly unknown[]): boolean {
  for (const value of values) {
    if (typeof value === 'number' ? !Number.isFinite(value) : typeof value === 'object' ? !isFlatObject(value) : !isScalar(value)) return false
  }
  return true
}

const isScalar = (value: unknown): boolean => typeof value === 'string' || typeof value === 'boolean'
const isFlatObject = (value: object | null): boolean => value === null || (Array.isArray(value) && value.every((part) => typeof part === 'string'))
