import { deletedUser, labelOf, toMinute, type Post } from './post.ts'
import type { ClaimedPost } from './claimed-post.ts'
import type { PostThere } from './source.ts'

/**
 * How a claim stands beside what its platform shows. `same`; `wrong`: it was never so, by the column that says it; `unknown`: it may have been so, as its author or
 * who keeps order there changed it since, or nobody could find out.
 */
export type PostVerdict = { verdict: 'same' } | { verdict: 'wrong' | 'unknown'; reason: string }

/** `one`: equal. `known`: equal where both say something. `count`: moves while people look at it. `tags`: those of the post, no others. */
type Comparison = 'one' | 'known' | 'name' | 'text' | 'minute' | 'count' | 'score' | 'tags' | 'address'

/** What validators of Data Universe compare; what moves without a word of the author (pictures, profiles, followers) nobody is held to. */
const comparisons: { readonly [Platform in ClaimedPost['platform']]: readonly (readonly [string, Comparison])[] } = {
  reddit: [
    ['id', 'one'],
    ['url', 'address'],
    ['username', 'one'],
    ['communityName', 'one'],
    ['dataType', 'one'],
    ['createdAt', 'minute'],
    ['parentId', 'one'],
    ['title', 'text'],
    ['body', 'text'],
    ['is_nsfw', 'known'],
    ['score', 'score'],
    ['num_comments', 'count'],
  ],
  x: [
    ['url', 'address'],
    ['username', 'name'],
    ['timestamp', 'minute'],
    ['text', 'text'],
    ['tweet_hashtags', 'tags'],
    ['tweet_id', 'known'],
    ['user_id', 'known'],
    ['is_reply', 'known'],
    ['is_quote', 'known'],
    ['conversation_id', 'known'],
    ['in_reply_to_user_id', 'known'],
    ['language', 'known'],
    ['in_reply_to_username', 'known'],
    ['quoted_tweet_id', 'known'],
    ['like_count', 'count'],
    ['retweet_count', 'count'],
    ['reply_count', 'count'],
    ['quote_count', 'count'],
    ['view_count', 'count'],
    ['bookmark_count', 'count'],
  ],
}

/** Its text may be another by now, or gone: whose it was, where and when, nobody changes. */
const lasting: ReadonlySet<string> = new Set(['id', 'url', 'communityName', 'dataType', 'createdAt', 'parentId'])
/** A snowflake and the time that is said of it differ by no more. */
const agreeMs = 60_000
/** So many bytes of a text may be others: spaces, spellings of a character. */
const textBytesSame = 10
/** Of hashtags, which a text may repeat. */
const tagsTimesMax = 2.5

/** Compares what somebody says of a post with what is there. @param there undefined: nobody could find out */
export function comparePost(claimed: ClaimedPost, there: PostThere | undefined): PostVerdict {
  if (there === undefined) return { verdict: 'unknown', reason: 'not_found_out' }
  if (there === 'absent') return { verdict: 'wrong', reason: 'absent' }
  if (claimed.uri !== claimed.cells.get('url')) return { verdict: 'wrong', reason: 'uri' }
  const { row } = there
  if (there.platform !== claimed.platform) return { verdict: 'wrong', reason: 'platform' }
  const isGone = there.platform === 'reddit' && there.isRemoved === true
  const found = new Map<string, unknown>(Object.entries(row))
  for (const [name, how] of comparisons[claimed.platform]) {
    if ((isGone && !lasting.has(name)) || (name === 'username' && row.username === deletedUser)) continue
    if (isSame(how, claimed.cells.get(name), found.get(name) ?? undefined, row.datetime ?? 0)) continue
    return isEdited(there, claimed) && how === 'text' ? { verdict: 'unknown', reason: 'edited' } : { verdict: 'wrong', reason: name }
  }
  if (Math.abs(claimed.datetimeMs - (row.datetime ?? 0)) > agreeMs) return { verdict: 'wrong', reason: 'datetime' }
  if (isGone) return { verdict: 'unknown', reason: 'removed' }
  if (there.platform === 'reddit' && there.row.is_nsfw === true && claimed.cells.has('media')) return { verdict: 'wrong', reason: 'media' }
  return isOwnLabel(claimed.label, there) ? { verdict: 'same' } : { verdict: 'wrong', reason: 'label' }
}

