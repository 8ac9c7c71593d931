import { setImmediate as nextTurn } from 'node:timers/promises'
import { OrreryError } from '#schemas/errors.ts'
import { damaged, RowFault, type ForeignRow } from './foreign-row.ts'
import { textBytesOf } from './source-bytes.ts'

/** A text of the most bytes that a document has, all of it escaped. */
const lineBytesMax = 64 * 2 ** 20
const lineFeed = 0x0a
const byteOrderMark = '\uFEFF'
/** Lines that are read before others have a turn. */
const linesPerTurn = 200

/**
 * The lines of a JSONL file, plain or packed with gzip or zstd, one in memory at a time; empty ones are passed over. A line that is no object, or is longer than
 * any document, costs itself.
 * @param from first line, from 0
 * @throws OrreryError `not_found`; `invalid_record` where it cannot be unpacked
 */
export async function* jsonLinesOf(path: string, from: number, signal: AbortSignal): AsyncGenerator<ForeignRow> {
  let at = 0
  try {
    for await (const line of linesOf(textBytesOf(path, signal))) {
      const here = at++
      if (here % linesPerTurn === 0) await nextTurn()
      if (here < from || (line?.length ?? 1) === 0) continue
      const whole = here === 0 && line !== undefined ? wholeOf(line) : undefined
      if (whole !== undefined) throw new Error(`it is ${whole}; write an object a line`)
      yield { at: here, where: `line ${here + 1}`, cells: parsed(line, here === 0) }
    }
  } catch (cause) {
    signal.throwIfAborted()
    throw cause instanceof OrreryError ? cause : damaged(path, `line ${at + 1}`, cause)
  }
}

/** What a file is whose first line is only the beginning of it. An array may stand in one line as well. */
function wholeOf(line: string): string | undefined {
  if (/^\uFEFF?\[\s*(?:$|\{)/.test(line)) return 'one array'
  return /^\uFEFF?\{\s*$/.test(line) ? 'one object over many lines' : undefined
}

function parsed(line: string | undefined, isFirst: boolean): object {
  if (line === undefined) return new RowFault('too_large', `it is longer than ${lineBytesMax} bytes`)
  try {
    const value = jsonOf(isFirst && line.startsWith(byteOrderMark) ? line.slice(1) : line)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value
    return new RowFault('not_object', 'it is no JSON object')
  } catch (error) {
    return new RowFault('not_json', (error as Error).message.slice(0, 200))
  }
}

/** Python writes numbers that are none as JavaScript names them, and JSON has not: they say nothing. A text sequence (RFC 7464) has a sign before each object. */
function jsonOf(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch (error) {
    const plain = (line.startsWith(recordSeparator) ? line.slice(1) : line).replace(noNumbers, (whole, string: string | undefined) => string ?? 'null')
    if (plain === line) throw error
    return JSON.parse(plain)
  }
}
const recordSeparator = String.fromCharCode(0x1e)
/** Strings are passed over whole. */
const noNumbers = /("[^"\\]*(?:\\.[^"\\]*)*")|-?\b(?:NaN|Infinity)\b/g

/** undefined: a line that is too long. A last one without an end counts. */
async function* linesOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<string | undefined> {
  let held: Buffer[] = []
  let heldBytes = 0
  const line = (end: Buffer): string | undefined => {
    const bytes = heldBytes === 0 ? end : Buffer.concat([...held, end])
    const isLong = heldBytes + end.length > lineBytesMax
    held = []
    heldBytes = 0
    return isLong ? undefined : bytes.toString('utf8').trim()
  }
  for await (const chunk of chunks) {
    let start = 0
    for (let end = chunk.indexOf(lineFeed); end >= 0; end = chunk.indexOf(lineFeed, start)) {
      yield line(chunk.subarray(start, end))
      start = end + 1
    }
    const rest = chunk.subarray(start)
    heldBytes += rest.length
    // Of what is too long its length is enough.
    if (heldBytes > lineBytesMax) held = []
    else held.push(rest)
  }
  if (heldBytes > 0) yield line(Buffer.alloc(0))
}
