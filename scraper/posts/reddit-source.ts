import { z } from 'zod'
import { OrreryError } from '#schemas/errors.ts'
import type { RedditRow } from '#schemas/post-columns.ts'
import { askJson, type AskServices } from './ask-json.ts'
import { isKept, readListing } from './reddit.ts'
import type { PostSource, PostThere, PostWish, Scraped } from './source.ts'

/** An application of yours at Reddit (of the kind `script` or `web app`), and where its API is. */
export const RedditCredentials = z.strictObject({
  client_id: z.string().min(1),
  client_secret: z.string().min(1),
  /** Reddit's rule: platform:application:version (by /u/name). */
  user_agent: z.string().min(8).max(200),
  auth_url: z.url({ protocol: /^https?$/ }).default('https://www.reddit.com'),
  api_url: z.url({ protocol: /^https?$/ }).default('https://oauth.reddit.com'),
})
export type RedditCredentials = z.infer<typeof RedditCredentials>

const Token = z.object({ access_token: z.string().min(1), expires_in: z.coerce.number().positive().max(31_536_000) })
const name = "Reddit's API"
const [pageMax, listingBytesMax, tokenBytesMax, timeoutMs] = [100, 16 * 2 ** 20, 2 ** 16, 30_000]
/** The API shows the newest thousand of a listing. */
const pagesMax = 10
const renewBeforeMs = 60_000

/** Posts and comments by Reddit's JSON API, as an application of yours. */
export function redditSource(
  { client_id, client_secret, user_agent, auth_url, api_url }: RedditCredentials,
  services: AskServices & { now(): number },
): PostSource {
  const agent = { 'user-agent': user_agent }
  let token: { text: string; untilMs: number } | undefined

  async function authorization(signal: AbortSignal): Promise<string> {
    if (token && services.pace.now() < token.untilMs - renewBeforeMs) return token.text
    const basic = Buffer.from(`${client_id}:${client_secret}`).toString('base64')
    const init = { method: 'POST', body: new URLSearchParams({ grant_type: 'client_credentials' }), headers: { ...agent, authorization: `Basic ${basic}` } }
    const answer = await askJson(services, { name, url: `${auth_url}/api/v1/access_token`, init, bytesMax: tokenBytesMax, timeoutMs }, signal)
    const parsed = Token.safeParse(answer).data
    if (!parsed) throw new OrreryError('unauthorized', `${name} gives no token for these credentials; look at client_id and client_secret.`)
    token = { text: `Bearer ${parsed.access_token}`, untilMs: services.pace.now() + parsed.expires_in * 1000 }
    return token.text
  }

  async function page(path: string, query: Record<string, string>, signal: AbortSignal) {
    // raw_json: characters as they are, not as HTML spells them, which is what validators compare.
    const url = `${api_url}${path}?${new URLSearchParams({ ...query, limit: String(pageMax), raw_json: '1' })}`
    const ask = async () =>
      askJson(
        services,
        { name, url, init: { headers: { ...agent, authorization: await authorization(signal) } }, bytesMax: listingBytesMax, timeoutMs },
        signal,
      )
    const answer = await ask().catch((error: unknown) => {
      // A token may be taken back before its time.
      if (!(error instanceof OrreryError && error.code === 'unauthorized' && token)) throw error
      token = undefined
      return ask()
    })
    const listing = readListing(answer, services.now())
    if (!listing) throw new OrreryError('upstream_failed', `${name} answered ${path} with what is no listing; try again later.`)
    return listing
  }

  return {
    platform: 'reddit',
    async *scrape(wish, limit, signal) {
      const listings = listingsOf(wish)
      const shut: unknown[] = []
      for (const listing of listings) {
        try {
          yield* pagesOf(listing, wish.startMs, limit, signal)
        } catch (error) {
          if (!isShut(error)) throw error
          shut.push(error)
        }
      }
      if (shut.length > 0 && shut.length === listings.length) throw shut[0]
    },
    async find(urls, signal) {
      const ids = new Map(urls.map((url) => [url, thingsAt(url)[0]]))
      const asked = [...new Set([...ids.values()].filter((id) => id !== undefined))]
      const listing = asked.length === 0 ? { posts: [], refused: 0 } : await page('/api/info', { id: asked.join(',') }, signal)
      const byId = new Map(listing.posts.map((post) => [(post.row as RedditRow).id, post]))
      const there = new Map<string, PostThere>()
      for (const [url, id] of ids) {
        const post = id === undefined ? undefined : byId.get(id)
        if (post) there.set(url, post)
        // One that could not be read may be this one.
        else if (listing.refused === 0 || id === undefined) there.set(url, 'absent')
      }
      return there
    },
  }

  async function* pagesOf({ path, query }: Listed, startMs: number | null, limit: number, signal: AbortSignal): AsyncGenerator<Scraped> {
    let after: string | undefined
    const seen = new Set<string | undefined>()
    for (let pages = 0, found = 0; pages < pagesMax && found < limit; pages++) {
      const listing = await page(path, { ...query, ...(after !== undefined && { after }) }, signal)
      const posts = listing.posts.filter((post) => post.platform === 'reddit' && isKept(post))
      found += listing.posts.length
      yield { posts, refused: listing.refused + listing.posts.length - posts.length }
      const isPast = startMs !== null && (listing.posts.at(-1)?.row.datetime ?? 0) < startMs
      seen.add(after)
      if (listing.after === undefined || seen.has(listing.after) || isPast) break
      after = listing.after
    }
  }
}

