import type { XRow } from '#schemas/post-columns.ts'
import { labelOf, storable, toMinute, type Post } from './post.ts'
import { readItem, type XItem } from './x-item.ts'

/**
 * Items of a data set, of which what is no post of X, or repeats another's, is counted and left out. An item that says that there is none (`noResults`, `zero_result`)
 * is nothing.
 */
export function readItems(answer: unknown, scrapedAtMs: number): { posts: Post[]; refused: number } | undefined {
  if (!Array.isArray(answer)) return undefined
  const items = answer.filter((each) => !saysNone(each))
  const posts = items.flatMap((each) => {
    const item = readItem(each)
    const row = item && !item.isRetweet ? rowOf(item, scrapedAtMs) : undefined
    return row ? [{ platform: 'x' as const, row }] : []
  })
  return { posts, refused: items.length - posts.length }
}

const noneMarks = ['noResults', 'no_results', 'zero_result'] as const
const saysNone = (item: unknown): boolean =>
  typeof item === 'object' && item !== null && noneMarks.some((mark) => Object.hasOwn(item, mark) && (item as Record<string, unknown>)[mark] === true)

/** Undefined where its id and its time do not agree, or it is of the future: a validator would refuse it. */
function rowOf(item: XItem, scrapedAtMs: number): XRow | undefined {
  const { id, user, atMs, author, counts, media } = item
  if (!(Math.abs(snowflakeMs(id) - atMs) <= agreeMs) || atMs > scrapedAtMs + aheadMsMax) return undefined
  const hashtags = item.tags.map(storable)
  return {
    datetime: atMs,
    label: labelOf(hashtags[0]),
    username: `@${user}`,
    text: sanitized(storable(item.text)),
    tweet_hashtags: hashtags,
    timestamp: toMinute(atMs),
    // Validators know the site by its new name alone.
    url: `https://x.com/${user}/status/${id}`,
    media: media.length > 0 ? media : null,
    user_id: cell(author.id),
    user_display_name: cell(author.name),
    user_verified: author.isVerified === true || author.isBlueVerified === true,
    tweet_id: id,
    is_reply: item.isReply,
    is_quote: item.isQuote,
    conversation_id: cell(item.conversationId),
    in_reply_to_user_id: item.isReply ? cell(item.inReplyToId) : null,
    language: cell(item.lang),
    in_reply_to_username: item.isReply ? cell(item.inReplyToName) : null,
    quoted_tweet_id: cell(item.quotedId),
    like_count: counts.like,
    retweet_count: counts.retweet,
    reply_count: counts.reply,
    quote_count: counts.quote,
    view_count: counts.view,
    bookmark_count: counts.bookmark,
    user_blue_verified: author.isBlueVerified,
    user_description: cell(author.description),
    user_location: cell(author.location),
    profile_image_url: cell(author.picture),
    cover_picture_url: cell(author.cover),
    user_followers_count: author.followers,
    user_following_count: author.following,
    scraped_at: toMinute(scrapedAtMs),
  }
}

const cell = (value: string | null): string | null => (value === null || value === '' ? null : storable(value))

/** Twitter's first snowflake, ms since epoch; ids of before are numbers without a time. */
const [snowflakeEpochMs, firstSnowflake] = [1_288_834_974_657, 29_700_859_247n]
const agreeMs = 60_000
const aheadMsMax = 300_000

/** When the id was made. */
function snowflakeMs(id: string): number {
  const number = BigInt(id)
  return number < firstSnowflake ? NaN : Number(number >> 22n) + snowflakeEpochMs
}

/** Without the names that a reply begins with, and the short links to its pictures: validators compare it so. */
const sanitized = (said: string): string => said.replace(/^(?:@\w+\s+)+/, '').replace(/\s*https:\/\/t\.co\/\S+\s*/g, '')
