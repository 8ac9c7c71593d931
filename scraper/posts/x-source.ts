import { z } from 'zod'
import { OrreryError } from '#schemas/errors.ts'
import type { XRow } from '#schemas/post-columns.ts'
import { askJson, type AskServices } from './ask-json.ts'
import type { PostSource, PostThere, PostWish } from './source.ts'
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
const [timeoutMs, itemBytesMax] = [330_000, 16 * 1024]
const itemsMax = 1000
/** What was said in the last day, where nothing says since when. */
const sinceMs = 86_400_000

/** Of one address: what answers it may stand before or behind it. */
const itemsOfOne = 5

/** Posts of X by a scraper's service. Nothing here logs in anywhere. */
export function xSource({ endpoint, token, input }: XCredentials, services: AskServices & { now(): number }): PostSource {
  async function run(asked: { searchTerms: string[] } | { startUrls: string[] }, items: number, signal: AbortSignal) {
    const extra = input !== null && typeof input === 'object' ? input : {}
    const body = JSON.stringify({ ...extra, ...asked, sort: 'Latest', maxItems: Math.min(items, itemsMax) })
    const init = { method: 'POST', body, headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` } }
    const answer = await askJson(services, { name, url: endpoint, init, bytesMax: 2 ** 20 + itemsMax * itemBytesMax, timeoutMs }, signal)
    const read = readItems(answer, services.now())
    if (!read) throw new OrreryError('upstream_failed', `${name} answered with what is no list of posts; look at its endpoint.`)
    return read
  }
  return {
    platform: 'x',
    async *scrape(wish, limit, signal) {
      yield await (wish.url === null
        ? run({ searchTerms: [searchOf(wish, services.now())] }, limit, signal)
        : run({ startUrls: [wish.url] }, itemsOfOne, signal))
    },
    async find(urls, signal) {
      const there = new Map<string, PostThere>()
      // By its id alone: what else somebody wrote into an address reaches nobody.
      const ids = new Map(urls.map((url) => [url, /^https:\/\/(?:x|twitter)\.com\/\w{1,15}\/status\/(\d{1,20})$/.exec(url)?.[1]]))
      for (const [url, id] of ids) if (id === undefined) there.set(url, 'absent')
      // Once for what is asked for, and once more, for more, where something came before it.
      for (const each of [1, itemsOfOne]) {
        const left = [...ids].filter(([url]) => !there.has(url))
        if (left.length === 0) break
        const startUrls = [...new Set(left.map(([, id]) => `https://x.com/i/status/${id}`))]
        const { posts, refused } = await run({ startUrls }, startUrls.length * each, signal)
        const byId = new Map(posts.map((post) => [(post.row as XRow).tweet_id, post]))
        for (const [url, id = ''] of left) {
          const post = byId.get(id)
          if (post) there.set(url, post)
          // What could not be read may be this one.
          else if (each > 1 && refused === 0) there.set(url, 'absent')
        }
      }
      return there
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
