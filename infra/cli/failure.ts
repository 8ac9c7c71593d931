import { OrreryError } from '#schemas/errors.ts'
import { Interrupted } from '../interrupt.ts'

/** What ends the program: what standard error says of it, and the exit code. */
export interface Failure {
  text: string
  exitCode: number
}

/** What the machine may run out of anywhere: https://www.gnu.org/software/libc/manual/html_node/Error-Codes.html */
const scarcities = new Set(['ENOSPC', 'EDQUOT', 'EIO', 'EMFILE', 'ENFILE', 'ENOMEM'])

/** One line for what a person can act on, the whole stack for what is our fault; nothing where a person ended it. */
export function failureOf(error: unknown): Failure {
  if (error instanceof Interrupted) {
    const other = allOf(error.cause).find((each) => !isAbort(each))
    return { text: other === undefined ? '' : `orrery: interrupted, and on the way out: ${firstLine(other)}\n`, exitCode: error.exitCode }
  }
  if (error instanceof OrreryError) return { text: `orrery: ${oneLine(error.message)}\n`, exitCode: error.exitCode }
  if (isMachineFault(error)) return { text: `orrery: ${machineFault(error)}\n`, exitCode: 1 }
  return { text: `orrery: this should not have happened; please report it.\n${error instanceof Error ? error.stack : String(error)}\n`, exitCode: 70 }
}

/** An error, and what went wrong while it was cleaned up after. */
function allOf(error: unknown): unknown[] {
  if (error instanceof SuppressedError) return [...allOf(error.suppressed), ...allOf(error.error)]
  return error instanceof AggregateError ? error.errors.flatMap(allOf) : [error]
}

const isAbort = (error: unknown): boolean => error instanceof Error && (error.name === 'AbortError' || (error.cause !== undefined && isAbort(error.cause)))

/** A call of the system that failed on a file, or for want of something: the machine's fault, not the program's. */
const isMachineFault = (error: unknown): error is NodeJS.ErrnoException =>
  error instanceof Error && 'syscall' in error && ('path' in error || scarcities.has(String((error as NodeJS.ErrnoException).code)))

const machineFault = ({ message, path, code, syscall }: NodeJS.ErrnoException): string =>
  `${path === undefined ? 'The machine' : `"${path}"`} refuses (${code}, ${syscall}): ${oneLine(message)}; see \`orrery doctor\`.`

const firstLine = (error: unknown): string => oneLine(error instanceof Error ? error.message : String(error)).slice(0, 300)
/** What outsiders wrote may stand in a message: no control character reaches the terminal. */
const oneLine = (text: string): string => text.replace(/[\p{Cc}\u2028\u2029]+/gu, ' ').trim()
