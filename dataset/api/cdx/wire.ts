import { z } from 'zod'
import { OrreryError } from '#schemas/errors.ts'

/** The border of the CDX server (pywb's, docs/manual/cdxserver_api.rst, which Common Crawl's index answers as well). Other parameters are passed over. */
export const cdxFields = ['urlkey', 'timestamp', 'url', 'mime', 'status', 'digest', 'length', 'offset', 'filename'] as const
export type CdxField = (typeof cdxFields)[number]

/** What other servers call them. */
const otherNames = new Map<string, CdxField>([
  ['original', 'url'],
  ['mimetype', 'mime'],
  ['statuscode', 'status'],
])

/** @returns undefined for none of ours */
export const fieldOf = (name: string): CdxField | undefined => otherNames.get(name) ?? cdxFields.find((field) => field === name)

/** What other servers have and no document of ours: it may be asked for, and is `-`. */
const absentFields = new Set(['redirect', 'robotflags', 'languages', 'charset', 'encoding', 'truncated', 'load_url', 'source', 'source-coll', 'access'])

/** What a client wants of each line. @throws OrreryError `invalid_argument` */
export const fieldsIn = (list: string): readonly string[] =>
  list.split(',').map((spelled) => {
    const name = spelled.trim()
    const field = fieldOf(name) ?? (absentFields.has(name) ? name : undefined)
    if (field !== undefined) return field
    throw new OrreryError('invalid_argument', `fl: there is no field "${name}"; there are ${cdxFields.join(', ')}.`, { field: name })
  })

const text = z.string({
  error: ({ input }) => (input === undefined ? 'it is needed' : typeof input === 'string' ? undefined : 'it is given more than once'),
})
const count = text.regex(/^\d{1,9}$/, 'a whole number').transform(Number)
const several = <Item extends z.ZodType>(item: Item, most: number) =>
  z.preprocess((given) => (typeof given === 'string' ? [given] : given), z.array(item).max(most, `at most ${most}`).default([]))
const timestamp = text.regex(/^\d{1,14}$/, 'up to 14 digits: YYYYMMDDhhmmss')
const filter = z.string().max(500, 'at most 500 characters')
export const pageSizeMax = 5

export const CdxQueryString = z.object({
  url: text.min(1).max(4096).describe('A page, or with * several: example.com/path/*, *.example.com'),
  dataset: text.min(1).max(128).optional().describe('May be left out where there is only one.'),
  matchType: z.enum(['exact', 'prefix', 'host', 'domain']).optional(),
  from: timestamp.optional().describe('First time of fetch, inclusive.'),
  to: timestamp.optional().describe('Last time of fetch, inclusive; what is left of it counts as its end.'),
  filter: several(filter, 10).describe(
    '[!][=|~]field:expression. Without = or ~ the field contains it; ~ is a regular expression (RE2) from the beginning on.',
  ),
  fl: text.max(200).optional().describe('Fields, with commas between.'),
  fields: text.max(200).optional().describe('The same; it goes before `fl`.'),
  limit: text
    .regex(/^-?[1-9]\d{0,8}$/, 'a whole number, and not 0')
    .transform(Number)
    .optional()
    .describe('Lines, at most; -5: the last five.'),
  page: count.default(0).describe('0-based.'),
  pageSize: count.pipe(z.number().min(1).max(pageSizeMax)).default(1).describe('Blocks of 3000 lines.'),
  showNumPages: text.optional().describe('true: say how many pages there are.'),
  output: z.enum(['cdxj', 'json', 'text']).default('cdxj'),
  sort: z.enum(['reverse', 'closest']).optional(),
  closest: timestamp.optional().describe('A time: what was fetched next to it comes first.'),
  collapse: several(text.regex(/^\w{1,20}(?::\d{1,4})?$/, 'a field, or the start of one: timestamp:8'), 3).describe(
    'Of lines that follow each other with the same field only the first.',
  ),
})
export type CdxQueryString = z.infer<typeof CdxQueryString>

export const waybackFields = ['urlkey', 'timestamp', 'url', 'mime', 'status', 'digest', 'length'] as const

/** The border of the same as the Wayback Machine has it (internetarchive/wayback, wayback-cdx-server/README.md). */
export const WaybackQueryString = CdxQueryString.extend({
  filter: several(filter, 10).describe('[!]field:expression, a regular expression (RE2) of the whole field.'),
  output: z.enum(['text', 'json']).default('text').describe('json: a list of lists, the first of them the names of the fields.'),
  page: count.optional().describe('0-based. Left out: all lines, up to 15,000.'),
  showResumeKey: text.optional().describe('true: where there is more, the key to go on by comes behind an empty line.'),
  resumeKey: text.min(1).max(8000).optional().describe('Goes on where that answer ended.'),
})
export type WaybackQueryString = z.infer<typeof WaybackQueryString>

export const isYes = (given: string | undefined): boolean => given === 'true' || given === '1'
