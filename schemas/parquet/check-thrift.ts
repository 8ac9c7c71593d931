/** Types of Thrift's compact protocol, as Parquet uses them (thrift-compact-protocol.md). */
const [stop, isTrue, isFalse, byte, int16, int32, int64, double, binary, list, struct] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 12]
/** FileMetaData → row group → column chunk → its metadata → statistics, with the lists between them, is ten. */
const depthMax = 24
const varintBytesMax = 10

interface Place {
  bytes: Uint8Array
  at: number
  valuesLeft: number
}

/**
 * Walks one struct to its end before a reader builds it: the reader makes an array for any length that is claimed, and calls itself for any depth, so that
 * some kilobytes end a process. Whatever a list claims must stand in the bytes.
 * @param valuesMax fields and elements of lists
 * @throws Error for what is no struct, or a larger or deeper one
 */
export function checkThrift(bytes: Uint8Array, valuesMax: number): void {
  walkStruct({ bytes, at: 0, valuesLeft: valuesMax }, 0)
}

function walkStruct(place: Place, depth: number): void {
  for (;;) {
    const head = next(place)
    const type = head & 0x0f
    if (type === stop) return
    if (head >> 4 === 0) varint(place)
    // The type of a field says by itself whether it is true; an element of a list is a byte.
    if (type !== isTrue && type !== isFalse) walkValue(place, type, depth)
    spend(place)
  }
}

function walkValue(place: Place, type: number, depth: number): void {
  if (depth > depthMax) throw new Error('it is too deep')
  if (type === isTrue || type === isFalse || type === byte) skip(place, 1)
  else if (type === int16 || type === int32 || type === int64) varint(place)
  else if (type === double) skip(place, 8)
  else if (type === binary) skip(place, varint(place))
  else if (type === struct) walkStruct(place, depth + 1)
  else if (type === list) walkList(place, depth + 1)
  else throw new Error(`it has a value of type ${type}`)
}

function walkList(place: Place, depth: number): void {
  const head = next(place)
  const size = head >> 4 === 15 ? varint(place) : head >> 4
  if (size > place.bytes.length - place.at) throw new Error('a list is longer than all that follows')
  for (let i = 0; i < size; i++) {
    walkValue(place, head & 0x0f, depth)
    spend(place)
  }
}

function spend(place: Place): void {
  if (--place.valuesLeft < 0) throw new Error('it has too many values')
}

function next(place: Place): number {
  const value = place.bytes[place.at++]
  if (value === undefined) throw new Error('it has no end')
  return value
}

function skip(place: Place, count: number): void {
  if (count > place.bytes.length - place.at) throw new Error('a value is cut off')
  place.at += count
}

/** Beyond 2^53 it is inexact, which is too long all the same. */
function varint(place: Place): number {
  let value = 0
  for (let i = 0; i < varintBytesMax; i++) {
    const part = next(place)
    value += (part & 0x7f) * 2 ** (7 * i)
    if (part < 0x80) return value
  }
  throw new Error('a number has no end')
}
