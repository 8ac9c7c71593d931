import { readFileSync } from 'node:fs'
import { nfc } from '#schemas/identity/unicode.ts'

/** Characters younger than Unicode 9 that are composed, decomposed or put in order since. */
const { normalizedLater } = JSON.parse(readFileSync(new URL('char-classes.json', import.meta.url), 'utf8')) as { normalizedLater: number[] }
const point = (value: number): string => `\\u{${value.toString(16)}}`
const classes = Array.from({ length: normalizedLater.length / 2 }, (_, n) => {
  const first = normalizedLater[2 * n]!
  return `${point(first)}-${point(first + normalizedLater[2 * n + 1]! - 1)}`
})
const earlier = new RegExp(`[^${classes.join('')}]+`, 'gu')

/** Normalization form C of Unicode 9, which Hugging Face's tokenizers have: what came later stands by itself. */
export function nfcOfNine(text: string): string {
  // Where nothing changes now nothing did then.
  return nfc(text) === text ? text : text.replace(earlier, nfc)
}
