import { OrreryError } from '#schemas/errors.ts'

/**
 * The number of a version that a flag names.
 * @param flag as it is written, like `--at`
 * @throws OrreryError `invalid_argument`
 */
export function versionOfFlag(flag: string, text: string): number {
  if (/^[1-9]\d{0,14}$/.test(text)) return Number(text)
  throw new OrreryError('invalid_argument', `${flag} "${text}" is no version; write its number, like 12.`, { text })
}
