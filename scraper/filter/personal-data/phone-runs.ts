const space = ' \\u00a0\\u2009\\u202f'
const dash = '\\-\\u2010\\u2011\\u2013\\u2212'
/** Digits with what may stand between groups of them. No part can take what another can: linear. */
const run = new RegExp(`\\d+(?:[${space}${dash}./()]{1,4}\\d+)*`, 'g')
/** Between two groups of one number. What is wider stands between two numbers. */
const soft = new RegExp(
  `^(?:[${space}]|[${space}]?[${dash}/][${space}]?|\\.|[${space}]?[${dash}/]?\\(|\\)[${space}]?(?:[${dash}/.][${space}]?)?|\\)[${space}]?\\()$`,
)
/** What may stand between two numbers as well as between two groups. */
const wide = new RegExp(`/|[${space}][${dash}][${space}]`)

/** Groups of digits that may be one number: [start, end) of each in the text. */
export type Groups = readonly (readonly [start: number, end: number])[]

const digitsMin = 4
/** More groups than this are a list or a table of numbers. */
const groupsMax = 12
/** The number that a text has most of. */
const year = /^(?:19|20)\d\d$/
/** As North America writes it: what a space parts from it is another number, of a house or a ZIP code. */
const american = /(?<![^ ])\d{3}([-./])\d{3}[-.]\d{4}(?![^ ])/g

/** What of a text may be a number of a telephone, in its order. */
export function* numberRuns(text: string): Generator<Groups> {
  for (const match of text.matchAll(run)) {
    if (match[0].length < digitsMin || year.test(match[0])) continue
    yield* partsOf(match[0], match.index, text.slice(Math.max(0, match.index - 2), match.index))
  }
}

/** @param before the two characters in front */
function* partsOf(runText: string, start: number, before: string): Generator<Groups> {
  const edges = edgesOf(runText)
  let part: [number, number][] = []
  let digits = 0
  let left = runText.replace(/\D/g, '').length
  let opened = before.includes('(')
  for (const { 0: group, index } of runText.matchAll(/\d+/g)) {
    const from = start + index
    const last = part.at(-1)
    const between = last === undefined ? '' : runText.slice(last[1] - start, index)
    const isAlone = edges.has(index) && !(digits < 4 && (before.endsWith('+') || digits < 2))
    if (
      last !== undefined &&
      (isAlone ||
        !soft.test(between) ||
        (between.includes(')') && !opened && !isKorean(runText, index, between)) ||
        isBetweenTwo(between, digits, left) ||
        isNextNumber(group, digits, left))
    ) {
      if (digits >= digitsMin && part.length <= groupsMax) yield part
      part = []
      digits = 0
      opened = false
    }
    opened ||= between.includes('(')
    part.push([from, from + group.length])
    digits += group.length
    left -= group.length
  }
  if (digits >= digitsMin && part.length <= groupsMax) yield part
}

/** "02)123-4567" */
const isKorean = (runText: string, index: number, between: string): boolean =>
  /^\) ?$/.test(between) && /^0\d{1,2}\) ?$/.test(runText.slice(0, index)) && /^\d{3,4}-\d{4}(?!\d)/.test(runText.slice(index, index + 10))

/** Where an American number begins, and where what follows it does. */
function edgesOf(runText: string): ReadonlySet<number> {
  const edges = new Set<number>()
  if (runText.length < 12) return edges
  for (const { 0: number, index } of runText.matchAll(american)) edges.add(index).add(index + number.length + 1)
  return edges
}

/** A number has at least so many digits in front of a slash, and so many behind it. */
const [digitsEnough, digitsBehind] = [7, 6]
const areaDigitsMax = 4

/** A whole number is there, and another begins with a zero. */
const isNextNumber = (group: string, digits: number, left: number): boolean => digits >= digitsWhole && left >= digitsWhole && group.startsWith('0')
const digitsWhole = 9

/** A slash or a dash, or a bracket that opens behind more digits than a country or an area has: "MI 48076 (248) 796-5000". */
const isBetweenTwo = (between: string, digits: number, left: number): boolean =>
  (digits >= digitsEnough && left >= digitsBehind && wide.test(between)) || (digits > areaDigitsMax && between.endsWith(' ('))
