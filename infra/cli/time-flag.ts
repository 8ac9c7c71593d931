import { OrreryError } from '#schemas/errors.ts'

const unitMs: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/**
 * The time that a flag names: ISO 8601, or so long ago.
 * @param flag as it is written, like `--since`
 * @param now ms since epoch
 * @returns ms since epoch
 * @throws OrreryError `invalid_argument`
 */
export function timeOfFlag(flag: string, text: string, now: number): number {
  const [, count, unit = ''] = /^(\d{1,6})([smhd])$/.exec(text) ?? []
  const at = count === undefined ? (/^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : NaN) : now - Number(count) * (unitMs[unit] ?? 0)
  if (!Number.isNaN(at)) return at
  throw new OrreryError('invalid_argument', `${flag} "${text}" is no time; write one like 2026-01-15, 2026-01-15T12:00:00Z, 30m, 12h or 7d.`, { text })
}
