import { createHash } from 'node:crypto'
import { compareText } from './compare-text.ts'

/**
 * JSON with one spelling per value: object keys sorted by UTF-16 code unit, no white space, numbers as ECMAScript writes them (RFC 8785).
 * `undefined` members are left out. @throws TypeError for what JSON cannot say (bigint, NaN, a function, a hole, anything but plain objects: a Date, bytes)
 */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return JSON.stringify(value)
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new TypeError(`JSON has no ${value}`)
    return JSON.stringify(value)
  }
  if (Array.isArray(value)) return `[${Array.from(value, canonicalJson).join(',')}]`
  if (typeof value === 'object' && isPlain(value)) return `{${members(value).join(',')}}`
  throw new TypeError(`JSON has no ${typeof value === 'object' ? value.constructor.name : typeof value}`)
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

function members(value: object): string[] {
  const entries = Object.entries(value).filter(([, v]) => v !== undefined)
  entries.sort(([a], [b]) => compareText(a, b))
  return entries.map(([key, v]) => `${JSON.stringify(key)}:${canonicalJson(v)}`)
}

/** Lower-case hex sha256 of bytes, or of the UTF-8 of a string. */
export const sha256Hex = (data: string | Uint8Array): string => createHash('sha256').update(data).digest('hex')

/** The content address of a JSON value. */
export const contentAddress = (value: unknown): string => sha256Hex(canonicalJson(value))
