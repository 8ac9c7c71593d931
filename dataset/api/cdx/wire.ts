import { z } from 'zod'

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

const text = z.string('it is given more than once')
const count = text.regex(/^\d{1,9}$/, 'a whole number').transform(Number)
const timestamp = text.regex(/^\d{1,14}$/, 'up to 14 digits: YYYYMMDDhhmmss')
const filter = z.string().max(500, 'at most 500 characters')
export const pageSizeMax = 5

export const CdxQueryString = z.object({
  url: text.min(1).max(4096).describe('A page, or with * several: example.com/path/*, *.example.com'),
  dataset: text.min(1).max(128).optional().describe('May be left out where there is only one.'),
  matchType: z.enum(['exact', 'prefix', 'host', 'domain']).optional(),
  from: timestamp.optional().describe('First time of fetch, inclusive.'),
  to: timestamp.optional().describe('Last time of fetch, inclusive; what is left of it counts as its end.'),
  filter: z
    .preprocess((given) => (typeof given === 'string' ? [given] : given), z.array(filter).max(10, 'at most 10').default([]))
    .describe('[!][=|~]field:expression. Without = or ~ the field contains it; ~ is a regular expression (RE2) from the beginning on.'),
  fl: text.max(200).optional().describe('Fields, with commas between.'),
  limit: count.pipe(z.number().min(1)).optional().describe('Lines, at most.'),
  page: count.default(0).describe('0-based.'),
  pageSize: count.pipe(z.number().min(1).max(pageSizeMax)).default(1).describe('Blocks of 3000 lines.'),
  showNumPages: text.optional().describe('true: say how many pages there are.'),
  output: z.enum(['cdxj', 'json', 'text']).default('cdxj'),
  sort: z.enum(['reverse', 'closest']).optional(),
  closest: timestamp.optional(),
  collapse: text
    .regex(/^\w{1,20}(?::\d{1,4})?$/, 'a field, or the start of one: timestamp:8')
    .optional()
    .describe('Of lines that follow each other with the same field only the first.'),
})
export type CdxQueryString = z.infer<typeof CdxQueryString>
