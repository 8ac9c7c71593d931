import { headerValue, headerValues, type HeaderLines } from '#infra/net/header-lines.ts'
import { userAgentToken } from '#infra/net/user-agent.ts'
import { parseDate } from '../extract/dates/date-header.ts'
import { strictestTdm, tdmDeclaration, type TdmDeclaration } from './tdm.ts'

/** What a page asks of its readers, in its headers and its markup. */
export interface PageRobots {
  /** Lower-case, sorted, without repeats. */
  directives: string[]
  index: boolean
  follow: boolean
  /** false: `noai`, the page is not to be learnt from. (`noimageai` speaks of its images, `noarchive` of copies shown to others: recorded.) */
  ai: boolean
  /** `unavailable_after`: not to be used from then on (ms since epoch). */
  unavailableAt: number | undefined
  tdm: TdmDeclaration
}

/** What stands in a page's markup for robots. */
export interface RobotsMarkup {
  /** Contents of `<meta name="robots">` and of those under our own name. */
  robots: readonly string[]
  tdmReservation?: string | undefined
  tdmPolicy?: string | undefined
}

const directivesMax = 50
const headerChars = 4096
const known =
  /^(?:all|none|noindex|index|nofollow|follow|noarchive|nosnippet|noimageindex|notranslate|noai|noimageai|nocache|indexifembedded|(?:max-(?:snippet|image-preview|video-preview)|unavailable_after):.{1,60})$/
const unavailable = 'unavailable_after:'

/** @param base URL of the page, for a relative policy */
export function readPageRobots(headers: HeaderLines, markup: RobotsMarkup, base: string): PageRobots {
  const found = [...headerDirectives(headerValues(headers, 'x-robots-tag')), ...markup.robots.flatMap(directiveList)]
  const normal = found.map((directive) =>
    directive
      .trim()
      .toLowerCase()
      .replace(/\s*:\s*/, ':'),
  )
  const directives = [...new Set(normal.filter((directive) => known.test(directive)))].sort().slice(0, directivesMax)
  const none = directives.includes('none')
  return {
    directives,
    index: !none && !directives.includes('noindex'),
    follow: !none && !directives.includes('nofollow'),
    ai: !directives.includes('noai'),
    unavailableAt: unavailableAt(directives),
    tdm: strictestTdm([
      tdmDeclaration(headerValues(headers, 'tdm-reservation').join(','), headerValue(headers, 'tdm-policy'), base),
      tdmDeclaration(markup.tdmReservation, markup.tdmPolicy, base),
    ]),
  }
}

/** `X-Robots-Tag: otherbot: noindex, nofollow` speaks to otherbot until the next name or the end of its line. */
function headerDirectives(lines: readonly string[]): string[] {
  const kept: string[] = []
  for (const line of lines.join('\n').slice(0, headerChars).split('\n')) {
    let ours = true
    for (const part of directiveList(line)) {
      const [, agent, rest] = /^\s*([A-Za-z][\w-]*)\s*:\s*(.*)$/.exec(part) ?? []
      const named = agent !== undefined && !/^(?:max-|unavailable_after)/i.test(agent)
      if (named) ours = agent.toLowerCase() === userAgentToken.toLowerCase()
      if (ours) kept.push(named ? (rest ?? '') : part)
    }
  }
  return kept
}

/** By commas, but not by the one behind the weekday of a date. */
const directiveList = (text: string): string[] => text.replace(/(unavailable_after\s*:\s*[A-Za-z]{3,9}),/gi, '$1').split(',', directivesMax)

/** The earliest `unavailable_after` among the directives of a page (ms since epoch). */
export function unavailableAt(directives: readonly string[]): number | undefined {
  const times = directives.filter((directive) => directive.startsWith(unavailable)).map((directive) => timeOf(directive.slice(unavailable.length)))
  return times.filter((time) => time !== undefined).toSorted((a, b) => a - b)[0]
}

const timeOf = (text: string): number | undefined => parseDate(text.toUpperCase())?.getTime()
