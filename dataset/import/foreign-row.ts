import { OrreryError } from '#schemas/errors.ts'

/** A row of somebody's file. */
export interface ForeignRow {
  /** Its place in the file, from 0. */
  at: number
  /** The same for people: `row 3`, `line 4`. */
  where: string
  /** Own members by the names that the file gives them; a `RowFault` where it cannot be read. */
  cells: object
}

/** What keeps a row from being read. */
export class RowFault {
  /** Stable. */
  readonly code: string
  readonly problem: string

  constructor(code: string, problem: string) {
    this.code = code
    this.problem = problem
  }
}

/** A file that cannot be read on; what came before that is good. */
export const damaged = (path: string, where: string, cause: unknown): OrreryError =>
  new OrreryError(
    'invalid_record',
    `${path} cannot be read on from ${where} (${cause instanceof Error ? cause.message : String(cause)}); fetch it again. What came before that was taken.`,
    { path, where },
    cause,
  )
