import { z } from 'zod'
import type { XRow } from '#schemas/post-columns.ts'
import { labelOf, storable, toMinute, type Post } from './post.ts'

const listMax = 100
const text = z.string().nullish().catch(null)
const flag = z.boolean().nullish().catch(null)
const count = z.coerce.number().int().nonnegative().nullish().catch(null)
const Tag = z.object({ text: z.string().min(1), indices: z.array(z.number()).min(1) })
const tags = z
  .array(Tag.nullable().catch(null))
  .catch([])
  .transform((all) => all.filter((tag) => tag !== null).slice(0, listMax))

const Author = z.object({
  userName: z.string().min(1),
  id: text,
  name: text,
  isVerified: flag,
  isBlueVerified: flag,
  description: text,
  location: text,
  profilePicture: text,
  coverPicture: text,
  followers: count,
  following: count,
})

/** What is read of an item of a scraper's data set; names as the widely used actors have them. */
const Item = z.object({
  id: z.union([z.string(), z.number()]).transform(String),
  url: z.string(),
  text: z.string(),
  createdAt: z.string(),
  author: Author,
  entities: z.object({ hashtags: tags.default([]), symbols: tags.default([]) }).catch({ hashtags: [], symbols: [] }),
  media: z.array(z.union([z.string(), z.object({ media_url_https: z.string() }).transform((each) => each.media_url_https)]).catch('')).catch([]),
  isRetweet: flag,
  isReply: flag,
  isQuote: flag,
  conversationId: text,
  inReplyToId: text,
  inReplyToUserId: text,
  inReplyToUsername: text,
  inReplyToUser: z.object({ userName: text }).nullish().catch(null),
  lang: text,
  quoteId: text,
  quotedStatusId: text,
  likeCount: count,
  retweetCount: count,
  replyCount: count,
  quoteCount: count,
  viewCount: count,
  bookmarkCount: count,
})
type Item = z.infer<typeof Item>

/** Items of a data set, of which what is no post of X, or repeats another's, is counted and left out. */
export function readItems(answer: unknown, scrapedAtMs: number): { posts: Post[]; refused: number } | undefined {
  if (!Array.isArray(answer)) return undefined
  const posts = answer.flatMap((each) => {
    const item = Item.safeParse(each).data
    const row = item && item.isRetweet !== true ? rowOf(item, scrapedAtMs) : undefined
    return row ? [{ platform: 'x' as const, row }] : []
  })
  return { posts, refused: answer.length - posts.length }
}

/** Undefined where the address, the id and the time do not agree: a validator would refuse it. */
function rowOf(item: Item, scrapedAtMs: number): XRow | undefined {
  const [, user, id] = /^https:\/\/(?:x|twitter)\.com\/(\w{1,15})\/status\/(\d{1,20})$/.exec(item.url) ?? []
  const atMs = Date.parse(item.createdAt)
  if (user === undefined || id !== item.id || Number.isNaN(atMs) || Math.abs(snowflakeMs(item.id) - atMs) > agreeMs) return undefined
  const { author, entities } = item
  const hashtags = [...entities.hashtags, ...entities.symbols]
    .toSorted((a, b) => (a.indices[0] ?? 0) - (b.indices[0] ?? 0))
    .map((tag) => `#${storable(tag.text)}`)
  const media = item.media.filter((url) => /^https?:\/\//.test(url)).slice(0, listMax)
  return {
    datetime: atMs,
    label: labelOf(hashtags[0]),
    username: `@${author.userName}`,
    text: sanitized(storable(item.text)),
    tweet_hashtags: hashtags,
    timestamp: toMinute(atMs),
    url: item.url,
    media: media.length > 0 ? media : null,
    user_id: cell(author.id),
    user_display_name: cell(author.name),
    user_verified: author.isVerified === true || author.isBlueVerified === true,
    tweet_id: item.id,
    is_reply: item.isReply ?? null,
    is_quote: item.isQuote ?? null,
    conversation_id: cell(item.conversationId),
    in_reply_to_user_id: item.isReply ? cell(item.inReplyToUserId) : null,
    language: cell(item.lang),
    in_reply_to_username: item.isReply ? cell(item.inReplyToUser?.userName ?? item.inReplyToUsername) : null,
    quoted_tweet_id: cell(item.quotedStatusId ?? item.quoteId),
    like_count: item.likeCount ?? null,
    retweet_count: item.retweetCount ?? null,
    reply_count: item.replyCount ?? null,
    quote_count: item.quoteCount ?? null,
    view_count: item.viewCount ?? null,
    bookmark_count: item.bookmarkCount ?? null,
    user_blue_verified: author.isBlueVerified ?? null,
    user_description: cell(author.description),
    user_location: cell(author.location),
    profile_image_url: cell(author.profilePicture),
    cover_picture_url: cell(author.coverPicture),
    user_followers_count: author.followers ?? null,
    user_following_count: author.following ?? null,
    scraped_at: toMinute(scrapedAtMs),
  }
}

const cell = (value: string | null | undefined): string | null => (value === null || value === undefined || value === '' ? null : storable(value))

/** Twitter's first snowflake, ms since epoch; ids of before are numbers without a time. */
const [snowflakeEpochMs, firstSnowflake] = [1_288_834_974_657, 29_700_859_247n]
const agreeMs = 60_000

/** When the id was made. */
function snowflakeMs(id: string): number {
  const number = BigInt(id)
  return number < firstSnowflake ? NaN : Number(number >> 22n) + snowflakeEpochMs
}

/** Without the names that a reply begins with, and the short links to its pictures: validators compare it so. */
const sanitized = (said: string): string => said.replace(/^(?:@\w+\s+)+/, '').replace(/\s*https:\/\/t\.co\/\S+\s*/g, '')
