import { dateLabel, type DateLabel } from './date-labels.ts'

/** How a date stands among the words of its line. */
export interface DateLine {
  label: DateLabel | undefined
  /** Whether a sentence tells of it: it is not printed by itself. */
  isTold: boolean
  /** Whether it stands in quotes, or in brackets behind words, without the time of day that stamps have. */
  isAside: boolean
  /** Characters of the line beside it, those of scripts without spaces counted double. */
  room: number
  isCopyright: boolean
}

/** Characters on either side of a date that are looked at. */
const reach = 90
/** A line is short, and all about its date, up to here. */
export const shortLine = 60
/** A label stands no farther from its date. */
const labelReach = 45
/** A line above that is a label is no longer. */
const labelLine = 36
/** Words before a date that are a sentence, in Latin letters; with the fewer on both sides. */
const sentenceChars = 45
const clauseChars = 20
/** What a character of a script without spaces counts. */
const wideShare = 2

const copyright = /(?:©|\(c\)|copyright)[^\n]{0,30}$/i
/** What sets the parts of a line apart. */
const separators = /\s[|·•/–—-]\s|[|·•\u3000]|\s{4,}/
const sentenceGoesOn = /^[\s,;:)]{0,3}\p{Ll}[\p{L}\p{M}]*(?:,?\s+[\p{L}\p{M}'’]+){3}/u
const isQuoted = /["'“„«‘]/
const clockAfter = /^[T\s,]{0,2}\d{1,2}:\d{2}/
const firstWords = /^(?:[^\p{L}\n]{0,4}[\p{L}\p{M}]+){1,3}/u
const wide = /[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\u0e00-\u0e7f]/g

/** Of a date that begins at `start` and ends before `end`. It looks at 90 characters on either side. */
export function dateLine(text: string, start: number, end: number): DateLine {
  const before = text.slice(Math.max(0, start - reach), start)
  const after = text.slice(end, end + reach)
  const lineBreak = before.lastIndexOf('\n')
  const ahead = before.slice(lineBreak + 1)
  const rest = after.includes('\n') ? after.slice(0, after.indexOf('\n')) : after
  const room = widthOf(ahead) + widthOf(rest)
  const label = labelIn(ahead) ?? (ahead.trim() === '' && lineBreak > 0 ? labelAbove(before.slice(0, lineBreak)) : undefined)
  const isInBrackets = isBracketed(ahead)
  const isStamp = isInBrackets && clockAfter.test(rest)
  return {
    label,
    isTold: !isStamp && !label?.isNear && (room >= shortLine ? isRunning(ahead, rest) : isShortSentence(rest)),
    isAside: (isInBrackets && !isStamp) || isQuoted.test(ahead.slice(-1)),
    room,
    isCopyright: copyright.test(before),
  }
}

/** Before a date, or at the head of its part of the line: `Posted by Ann Marie Lee on`. */
function labelIn(ahead: string): DateLabel | undefined {
  const near = dateLabel(ahead.slice(-labelReach))
  if (near) return near
  const part = lastPart(ahead)
  const leading = part.length > labelReach ? undefined : dateLabel(firstWords.exec(part)?.[0] ?? '', true)
  return leading?.isOfThing ? undefined : leading
}

const lastPart = (ahead: string): string => ahead.split(separators).at(-1)?.trimStart() ?? ''

/** What stands on the line above is a label when it is nothing else. */
function labelAbove(before: string): DateLabel | undefined {
  const line = before.slice(before.lastIndexOf('\n') + 1).trim()
  return line !== '' && line.length <= labelLine ? dateLabel(line) : undefined
}

/** `Added in 3.8 (2014-02-03)` */
const isBracketed = (ahead: string): boolean => /[(（[]\s?$/.test(ahead.slice(-2)) && widthOf(ahead) >= clauseChars / 2

/** Whether words go on before or behind a date, without anything that would set it apart, and none that would lead to it. */
function isRunning(ahead: string, rest: string): boolean {
  const part = lastPart(ahead)
  if (sentenceGoesOn.test(rest) || (part !== '' && isSentence(rest))) return true
  const chars = widthOf(part)
  if (chars < clauseChars || dateLabel(firstWords.exec(part)?.[0] ?? '', true)?.isOfThing === false) return false
  return chars >= sentenceChars || (widthOf(rest.slice(0, 30)) >= 30 && !separators.test(rest.slice(0, 30)))
}

const isShortSentence = (rest: string): boolean => sentenceGoesOn.test(rest) && /[.!?]\s*$/.test(rest)

/** Whether what follows a date is words that nothing sets apart. */
function isSentence(rest: string): boolean {
  const start = rest.slice(0, shortLine)
  return !separators.test(start) && (start.match(lowerWord)?.length ?? 0) >= wordsMin
}

const lowerWord = /(?<![\p{L}\p{M}])\p{Ll}[\p{L}\p{M}]+/gu
const wordsMin = 5

const widthOf = (text: string): number => text.length + (wideShare - 1) * (text.match(wide)?.length ?? 0)
