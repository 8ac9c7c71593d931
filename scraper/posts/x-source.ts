import { z } from 'zod'
import { OrreryError } from '#schemas/errors.ts'
import { askJson, type AskServices } from './ask-json.ts'
import type { PostSource, PostWish } from './source.ts'
import { readItems } from './x.ts'

/** A service that searches X for you and is asked as an Apify actor is: POST of its input, the items of its data set as the answer. */
export const XCredentials = z.strictObject({
  /** Like `https://api.apify.com/v2/acts/{user}~{actor}/run-sync-get-dataset-items`. */
  endpoint: z.url({ protocol: /^https?$/ }),
  token: z.string().min(1),
  /** What else its input has. */
  input: z.unknown().optional(),
})
export type XCredentials = z.infer<typeof XCredentials>

const name = 'The scraper of X'
/** Such a run answers when it is done: within five minutes at Apify. */
const [timeoutMs, itemBytesMax] = [330_000, 64 * 1024]
const itemsMax = 1000
/** What was said in the last day, where nothing says since when. */
const sinceMs = 86_400_000

/** Posts of X by a scraper's service. Nothing here logs in anywhere. */
export function xSource({ endpoint, token, input }: XCredentials, services: AskServices & { now(): number }): PostSource {
  return {
    platform: 'x',
    async *scrape(wish, limit, signal) {
      const items = Math.min(limit, itemsMax)
      const extra = input !== null && typeof input === 'object' ? input : {}
      const asked = wish.url === null ? { searchTerms: [searchOf(wish, services.now())] } : { startUrls: [wish.url] }
      const body = JSON.stringify({ ...extra, ...asked, sort: 'Latest', maxItems: items })
      const init = { method: 'POST', body, headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` } }
      const answer = await askJson(services, { name, url: endpoint, init, bytesMax: 2 ** 20 + itemsMax * itemBytesMax, timeoutMs }, signal)
      const read = readItems(answer, services.now())
      if (!read) throw new OrreryError('upstream_failed', `${name} answered with what is no list of posts; look at its endpoint.`)
      yield read
    },
  }
}

const at = (ms: number): string => new Date(ms).toISOString().slice(0, 19).replace('T', '_')

/** In the words of X's own search. */
function searchOf({ label, usernames, keywords, mode, startMs, endMs }: PostWish, nowMs: number): string {
  const parts = [`since:${at(startMs ?? (endMs ?? nowMs) - sinceMs)}_UTC`, `until:${at(endMs ?? nowMs)}_UTC`]
  if (label !== null) parts.push(label.startsWith('@') ? `from:${label.slice(1)}` : label)
  const from = usernames.map((name) => `from:${name.replace(/\W/g, '')}`)
  const quoted = keywords.map((keyword) => `"${keyword.replaceAll('"', '')}"`)
  return [...parts, oneOf(from), mode === 'all' ? quoted.join(' ') : oneOf(quoted)].filter((part) => part !== '').join(' ')
}

const oneOf = (parts: readonly string[]): string => (parts.length > 1 ? `(${parts.join(' OR ')})` : parts.join(''))
