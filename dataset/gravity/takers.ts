import type { DesirabilityJob } from '#schemas/desirability.ts'
import { originPattern, pagePatternFault } from '#schemas/page-pattern.ts'

/** All pages of an origin, as `originPattern` has it. */
const wholeOrigin = /^(https?:\/\/(?:[a-z0-9._-]+|\[[0-9a-f.:\\]+\])(?::\d+)?)\/\*$/

/** Whether the pages of a seed's host are such a pattern. */
export const isPlainHost = (seed: URL): boolean => wholeOrigin.test(originPattern(seed.origin))

/**
 * Tells which job of a list seeks a page already. Most patterns are whole origins, and those that tasks bring are nothing else: they are looked up. Another costs a
 * millisecond to make, and is made once for all pages that are asked for.
 */
export function takersOf(listed: readonly DesirabilityJob[]): (url: string) => DesirabilityJob | undefined {
  const made = new Map<string, URLPattern | undefined>()
  /** undefined: it is none, and its job takes nothing. */
  const patternOf = (text: string): URLPattern | undefined => {
    if (!made.has(text)) made.set(text, pagePatternFault(text) === undefined ? new URLPattern(text) : undefined)
    return made.get(text)
  }
  const byOrigin = new Map<string, DesirabilityJob[]>()
  const others: { job: DesirabilityJob; pattern: URLPattern }[] = []
  for (const job of listed)
    for (const text of job.web.include) {
      const origin = wholeOrigin.exec(text)?.[1]?.replaceAll('\\', '')
      const key = origin === undefined ? undefined : URL.parse(origin)?.origin
      const pattern = key === undefined ? patternOf(text) : undefined
      if (pattern) others.push({ job, pattern })
      else if (key !== undefined) byOrigin.set(key, [...(byOrigin.get(key) ?? []), job])
    }
  return (url) => {
    const jobs = [...(byOrigin.get(new URL(url).origin) ?? []), ...others.filter(({ pattern }) => pattern.test(url)).map(({ job }) => job)]
    return jobs.find(({ web: { exclude = [] } }) => exclude.every((text) => patternOf(text)?.test(url) === false))
  }
}
