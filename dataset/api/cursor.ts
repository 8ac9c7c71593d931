import { z } from 'zod'
import { contentAddress } from '#schemas/canonical-json.ts'
import { OrreryError } from '#schemas/errors.ts'

const hexDigits = 16
/** Longest that is given out and taken. */
export const cursorCharsMax = 4096

const Spelled = z.tuple([z.string(), z.unknown()])

/** Of one question: whatever a page was asked by but for its length and its format (AIP-158). */
const signatureOf = (question: object): string => contentAddress(question).slice(0, hexDigits)

/** Where a page ended, bound to the question it was a page of. */
export const encodeCursor = (question: object, position: unknown): string =>
  Buffer.from(JSON.stringify([signatureOf(question), position])).toString('base64url')

const none = (cause?: unknown): OrreryError =>
  new OrreryError('invalid_argument', 'cursor: this is none of ours; pass next_cursor of the page before, or leave it out to begin.', {}, cause)

/** @throws OrreryError `invalid_argument` for what is none of ours, or belongs to another question */
export function decodeCursor<Position>(spelled: string, question: object, position: z.ZodType<Position>): Position {
  const parsed = Spelled.safeParse(parse(spelled))
  const place = parsed.success ? position.safeParse(parsed.data[1]) : parsed
  if (!parsed.success || !place.success) throw none(place.error)
  if (parsed.data[0] === signatureOf(question)) return place.data as Position
  throw new OrreryError('invalid_argument', 'cursor: the cursor belongs to another question; repeat the one it came from, or leave it out to begin.')
}

/** @throws OrreryError `invalid_argument` where a version is asked for beside a cursor of another */
export function requireSameVersion(asked: number | undefined, pinned: number | undefined): void {
  if (asked === undefined || asked === pinned) return
  throw new OrreryError('invalid_argument', `cursor: it belongs to version ${pinned}, not ${asked}; leave version out.`)
}

function parse(spelled: string): unknown {
  try {
    return JSON.parse(Buffer.from(spelled, 'base64url').toString())
  } catch {
    return undefined
  }
}
