/**
 * One event as a line of JSON that every parser reads, whatever the fields hold: `{"event": name, "at": ISO time, …fields}`. Big integers are
 * strings, numbers that are none null, halves of surrogate pairs are U+FFFD, what contains itself is "[circular]".
 */
export function jsonLine(event: string, atMs: number, fields: Readonly<Record<string, unknown>>): string {
  const head = { event, at: new Date(atMs).toISOString() }
  return `${stringified(() => ({ ...head, ...fields, ...head })) ?? JSON.stringify({ ...head, unreadable: true })}\n`
}

function stringified(make: () => object): string | undefined {
  const path: object[] = []
  try {
    const json = JSON.stringify(make(), function (this: object, key: string, given: unknown) {
      // The holder is the innermost of those that contain this value.
      while (path.length > 0 && path.at(-1) !== this) path.pop()
      const plain = plainValue(given)
      if (typeof plain !== 'object' || plain === null) return plain
      if (path.includes(plain)) return '[circular]'
      path.push(plain)
      return plain
    })
    return withoutLineEnds(json.replace(halfInKey, '$1\ufffd'))
  } catch {
    // A getter or toJSON that throws, or what is nested deeper than the stack.
    return undefined
  }
}

function plainValue(value: unknown): unknown {
  if (typeof value === 'string') return value.toWellFormed()
  if (typeof value === 'bigint') return value.toString()
  if (value instanceof Map) return [...value]
  if (value instanceof Set) return [...value]
  if (value instanceof Error) return { name: value.name, message: value.message }
  return value
}

/** Values are well-formed already; only a key may still hold half of a pair, which JSON.stringify writes as an escape. */
const halfInKey = /(?<!\\)((?:\\\\)*)\\ud[89a-f][\da-f]{2}/g

/** JSON lets them stand as they are, and some readers of lines break there. */
const withoutLineEnds = (json: string): string =>
  json.replace(/[\u007f-\u009f\u2028\u2029]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