/** A community that is private or banned, a user that is gone: they cost themselves. */
const isShut = (error: unknown): boolean => error instanceof OrreryError && (error.code === 'forbidden' || error.code === 'not_found')

interface Listed {
  path: string
  query: Record<string, string>
}

/** New posts and new comments of a community, all that users said; what has keywords is searched for, which finds posts alone. */
function listingsOf({ label, usernames, keywords, mode, url }: PostWish): Listed[] {
  if (url !== null) return thingsAt(url).map((id) => ({ path: '/api/info', query: { id } }))
  if (usernames.length > 0) return usernames.map((name) => ({ path: `/user/${encodeURIComponent(name)}/overview`, query: { sort: 'new' } }))
  const [named, sought] = [keywords.filter(isCommunity), keywords.filter((keyword) => !isCommunity(keyword))]
  // A post is of one community: with all of the keywords it is of the one that is named.
  const within = label ?? (mode === 'all' ? (named[0] ?? null) : null)
  const listings = (within === null ? named : sought.length === 0 ? [within] : []).flatMap(newOf)
  if (sought.length > 0) listings.push(searchOf(within, sought, mode))
  return listings.length > 0 ? listings : newOf('r/all')
}

const isCommunity = (keyword: string): boolean => /^r\//i.test(keyword)
const pathOf = (community: string): string => `/r/${encodeURIComponent(community.replace(/^r\//i, ''))}`
const newOf = (community: string): Listed[] => ['new', 'comments'].map((kind) => ({ path: `${pathOf(community)}/${kind}`, query: {} }))

function searchOf(within: string | null, keywords: readonly string[], mode: PostWish['mode']): Listed {
  const q = keywords.map((keyword) => `"${keyword.replaceAll('"', '')}"`).join(mode === 'all' ? ' AND ' : ' OR ')
  const query = { q, sort: 'new', ...(within !== null && { restrict_sr: '1' }) }
  return { path: `${within === null ? '' : pathOf(within)}/search`, query }
}

/** Full name of the post or the comment that has the address. */
function thingsAt(url: string): string[] {
  if (!/(?:^|\.)reddit\.com$/.test(URL.parse(url)?.hostname ?? '')) return []
  const [, post, comment] = /\/comments\/([a-z0-9]{1,20})(?:\/[^/?#]*(?:\/([a-z0-9]{1,20}))?)?\/?(?:[?#]|$)/i.exec(url) ?? []
  if (comment !== undefined) return [`t1_${comment.toLowerCase()}`]
  return post === undefined ? [] : [`t3_${post.toLowerCase()}`]
}
