import { OrreryError, type ErrorCode } from '#schemas/errors.ts'

/** Where a port's factory is: `factory(...args, { ...options, clock })` of a module. */
export interface PortPlace {
  /** URL. */
  module: string
  factory: string
  /** Plain data. */
  args: readonly unknown[]
  /** Plain data, too. */
  options?: Readonly<Record<string, unknown>>
}

/** What is done with each port beside the calls of its methods; no method has such a name. */
export const opening = '@open'
export const closing = '@close'

/** A call of a port in a thread. */
export interface Call {
  id: number
  port: number
  /** Or `opening`, `closing`. */
  method: string
  args: readonly unknown[]
}

/** The calls of one turn. */
export interface Batch {
  /** The caller's time, ms since epoch. */
  now: number
  calls: readonly Call[]
}

export interface Answer {
  id: number
  value?: unknown
  failure?: Failure
}

/** An error on its way between threads. Without a code: one that nobody expects. */
export interface Failure {
  code?: ErrorCode
  message: string
  details?: Readonly<Record<string, unknown>>
  stack?: string | undefined
}

export function writeFailure(error: unknown): Failure {
  if (error instanceof OrreryError) return { code: error.code, message: error.message, details: error.details, stack: error.stack }
  return error instanceof Error ? { message: error.message, stack: error.stack } : { message: String(error) }
}

export function readFailure({ code, message, details, stack }: Failure): Error {
  const error = code === undefined ? new Error(message) : new OrreryError(code, message, details)
  if (stack !== undefined) error.stack = stack
  return error
}
