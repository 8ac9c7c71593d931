import { OrreryError } from '#schemas/errors.ts'

/** Checks of what a caller passes, the same for every engine backend. Each throws OrreryError `invalid_argument` naming the argument. */
export function requireInteger(name: string, value: number, min: number, max = Number.MAX_SAFE_INTEGER): void {
  if (Number.isSafeInteger(value) && value >= min && value <= max) return
  throw refuse(name, value, max === Number.MAX_SAFE_INTEGER ? `an integer of at least ${min}` : `an integer of ${min}..${max}`)
}

export function requireFinite(name: string, value: number, min = -Number.MAX_VALUE): void {
  if (Number.isFinite(value) && value >= min) return
  throw refuse(name, value, min === -Number.MAX_VALUE ? 'a finite number' : `a finite number of at least ${min}`)
}

/** 1..`bytesMax` bytes of UTF-8 without a lone surrogate or a NUL, which SQLite and PostgreSQL would cut. */
export function requireText(name: string, value: string, bytesMax: number): void {
  if (typeof value === 'string' && value !== '' && !value.includes('\0') && value.isWellFormed() && Buffer.byteLength(value) <= bytesMax) return
  throw refuse(name, value, `text of 1..${bytesMax} bytes without NUL`)
}

export function requireOneOf(name: string, value: string, allowed: readonly string[]): void {
  if (!allowed.includes(value)) throw refuse(name, value, `one of ${allowed.join(', ')}`)
}

export function refuse(name: string, value: unknown, wanted: string): OrreryError {
  const shown = typeof value === 'string' ? JSON.stringify(value.slice(0, 200)) : String(value)
  return new OrreryError('invalid_argument', `${name} is ${shown}; pass ${wanted}.`, { argument: name })
}
