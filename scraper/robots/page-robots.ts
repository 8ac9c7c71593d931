import { headerValue, headerValues, type HeaderLines } from '#infra/net/header-lines.ts'
import { userAgentToken } from '#infra/net/user-agent.ts'
import { forbidsIndex, forbidsLearning } from '#schemas/rights.ts'
import { parseDate } from '../extract/dates/date-header.ts'
import { strictestTdm, tdmDeclaration, type TdmDeclaration } from './tdm.ts'
import { strictestTraining, trainingWord, type TrainingWord } from './training-word.ts'

/** What a page asks of its readers, in its headers and its markup. */
export interface PageRobots {
  /** Lower-case, sorted, without repeats. */
  directives: string[]
  index: boolean
  follow: boolean
  /** false: it is not to be learnt from. */
  ai: boolean
  /** `unavailable_after`: not to be used from then on (ms since epoch). */
  unavailableAt: number | undefined
  tdm: TdmDeclaration
  /** What its `Content-Usage` and `Content-Signal` headers say of training; undefined when they do not. */
  training: TrainingWord | undefined
}

/** What stands in a page's markup for robots. */
export interface RobotsMarkup {
  /** Contents of `<meta name="robots">` and of those under our own name. */
  robots: readonly string[]
  tdmReservation?: string | undefined
  tdmPolicy?: string | undefined
}

/** Of those with a value; the others are few. */
const valuesMax = 20
const charsMax = 4096
const unavailable = 'unavailable_after:'
/**
 * What a list is made of, in lower case: a date, a limit, the name of whom it speaks to, a directive, any other word. Whatever stands between is a border:
 * they come with commas, semicolons, spaces, quotes, and "no index" in two words.
 */
const part = new RegExp(
  [
    String.raw`unavailable[_-]after\s*:\s*(?<date>(?:[a-z]{3,9},)?[^,;"'|]{0,60}?)(?=\s(?:no|all|index|follow|max-)|[,;"'|]|$)`,
    String.raw`(?<limit>max-(?:snippet|image-preview|video-preview))\s*:\s*(?<value>[\w.-]{1,60})`,
    String.raw`(?<directive>no[\s_-]?(?:image[\s_-]?(?:ai|index)|index|follow|archive|snippet|translate|cache|ai|ml)(?=no|follow|[^a-z]|$)|(?:all|none|index|follow|indexifembedded)(?![a-z]))`,
    String.raw`(?:unavailable[_-]after|max-[a-z-]+)\s*:`,
    String.raw`(?<name>\*|[a-z][\w./-]{0,60})\s*:`,
    '[a-z]+',
  ].join('|'),
  'g',
)

/** @param base URL of the page, for a relative policy */
export function readPageRobots(headers: HeaderLines, markup: RobotsMarkup, base: string): PageRobots {
  const lists = [...headerValues(headers, 'x-robots-tag'), ...markup.robots].join('\n').slice(0, charsMax).toWellFormed().split('\n')
  const found = [...new Set(lists.flatMap(directivesOf))]
  const directives = [
    ...found.filter((directive) => !directive.includes(':')),
    ...found.filter((directive) => directive.includes(':')).slice(0, valuesMax),
  ].sort()
  return {
    directives,
    index: !forbidsIndex(directives),
    follow: !directives.includes('nofollow') && !directives.includes('none'),
    ai: !forbidsLearning(directives),
    unavailableAt: unavailableAt(directives),
    tdm: strictestTdm([
      tdmDeclaration(headerValues(headers, 'tdm-reservation').join(','), headerValue(headers, 'tdm-policy'), base),
      tdmDeclaration(markup.tdmReservation, markup.tdmPolicy, base),
    ]),
    training: strictestTraining(
      (['content-usage', 'content-signal'] as const).flatMap((name) => headerValues(headers, name).map(trainingWord(`header-${name}`))),
    ),
  }
}

/** Those that speak to us: `otherbot: noindex, nofollow` speaks to otherbot until the next name or the end of the line. */
function directivesOf(line: string): string[] {
  const kept: string[] = []
  let isOurs = true
  for (const { groups = {} } of line.toLowerCase().matchAll(part)) {
    const { date, limit, value, directive, name } = groups
    if (name !== undefined) isOurs = name === '*' || name === 'robots' || name === userAgentToken.toLowerCase()
    else if (!isOurs) continue
    else if (directive !== undefined) kept.push(directive.replace(/[\s_-]/g, ''))
    else if (date !== undefined) kept.push(`${unavailable}${date.trim()}`)
    else if (limit !== undefined) kept.push(`${limit}:${value}`)
  }
  return kept
}

/** The earliest `unavailable_after` among the directives of a page (ms since epoch). */
export function unavailableAt(directives: readonly string[]): number | undefined {
  const times = directives.filter((directive) => directive.startsWith(unavailable)).map((directive) => timeOf(directive.slice(unavailable.length)))
  return times.filter((time) => time !== undefined).toSorted((a, b) => a - b)[0]
}

const timeOf = (text: string): number | undefined => parseDate(text.toUpperCase())?.getTime()
