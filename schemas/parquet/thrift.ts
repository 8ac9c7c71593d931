import { ByteWriter } from 'hyparquet-writer'

/** A struct by the ids of its fields, which rise; an absent field is undefined. */
export interface Struct {
  readonly [field: `field_${number}`]: Value | undefined
}
type Value = boolean | number | bigint | string | Uint8Array | Struct | readonly Value[]

/** Types of Thrift's compact protocol (thrift-compact-protocol.md). */
const [isTrue, isFalse, int32, int64, binary, list, struct] = [1, 2, 5, 6, 8, 9, 12]

/**
 * A struct in Thrift's compact protocol: numbers are i32, bigints i64, text and bytes binary. All elements of a list have the type of the first. An empty
 * list says the type it is declared with too, and readers check it: what may be empty in Parquet's metadata is a list of structs.
 */
export function thrift(fields: Struct): Uint8Array {
  const writer = new ByteWriter(256)
  appendStruct(writer, fields)
  return writer.getBytes()
}

function appendStruct(writer: ByteWriter, fields: Struct): void {
  let last = 0
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined) continue
    const id = Number(name.slice('field_'.length))
    // No field of Parquet's structs stands more than fifteen behind the one before.
    writer.appendUint8(((id - last) << 4) | typeOf(value))
    if (typeof value !== 'boolean') appendValue(writer, value)
    last = id
  }
  writer.appendUint8(0)
}

function typeOf(value: Value): number {
  if (typeof value === 'boolean') return value ? isTrue : isFalse
  if (typeof value === 'number') return int32
  if (typeof value === 'bigint') return int64
  if (typeof value === 'string' || value instanceof Uint8Array) return binary
  return isList(value) ? list : struct
}

/** A boolean as the element of a list: as a field it stands in the type. */
function appendValue(writer: ByteWriter, value: Value): void {
  if (typeof value === 'boolean') writer.appendUint8(value ? isTrue : isFalse)
  else if (typeof value === 'number' || typeof value === 'bigint') writer.appendZigZag(value)
  else if (typeof value === 'string') appendBinary(writer, Buffer.from(value))
  else if (value instanceof Uint8Array) appendBinary(writer, value)
  else if (isList(value)) appendList(writer, value)
  else appendStruct(writer, value)
}

function appendBinary(writer: ByteWriter, bytes: Uint8Array): void {
  writer.appendVarInt(bytes.length)
  writer.appendBytes(bytes)
}

function appendList(writer: ByteWriter, values: readonly Value[]): void {
  const [first] = values
  const type = first === undefined ? struct : typeof first === 'boolean' ? isTrue : typeOf(first)
  writer.appendUint8((Math.min(values.length, 15) << 4) | type)
  if (values.length >= 15) writer.appendVarInt(values.length)
  for (const value of values) appendValue(writer, value)
}

const isList = (value: Value): value is readonly Value[] => Array.isArray(value)
