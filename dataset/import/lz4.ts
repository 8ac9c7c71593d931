/**
 * A block of LZ4 (lz4_Block_format.md), as Parquet has it (LZ4_RAW). @param bytesOut what it unpacks to, which a block does not say itself
 * @throws Error where it is cut off, reaches beyond its ends, or is longer
 */
export function unpackLz4(block: Uint8Array, bytesOut: number): Uint8Array {
  const out = new Uint8Array(bytesOut)
  let [at, to] = [0, 0]
  /** A length of 15 goes on in the bytes behind it. */
  const lengthOf = (nibble: number): number => {
    let length = nibble
    for (let more = nibble === 15 ? 255 : 0; more === 255; length += more) more = byteAt(block, at++)
    return length
  }
  while (at < block.length) {
    const token = byteAt(block, at++)
    const literals = lengthOf(token >> 4)
    if (at + literals > block.length || to + literals > bytesOut) throw new Error('an LZ4 block is damaged')
    out.set(block.subarray(at, at + literals), to)
    at += literals
    to += literals
    // The last sequence has no match.
    if (at === block.length) break
    const back = byteAt(block, at++) | (byteAt(block, at++) << 8)
    const length = lengthOf(token & 15) + minMatch
    if (back === 0 || back > to || to + length > bytesOut) throw new Error('an LZ4 block is damaged')
    // A match may reach into what it writes.
    for (const end = to + length; to < end; to++) out[to] = out[to - back] as number
  }
  if (to !== bytesOut) throw new Error(`an LZ4 block holds ${to} bytes, not ${bytesOut}`)
  return out
}

const minMatch = 4

function byteAt(block: Uint8Array, at: number): number {
  const byte = block[at]
  if (byte === undefined) throw new Error('an LZ4 block is cut off')
  return byte
}

/** What Parquet calls LZ4 without more: blocks as Hadoop frames them, each behind its two lengths, or a single one without. */
export function unpackHadoopLz4(input: Uint8Array, bytesOut: number): Uint8Array {
  return unpackFrames(input, bytesOut) ?? unpackLz4(input, bytesOut)
}

function unpackFrames(input: Uint8Array, bytesOut: number): Uint8Array | undefined {
  const view = new DataView(input.buffer, input.byteOffset, input.byteLength)
  const frames: { start: number; packed: number; unpacked: number }[] = []
  let left = bytesOut
  for (let at = 0; at < input.length;) {
    if (input.length - at < frameHead) return undefined
    const [unpacked, packed] = [view.getUint32(at), view.getUint32(at + 4)]
    if (unpacked > left || packed === 0 || packed > input.length - at - frameHead) return undefined
    frames.push({ start: at + frameHead, packed, unpacked })
    left -= unpacked
    at += frameHead + packed
  }
  if (left !== 0) return undefined
  const out = new Uint8Array(bytesOut)
  let to = 0
  for (const { start, packed, unpacked } of frames) {
    out.set(unpackLz4(input.subarray(start, start + packed), unpacked), to)
    to += unpacked
  }
  return out
}

const frameHead = 8