/** Since it was scraped, as far as that is said. */
function isEdited(there: Post, { cells, datetimeMs }: ClaimedPost): boolean {
  const scrapedAt = cells.get('scrapedAt')
  return there.platform === 'reddit' && (there.editedAtMs ?? 0) > (typeof scrapedAt === 'number' ? scrapedAt : datetimeMs)
}

/** One of its hashtags, or its community; whoever names none says nothing wrong. */
function isOwnLabel(label: string | null, { platform, row }: Post): boolean {
  if (label === null) return true
  return platform === 'x' ? (row.tweet_hashtags ?? []).some((tag) => labelOf(tag) === label.toLowerCase()) : row.label === label.toLowerCase()
}

function isSame(how: Comparison, claimed: unknown, found: unknown, foundAtMs: number): boolean {
  switch (how) {
    case 'one':
      return claimed === found
    case 'known':
      return claimed === undefined || found === undefined || claimed === found
    case 'name':
      return bareName(claimed) !== '' && bareName(claimed) === bareName(found)
    case 'address':
      return typeof claimed === 'string' && typeof found === 'string' && address(claimed) === address(found)
    case 'text':
      return isSameText(plain(claimed), plain(found))
    case 'minute':
      return claimed === toMinute(foundAtMs)
    case 'tags':
      return isSubset(claimed, found)
    case 'score':
      return claimed === undefined || found === undefined || isWithin(claimed, found)
    case 'count':
      return claimed === undefined || found === undefined || (Number(claimed) >= 0 && isWithin(claimed, found))
  }
}

const bareName = (name: unknown): string => (typeof name === 'string' ? name.replace(/^@/, '').toLowerCase() : '')

/** Not those that only lead to the same: each spelling would be a row. But for the old name of X, and a slash at the end. */
const address = (url: string): string =>
  url
    .replace(/^https:\/\/twitter\.com\//, 'https://x.com/')
    .replace(/\/$/, '')
    .replace(xName, (place) => place.toLowerCase())
/** Names of X are the same in any case. */
const xName = /^https:\/\/x\.com\/\w+/

const entities: Readonly<Record<string, string>> = { '&amp;': '&', '&lt;': '<', '&gt;': '>', '&quot;': '"', '&#39;': "'", '&#x27;': "'" }
/** Some give characters as HTML spells them, and other spaces. */
const plain = (text: unknown): string =>
  typeof text === 'string'
    ? text
        .replace(/&(?:amp|lt|gt|quot|#39|#x27);/g, (entity) => entities[entity] ?? entity)
        .normalize('NFC')
        .replace(/\s+/g, ' ')
        .trim()
    : ''

/** But for some bytes in one place, and no more than a quarter of what is said. */
function isSameText(a: string, b: string): boolean {
  if (a === b) return true
  const most = Math.min(a.length, b.length)
  let [head, tail] = [0, 0]
  while (head < most && a[head] === b[head]) head++
  while (tail < most - head && a.at(-1 - tail) === b.at(-1 - tail)) tail++
  const [ours, theirs] = [a.slice(head, a.length - tail), b.slice(head, b.length - tail)]
  const bytes = Math.max(Buffer.byteLength(ours), Buffer.byteLength(theirs))
  return bytes <= Math.min(textBytesSame, Buffer.byteLength(b) / 4)
}

function isSubset(claimed: unknown, found: unknown): boolean {
  const [said, there] = [lower(claimed), lower(found)]
  const known = new Set(there)
  return said.every((tag) => known.has(tag)) && said.length <= tagsTimesMax * there.length
}
const lower = (tags: unknown): string[] => (Array.isArray(tags) ? tags.map((tag) => String(tag).toLowerCase()) : [])

/** Votes and views grow, and fall a little: what is much more than they came to was made up. */
const countSlack = 50
const isWithin = (claimed: unknown, found: unknown): boolean => Number(claimed) <= 2 * Math.abs(Number(found)) + countSlack
