import { z } from 'zod'
import { isStorable } from '#schemas/data-universe.ts'
import { cursorCharsMax } from './cursor.ts'

/**
 * Parameters of an address are texts, each at most once; a whole number is spelled in digits and no other way.
 * What is no number at all is told so; what is too large or too small is told by its bound.
 */
const ofType = (message: string) => (issue: { code?: string; input?: unknown }) => {
  if (Array.isArray(issue.input)) return 'it is given more than once'
  return issue.code === 'invalid_type' || issue.code === 'invalid_union' ? message : undefined
}

export const whole = (min: number, max: number) =>
  z.preprocess(
    (given) => (typeof given === 'string' && /^-?\d{1,400}$/.test(given) ? nearestSafe(Number(given)) : given),
    z
      .int({ error: ofType('a whole number, in digits') })
      .min(min)
      .max(max),
  )

/** What no bound is beyond. */
const nearestSafe = (number: number): number => Math.max(Number.MIN_SAFE_INTEGER, Math.min(Number.MAX_SAFE_INTEGER, number))

export const fraction = z.preprocess(
  (given) => (typeof given === 'string' && /^-?(?:\d+(?:\.\d*)?|\.\d+)$/.test(given) && given.length <= 400 ? Number(given) : given),
  z
    .number({ error: ofType('a number like 0.5') })
    .min(0)
    .max(1),
)

export const flag = z.preprocess(
  (given) => (given === 'true' || given === '1' ? true : given === 'false' || given === '0' ? false : given),
  z.boolean({ error: ofType('true or false') }),
)

/** What is looked for. */
export const word = (charsMax: number) =>
  z
    .string({ error: ofType('text') })
    .min(1)
    .max(charsMax)
    .refine(isStorable, 'text without NUL or half a character')

/**
 * A moment (RFC 3339: in either case) or, for its beginning in UTC, a day; ms since epoch. A `+` that was sent as it is came as a space, which stands nowhere
 * else in front of an offset.
 */
export const moment = z
  .preprocess(
    (given) => (typeof given === 'string' ? given.toUpperCase().replace(/^(\S+T\S+) (?=\d\d:\d\d$)/, '$1+') : given),
    z.union([z.iso.datetime({ offset: true }), z.iso.date()], { error: ofType('a time like 2026-01-31T00:00:00Z, or a day like 2026-01-31') }),
  )
  .transform((text) => Date.parse(text))

/** Several of some words, with commas between. */
export const someOf = <Word extends string>(words: readonly Word[]) =>
  z
    .string({ error: ofType('words with commas between') })
    .transform((text) => [...new Set(text.split(','))])
    .pipe(z.array(z.enum(words)).max(words.length))
    .meta({ type: 'string', examples: [words.slice(0, 2).join(',')] })

export const cursorParameter = z
  .string({ error: ofType('text') })
  .min(1)
  .max(cursorCharsMax)
  .optional()
  .describe('`next_cursor` of the page before.')
