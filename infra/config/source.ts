import { z } from 'zod'
import { originPattern, pagePatternFault } from '#schemas/page-pattern.ts'
import { QualityChoice } from '#schemas/quality.ts'
import { RequestHeaders } from '#schemas/request-headers.ts'
import { linkedUrl } from '#schemas/identity/canonical-url.ts'

const Seed = z.string().refine((text) => seedOf(text) !== undefined, 'no web address; write it whole, like https://example.org/')

/** The address a crawl may begin with; undefined for what is not whole, not http(s), or carries a name and password. */
export const seedOf = (text: string): URL | undefined => (URL.canParse(text) && linkedUrl(text) !== undefined ? new URL(text) : undefined)

const Pattern = z.string().superRefine((text, context) => {
  const fault = pagePatternFault(text)
  if (fault !== undefined) context.addIssue(fault)
})

const GivenSource = z.strictObject({
  label: z
    .string()
    .min(1)
    .max(140)
    .regex(/^(?!\s)\P{Cc}*(?<!\s)$/u, 'no control characters, no space at its ends')
    .describe('Desirability label its pages count for.'),
  seeds: z.array(Seed).min(1).describe('Where the crawl begins.'),
  include: z
    .array(Pattern)
    .min(1)
    .optional()
    .describe('URLPattern strings; a page belongs to the first source with a pattern that takes it. Absent: all pages of the hosts of the seeds.'),
  exclude: z.array(Pattern).optional().describe('URLPattern strings of pages that this source does not take, whatever includes them.'),
  depth_max: z.int().min(0).max(1000).optional().describe('Links followed away from a seed, or from what a sitemap or feed lists. Absent: no limit.'),
  pages_max: z.int().min(1).optional().describe('Most visits of its pages by one miner, over all cycles; a revisit counts. Absent: no limit.'),
  headers: RequestHeaders.optional().describe('Request headers beside the own ones of the crawler, like {"accept-language" = "de"}.'),
  quality: QualityChoice.optional().describe('Quality rules of its pages, where they are not the published ones (schemas/quality.ts).'),
})

/** What a source may say, by name. */
export const sourceSettings = GivenSource.shape

/** One source of pages: a job of the desirability list is made of it. */
export const Source = GivenSource.superRefine(({ seeds, exclude = [] }, context) => {
  for (const [i, seed] of seeds.entries()) {
    const by = exclude.find((pattern) => pagePatternFault(pattern) === undefined && new URLPattern(pattern).test(seed))
    if (by !== undefined) context.addIssue({ code: 'custom', path: ['seeds', i], message: `the exclude pattern "${by}" of its own source leaves it out` })
  }
}).transform((source) => ({ ...source, include: source.include ?? includeOf(source.seeds) }))
export type Source = z.infer<typeof Source>

/** All pages of the hosts; a host that is asked without TLS may send on to itself with it. */
export const includeOf = (seeds: readonly string[]): string[] => [...new Set(seeds.flatMap((seed) => originsOf(new URL(seed)).map(originPattern)))]

const originsOf = ({ origin, protocol, port, host }: URL): string[] => (protocol === 'http:' && port === '' ? [origin, `https://${host}`] : [origin])

/** Two sources of one label would be one job, and one of them lost. */
export const Sources = z.array(Source).superRefine((sources, context) => {
  const first = new Map<string, number>()
  for (const [i, { label }] of sources.entries()) {
    const other = first.get(label.toLowerCase())
    if (other !== undefined)
      context.addIssue({
        code: 'custom',
        path: [i, 'label'],
        message: `sources[${other}] has this label; put their seeds and patterns into one, or give them two labels`,
      })
    else first.set(label.toLowerCase(), i)
  }
})
