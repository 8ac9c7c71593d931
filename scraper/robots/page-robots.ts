import { userAgentToken } from '#infra/net/user-agent.ts'

/** What a page asks of its readers, in its headers and its markup. */
export interface PageRobots {
  /** Lower-case, sorted, without repeats. */
  directives: string[]
  index: boolean
  follow: boolean
  /** `tdm-reservation` (TDM Reservation Protocol): true = text and data mining is reserved; null = not said. */
  tdmReservation: boolean | null
}

const directivesMax = 50
const known =
  /^(?:all|none|noindex|index|nofollow|follow|noarchive|nosnippet|noimageindex|notranslate|noai|noimageai|nocache|indexifembedded|(?:max-(?:snippet|image-preview|video-preview)|unavailable_after):.{1,60})$/

/**
 * @param headers lower-case names
 * @param metas contents of `<meta name="robots">` and of those under our own name
 */
export function readPageRobots(headers: Readonly<Record<string, string>>, metas: readonly string[]): PageRobots {
  const found = [...headerDirectives(headers['x-robots-tag'] ?? ''), ...metas.flatMap((content) => content.split(','))]
  const directives = [...new Set(found.map((directive) => directive.trim().toLowerCase()).filter((directive) => known.test(directive)))].sort()
  const none = directives.includes('none')
  return {
    directives: directives.slice(0, directivesMax),
    index: !none && !directives.includes('noindex'),
    follow: !none && !directives.includes('nofollow'),
    tdmReservation: reservation(headers['tdm-reservation']),
  }
}

/** `X-Robots-Tag: otherbot: noindex, nofollow` speaks to otherbot until the next name; several headers come joined by commas. */
function headerDirectives(header: string): string[] {
  let ours = true
  const kept: string[] = []
  for (const part of header.split(',').slice(0, directivesMax)) {
    const [, agent, rest] = /^\s*([A-Za-z][\w-]*)\s*:\s*(.*)$/.exec(part) ?? []
    const named = agent !== undefined && !/^(?:max-|unavailable_after)/i.test(agent)
    if (named) ours = agent.toLowerCase() === userAgentToken.toLowerCase()
    if (ours) kept.push(named ? (rest ?? '') : part)
  }
  return kept
}

const reservation = (header: string | undefined): boolean | null => (header === undefined ? null : header.trim() === '1')
