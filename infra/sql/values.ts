import {
  blobValue,
  DuckDBArrayValue,
  DuckDBBlobValue,
  DuckDBDateValue,
  DuckDBDecimalValue,
  DuckDBIntervalValue,
  DuckDBListValue,
  DuckDBMapValue,
  DuckDBStructValue,
  DuckDBTimestampMillisecondsValue,
  DuckDBTimestampNanosecondsValue,
  DuckDBTimestampSecondsValue,
  DuckDBTimestampTZValue,
  DuckDBTimestampValue,
  DuckDBTimeTZValue,
  DuckDBTimeValue,
  DuckDBUnionValue,
  DuckDBUUIDValue,
  DOUBLE,
  INTEGER,
  listValue,
  TIMESTAMP,
  type DuckDBType,
  type DuckDBValue,
} from '@duckdb/node-api'
import type { SqlValue } from '#schemas/sql.ts'
import { refusal } from './script.ts'

const dayMs = 86_400_000

/** A cell of a result. A decimal becomes a number; times, intervals and UUIDs their text. @throws OrreryError `invalid_argument` for structs, maps, unions and bits */
export function fromDuckdb(value: DuckDBValue, column: string): SqlValue {
  if (value === null || typeof value !== 'object') return value
  if (value instanceof DuckDBListValue || value instanceof DuckDBArrayValue) return value.items.map((item) => fromDuckdb(item, column))
  if (value instanceof DuckDBBlobValue) return new Uint8Array(value.bytes)
  if (value instanceof DuckDBDecimalValue) return value.toDouble()
  if (value instanceof DuckDBUUIDValue || value instanceof DuckDBIntervalValue || value instanceof DuckDBTimeValue || value instanceof DuckDBTimeTZValue)
    return value.toString()
  const date = dateOf(value)
  if (date === undefined) throw refusal(`column "${column}" has a nested type; select its members`)
  if (Number.isNaN(date.getTime())) throw refusal(`column "${column}" has a time beyond the years a Date can say`)
  return date
}

/**
 * A cell of a stranger's result: whatever the engine has. Members of a union come as they are, maps of other keys than text as lists of `{key, value}`, decimals
 * of more digits than a number keeps as text.
 */
export function toldOfDuckdb(value: DuckDBValue): SqlValue {
  if (value === null || typeof value !== 'object') return value
  if (value instanceof DuckDBListValue || value instanceof DuckDBArrayValue) return value.items.map(toldOfDuckdb)
  if (value instanceof DuckDBStructValue) return structOf(Object.entries(value.entries))
  if (value instanceof DuckDBMapValue) return mapOf(value)
  if (value instanceof DuckDBUnionValue) return toldOfDuckdb(value.value)
  if (value instanceof DuckDBBlobValue) return new Uint8Array(value.bytes)
  if (value instanceof DuckDBDecimalValue) return digitsOf(value) > exactDigits ? value.toString() : value.toDouble()
  if (value instanceof DuckDBDateValue) return value.isFinite ? value.toString() : value.days > 0 ? 'infinity' : '-infinity'
  const date = dateOf(value)
  return date === undefined || Number.isNaN(date.getTime()) ? value.toString() : date
}

/** Each decimal of so many is another double. */
const exactDigits = 15
const digitsOf = ({ value }: DuckDBDecimalValue): number => String(value).replace(/^-?0*|0+$/g, '').length

const structOf = (members: readonly [string, DuckDBValue][]): SqlValue => Object.fromEntries(members.map(([name, member]) => [name, toldOfDuckdb(member)]))

function mapOf({ entries }: DuckDBMapValue): SqlValue {
  if (entries.every(({ key }) => typeof key === 'string')) return structOf(entries.map(({ key, value }) => [String(key), value]))
  return entries.map(({ key, value }) => ({ key: toldOfDuckdb(key), value: toldOfDuckdb(value) }))
}

function dateOf(value: DuckDBValue): Date | undefined {
  const ms = millisecondsOf(value)
  return ms === undefined ? undefined : new Date(ms)
}

/** ms since the Unix epoch, finer parts cut off towards the past. */
function millisecondsOf(value: DuckDBValue): number | undefined {
  if (value instanceof DuckDBTimestampValue || value instanceof DuckDBTimestampTZValue) return floorDivide(value.micros, 1000n)
  if (value instanceof DuckDBTimestampNanosecondsValue) return floorDivide(value.nanos, 1_000_000n)
  if (value instanceof DuckDBTimestampMillisecondsValue) return Number(value.millis)
  if (value instanceof DuckDBTimestampSecondsValue) return Number(value.seconds) * 1000
  if (value instanceof DuckDBDateValue) return value.days * dayMs
  return undefined
}

const floorDivide = (value: bigint, by: bigint): number => Number((value - (((value % by) + by) % by)) / by)

/** A parameter with the type it is bound as; an absent type is left to the value. */
export function toDuckdb(value: SqlValue): { value: DuckDBValue; type: DuckDBType | undefined } {
  if (value instanceof Date) {
    if (Number.isNaN(value.getTime())) throw refusal('a parameter is an invalid Date')
    return { value: new DuckDBTimestampValue(BigInt(value.getTime()) * 1000n), type: TIMESTAMP }
  }
  if (value instanceof Uint8Array) return { value: blobValue(value), type: undefined }
  if (Array.isArray(value)) return { value: listValue(value.map((item) => toDuckdb(item).value)), type: undefined }
  if (typeof value === 'number') return { value, type: Number.isInteger(value) && Math.abs(value) < 2 ** 31 ? INTEGER : DOUBLE }
  if (value === null || typeof value === 'boolean' || typeof value === 'string' || typeof value === 'bigint') return { value, type: undefined }
  throw refusal(`a parameter is a ${typeof value}, which SQL has no value for`)
}
