import { z } from 'zod'
import { canonicalJson, sha256Hex } from '#schemas/canonical-json.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { Question } from '../dataset-query.ts'
import type { Order } from './first-rows.ts'

/** Where a page ended: what its last document was sorted by, and what each word sought was worth. */
export interface PageCursor {
  order: Order
  worths: number[]
}

const questionDigits = 16
const wordsMax = 16
const Spelled = z.tuple([z.string(), z.tuple([z.number(), z.number()]), z.array(z.number().nonnegative()).max(wordsMax)])

const addressOf = ({ filters, sort }: Pick<Question, 'filters' | 'sort'>): string =>
  sha256Hex(canonicalJson({ filters: Object.fromEntries(Object.entries(filters).filter(([, value]) => value !== undefined)), sort })).slice(0, questionDigits)

/** Where the question goes on behind each of a page. */
export function encodePageCursors(question: Question, { orders, worths }: { orders: readonly Order[]; worths: readonly number[] }): string[] {
  const address = addressOf(question)
  return orders.map((order) => Buffer.from(JSON.stringify([address, order, worths])).toString('base64url'))
}

/** @throws OrreryError `invalid_argument` for one of another question */
export function decodePageCursor(question: Question): PageCursor | undefined {
  if (question.after === undefined) return undefined
  const [address, order, worths] = readCursor(question.after)
  if (address === addressOf(question)) return { order, worths }
  throw new OrreryError('invalid_argument', 'cursor: it belongs to another question; pass the same filters and sort as for the page before, or leave it out.')
}

function readCursor(spelled: string): z.infer<typeof Spelled> {
  try {
    return Spelled.parse(JSON.parse(Buffer.from(spelled, 'base64url').toString()))
  } catch (cause) {
    throw new OrreryError('invalid_argument', 'cursor: this is none of ours; pass the one of the page before, or leave it out to begin.', {}, cause)
  }
}
