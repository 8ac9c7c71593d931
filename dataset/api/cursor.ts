import { z } from 'zod'
import { OrreryError } from '#schemas/errors.ts'

/** Where a page ended: ids are the order of a dataset, so the last id and the version are enough to go on. */
export interface Cursor {
  version: number
  after: string
}

const Spelled = z.tuple([z.int().positive(), z.string().regex(/^[0-9a-f]{64}$/)])

export const encodeCursor = ({ version, after }: Cursor): string => Buffer.from(JSON.stringify([version, after])).toString('base64url')

/** @throws OrreryError `invalid_argument` */
export function decodeCursor(spelled: string): Cursor {
  try {
    const [version, after] = Spelled.parse(JSON.parse(Buffer.from(spelled, 'base64url').toString()))
    return { version, after }
  } catch (cause) {
    throw new OrreryError('invalid_argument', 'cursor: this is none of ours; pass next_cursor of the page before, or leave it out to begin.', {}, cause)
  }
}
