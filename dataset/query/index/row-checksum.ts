import { crc32 } from 'node:zlib'

/** What is written of a row once, in this order; `until` comes later. */
export const writtenFields = [
  'file',
  'position',
  'since',
  'uri',
  'label',
  'host',
  'lang',
  'licence',
  'source',
  'datetime',
  'fetched_at',
  'text_bytes',
  'quality',
] as const
export type WrittenRow = Record<(typeof writtenFields)[number], number> & { id: Uint8Array }

const numbers = new Float64Array(writtenFields.length)
const numberBytes = new Uint8Array(numbers.buffer)

/** Tells a row whose numbers are not those that were written: of a filter they would be believed. */
export function rowChecksum(row: WrittenRow): number {
  for (let n = 0; n < writtenFields.length; n++) numbers[n] = row[writtenFields[n] as (typeof writtenFields)[number]]
  return crc32(row.id, crc32(numberBytes))
}
