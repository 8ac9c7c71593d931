import { z } from 'zod'

/** What the crawler remembers of a page from visit to visit (`Visit.memory`); it does not grow with the number of visits. */
export interface PageMemory {
  /** Visits in a row that ended without anything of the page being kept (ending.ts). */
  ends: number
  /** undefined: it was never read. */
  life: PageLife | undefined
}

/** What was seen of a page each time it was read. All that the estimate of its rate of change needs are sums. Times are whole milliseconds. */
export interface PageLife {
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
  /** Digests of what was made of it (digests.ts), newest first. */
  contents: readonly string[]
  /** Digest of the last answer that need not be read again when it comes again: the page was made of its bytes alone, and is kept. */
  answer?: string | undefined
  /** Digest of what its host said of learning from it. */
  word?: string | undefined
  /** Of the version that was kept last. Absent when none was. */
  kept?: KeptVersion | undefined
}

/** What a later version is held against, so that a date that was moved is not news. */
export interface KeptVersion {
  /** The publication that was believed; undefined when the page names none. */
  publishedAt: number | undefined
  /** Of its text (freshness/text-sketch.ts). */
  sketch: string
  /** It was taken back, and has left what was stored. */
  isWithdrawn?: boolean
}

/** Intervals with a change, all within the same octave. */
export interface IntervalGroup {
  count: number
  /** Sum of their lengths. */
  sumMs: number
}

/** Contents remembered: a page that goes back and forth between so many has not changed. */
export const contentsMax = 4
/** Octaves from 1 s on; what is longer than 2^25 s (a year) is counted with the last. */
export const octavesMax = 26

const version = '2'
/** 36^9 ms are 3,200 years. With these bounds no memory is longer than the frontier keeps (512 characters). */
const numberMax = 36 ** 9 - 1
const endsMax = 36 ** 2 - 1
const number = z
  .string()
  .regex(/^[0-9a-z]{1,9}$/)
  .transform((text) => Number.parseInt(text, 36))
const group = z
  .string()
  .transform((text) => text.split('+'))
  .pipe(z.tuple([number.refine((count) => count > 0), number]))
  .transform(([count, sumMs]): IntervalGroup => ({ count, sumMs }))
const digest = z.string().regex(/^[\w-]{11}$/)
const wordDigest = z.string().regex(/^[\w-]{6}$/)
const optional = <T extends z.ZodType>(field: T) => z.union([z.literal('').transform(() => undefined), field])
const list = z.string().transform((text) => (text === '' ? [] : text.split('.')))
/** `publication+sketch`, with a `-` before it when it was withdrawn. */
const kept = z
  .string()
  .regex(/^-?[0-9a-z]{0,9}\+[\w-]{19}$/)
  .transform((text): KeptVersion => {
    const [, minus = '', at = '', sketch = ''] = /^(-?)([0-9a-z]*)\+(.*)$/.exec(text) ?? []
    return { publishedAt: at === '' ? undefined : Number.parseInt(at, 36), sketch, ...(minus === '' ? {} : { isWithdrawn: true }) }
  })
const Head = z.tuple([z.literal(version), number.refine((ends) => ends <= endsMax)])
const Life = z.tuple([
  number,
  number,
  number,
  number,
  number,
  number,
  number,
  list.pipe(z.array(group).max(octavesMax)),
  list.pipe(z.array(digest).max(contentsMax)),
  optional(digest),
  optional(wordDigest),
  optional(kept),
])

/** At most 512 characters. */
export function encodeMemory({ ends, life }: PageMemory): string {
  const head = [version, Math.min(endsMax, ends).toString(36)]
  return (life ? [...head, ...fieldsOf(life)] : head).join(' ')
}

function fieldsOf(life: PageLife): string[] {
  const { firstSeenAt, checkedAt, checks, changes, watchedMs, quietMs, dated, undated, contents, answer = '', word = '' } = life
  const numbers = [firstSeenAt, checkedAt, checks, changes, watchedMs, quietMs, dated].map(base36)
  const groups = undated.map(({ count, sumMs }) => `${base36(count)}+${base36(sumMs)}`)
  return [...numbers, groups.join('.'), contents.join('.'), answer, word, life.kept ? keptText(life.kept) : '']
}

const keptText = ({ publishedAt, sketch, isWithdrawn = false }: KeptVersion): string =>
  `${isWithdrawn ? '-' : ''}${publishedAt === undefined ? '' : base36(publishedAt)}+${sketch}`

/** undefined for what is no memory, or one of another version: the page is then as good as new. */
export function decodeMemory(text: string | undefined): PageMemory | undefined {
  if (text === undefined) return undefined
  const [first, second, ...fields] = text.split(' ')
  const { data: head } = Head.safeParse([first, second])
  if (!head) return undefined
  if (fields.length === 0) return { ends: head[1], life: undefined }
  const { data } = Life.safeParse(fields)
  if (!data) return undefined
  const [firstSeenAt, checkedAt, checks, changes, watchedMs, quietMs, dated, undated, contents, answer, word, keptVersion] = data
  const life = { firstSeenAt, checkedAt, checks, changes, watchedMs, quietMs, dated, undated, contents, answer, word, kept: keptVersion }
  return { ends: head[1], life }
}

const base36 = (value: number): string => Math.min(numberMax, Math.max(0, Math.round(value))).toString(36)
