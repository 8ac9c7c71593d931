import { z } from 'zod'

/**
 * A whole number in an address, as a path or a query has it: decimal digits, and nothing else. `Number` would take an empty text for 0, and `0x1`, `1e1` and `+1` for
 * numbers, so that one thing had many addresses and a slip asked for something else.
 */
export const addressNumber = (min = 0, max = Number.MAX_SAFE_INTEGER) =>
  z.preprocess((given) => (typeof given === 'string' ? numberOf(given) : given), z.int('a whole number in decimal digits').min(min).max(max))

const numberOf = (text: string): number | string => (/^(?:0|[1-9]\d{0,15})$/.test(text) ? Number(text) : text)
