import { z } from 'zod'

/**
 * What the crawler remembers of a page from visit to visit (`Visit.memory`). All that the estimate of its rate of change needs are sums, so it
 * does not grow with the number of visits. Times are whole milliseconds.
 */
export interface PageMemory {
  /** First good visit, by the clock that stamps facts: the `datetime` of a page that names no date of its own. */
  firstSeenAt: number
  /** Last good visit, by the clock that paces. */
  checkedAt: number
  /** Visits that could tell whether the page had changed since the one before. */
  checks: number
  /** Changes found by them. */
  changes: number
  /** Sum of the times between visits. */
  watchedMs: number
  /** Time known to be without change: the intervals of unchanged visits, and the age of each change whose date is known. */
  quietMs: number
  /** Changes whose date is known. */
  dated: number
  /** The other changes, by the length of the interval they fell into. */
  undated: readonly IntervalGroup[]
  /** First 16 hex digits of the contents seen, newest first. */
  contents: readonly string[]
  /** Of the version that was kept last. Absent when none was. */
  kept?: KeptVersion | undefined
}

/** What a later version is held against, so that a date that was moved is not news. */
export interface KeptVersion {
  /** The publication that was believed; undefined when the page names none. */
  publishedAt: number | undefined
  /** Of its text (freshness/text-sketch.ts). */
  sketch: string
}

/** Intervals with a change, all within the same octave. */
export interface IntervalGroup {
  count: number
  /** Sum of their lengths. */
  sumMs: number
}

/** Contents remembered: a page that goes back and forth between so many has not changed. */
export const contentsMax = 4
export const contentDigits = 16
/** Octaves from 1 s on; what is longer than 2^25 s (a year) is counted with the last. */
export const octavesMax = 26

const version = '1'
/** 36^9 ms are 3,200 years. With these bounds no memory is longer than the frontier keeps (512 characters). */
const numberMax = 36 ** 9 - 1
const number = z
  .string()
  .regex(/^[0-9a-z]{1,9}$/)
  .transform((text) => Number.parseInt(text, 36))
const group = z
  .string()
  .transform((text) => text.split('+'))
  .pipe(z.tuple([number.refine((count) => count > 0), number]))
  .transform(([count, sumMs]): IntervalGroup => ({ count, sumMs }))
const content = z.string().regex(/^[0-9a-f]{16}$/)
const list = z.string().transform((text) => (text === '' ? [] : text.split('.')))
/** `publication+sketch`; a page of which nothing was kept has none. */
const kept = z
  .string()
  .regex(/^(?:|[0-9a-z]{0,9}\+[\w-]{19})$/)
  .transform((text): KeptVersion | undefined => {
    const [at = '', sketch = ''] = text.split('+')
    return text === '' ? undefined : { publishedAt: at === '' ? undefined : Number.parseInt(at, 36), sketch }
  })
const Fields = z.tuple([
  z.literal(version),
  number,
  number,
  number,
  number,
  number,
  number,
  number,
  list.pipe(z.array(group).max(octavesMax)),
  list.pipe(z.array(content).max(contentsMax)),
  kept,
])
/** The last field came later: a memory without it is as good. */
const fieldsWithoutKept = 10

/** At most 512 characters. */
export function encodeMemory(memory: PageMemory): string {
  const { firstSeenAt, checkedAt, checks, changes, watchedMs, quietMs, dated, undated, contents } = memory
  const numbers = [firstSeenAt, checkedAt, checks, changes, watchedMs, quietMs, dated].map(base36)
  const groups = undated.map(({ count, sumMs }) => `${base36(count)}+${base36(sumMs)}`)
  const fields = [version, ...numbers, groups.join('.'), contents.join('.')]
  if (memory.kept) fields.push(`${memory.kept.publishedAt === undefined ? '' : base36(memory.kept.publishedAt)}+${memory.kept.sketch}`)
  return fields.join(' ')
}

/** undefined for what is no memory, or one of another version: the page is then as good as new. */
export function decodeMemory(text: string | undefined): PageMemory | undefined {
  if (text === undefined) return undefined
  const fields = text.split(' ')
  const { data } = Fields.safeParse(fields.length === fieldsWithoutKept ? [...fields, ''] : fields)
  if (!data) return undefined
  const [, firstSeenAt, checkedAt, checks, changes, watchedMs, quietMs, dated, undated, contents, keptVersion] = data
  const memory = { firstSeenAt, checkedAt, checks, changes, watchedMs, quietMs, dated, undated, contents }
  return keptVersion ? { ...memory, kept: keptVersion } : memory
}

const base36 = (value: number): string => Math.min(numberMax, Math.max(0, Math.round(value))).toString(36)
