import { inspect } from 'node:util'

const stackChars = 4000

/** What was thrown, whatever it is, as the field of an event: the stack of an error, bounded. Its first line says what happened. */
export function stackOf(error: unknown): string {
  const text = (error instanceof Error ? error.stack : undefined) ?? inspect(error, { depth: 0 })
  return text.slice(0, stackChars).toWellFormed()
}
