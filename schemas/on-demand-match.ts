import { pageUrl } from './identity/canonical-url.ts'
import { hostnameOf, hostOf } from './identity/url-parts.ts'
import type { OnDemandJob } from './on-demand.ts'
import { platformSource, type OnDemandRow } from './on-demand-rows.ts'

/**
 * Why a row is not what an on-demand job asks for; undefined: it is. A keyword is had by a page whose text has it, whatever the case, or that stands on that host
 * or below it; by a post as Data Universe says (vali_utils/on_demand there): in its text, on Reddit also as its community. What the row says of itself alone, its
 * label, counts nothing.
 */
export function rowFault(
  { job, start_date: from, end_date: to, keyword_mode: mode }: OnDemandJob,
  row: Omit<OnDemandRow, 'content_size_bytes'>,
): string | undefined {
  if (row.source !== platformSource[job.platform]) return 'source'
  const at = row.datetime.toISOString()
  if ((from !== null && at < from) || (to !== null && at > to)) return 'date'
  const seen = job.platform === 'web' ? pageSeen(row) : postSeen(row)
  if (!seen) return 'content'
  if (job.url !== null && sameAddress(job.url) !== sameAddress(seen.url)) return 'url'
  if (job.platform !== 'web' && job.usernames.length > 0 && !job.usernames.some((name) => name.toLowerCase() === seen.username)) return 'username'
  if (job.platform === 'reddit' && job.subreddit !== null && seen.place !== bareCommunity(job.subreddit)) return 'subreddit'
  const has = (keyword: string): boolean => seen.text.includes(keyword.toLowerCase()) || isPlace(job.platform, keyword.toLowerCase(), seen.place)
  const hasThem = mode === 'all' ? job.keywords.every(has) : job.keywords.length === 0 || job.keywords.some(has)
  return hasThem ? undefined : 'keyword'
}

/** What a job is held against, in lower case. `place`: the host of a page, the community of a post. */
interface Seen {
  url: string
  text: string
  username: string
  place: string
}

function pageSeen({ uri, content }: Pick<OnDemandRow, 'uri' | 'content'>): Seen | undefined {
  const url = pageUrl(uri)
  return url === undefined ? undefined : { url, text: content.toLowerCase(), username: '', place: hostnameOf(hostOf(url)) }
}

/** The content of a post is JSON (XContent, RedditContent there). */
function postSeen({ uri, content }: Pick<OnDemandRow, 'uri' | 'content'>): Seen | undefined {
  const post = parsed(content)
  if (!post) return undefined
  const user = typeof post['user'] === 'object' && post['user'] !== null ? (post['user'] as Record<string, unknown>) : {}
  return {
    url: word(post['url']) || uri,
    text: [post['text'], post['body'], post['title']].map(word).join(' '),
    username: (word(post['username']) || word(user['username'])).replace(/^@/, ''),
    place: bareCommunity(word(post['communityName'])),
  }
}

const word = (value: unknown): string => (typeof value === 'string' ? value.toLowerCase() : '')

function parsed(content: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(content)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}

const bareCommunity = (name: string): string => name.toLowerCase().replace(/^r\//, '')

function isPlace(platform: OnDemandJob['job']['platform'], keyword: string, place: string): boolean {
  if (platform === 'web') return keyword.includes('.') && (place === keyword || place.endsWith(`.${keyword}`))
  return platform === 'reddit' && place !== '' && bareCommunity(keyword) === place
}

/** The one spelling by which two addresses of a page, or a post, are compared. */
export const sameAddress = (url: string): string =>
  (pageUrl(url) ?? url)
    .toLowerCase()
    .replace(/^https?:\/\/(?:www\.)?/, '')
    .replace(/\/$/, '')
