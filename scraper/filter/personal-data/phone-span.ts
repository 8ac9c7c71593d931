import type { Groups } from './phone-runs.ts'

/** [start, end) in a text. */
export interface Span {
  start: number
  end: number
}

export interface NumberSpan extends Span {
  /** Ends of its groups, the last first. */
  ends: readonly number[]
  hasPlus: boolean
}

/** With the plus, escaped in Markdown, and the bracket in front of it; a bracket around all of it, or one that stays open, is not its own. */
export function spanOf(text: string, groups: Groups): NumberSpan | undefined {
  const first = groups[0]?.[0] ?? 0
  const lead = /(?:\(\+ ?|\\?\+ ?\(?|\()$/.exec(text.slice(Math.max(0, first - 4), first))?.[0] ?? ''
  let start = first - lead.length
  const inner = text.slice(first, groups.at(-1)?.[1])
  const [opening, closing] = [inner.indexOf('('), inner.indexOf(')')]
  if (lead.includes('(') && (closing < 0 || (opening >= 0 && opening < closing))) start += lead.startsWith('(') ? 1 : 0
  const lastOpen = inner.lastIndexOf('(')
  const cut = lastOpen > inner.lastIndexOf(')') ? first + lastOpen : Number.POSITIVE_INFINITY
  const ends = groups.flatMap(([, end]) => (end < cut ? [end] : [])).toReversed()
  return ends[0] === undefined ? undefined : { start, end: ends[0], ends, hasPlus: lead.includes('+') }
}

export const digitsOf = (text: string): string => text.replace(/\D/g, '')

/** ITU-T E.164 allows 15; a zero in brackets and one in front come with some. */
const digitsMax = 17
const beginningsMax = 4

/** Its longest beginnings that have no more digits than a number may. */
export const beginningsOf = (text: string, { start, ends }: NumberSpan): Span[] =>
  ends.flatMap((end) => (digitsOf(text.slice(start, end)).length <= digitsMax ? [{ start, end }] : [])).slice(0, beginningsMax)
