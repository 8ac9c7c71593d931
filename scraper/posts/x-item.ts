import { z } from 'zod'

/** Of lists in an item. */
const listMax = 100
const timeSecondsMax = 1e11

/** A post of X as a scraper tells of it; what it does not say is null. */
export interface XItem {
  id: string
  /** As in its address, or as its author is named. */
  user: string
  text: string
  atMs: number
  isRetweet: boolean
  author: Record<'id' | 'name' | 'description' | 'location' | 'picture' | 'cover', string | null> &
    Record<'isVerified' | 'isBlueVerified', boolean | null> &
    Record<'followers' | 'following', number | null>
  /** Hashtags, and symbols as such, in their order, with `#`. */
  tags: string[]
  media: string[]
  isReply: boolean | null
  isQuote: boolean | null
  conversationId: string | null
  inReplyToId: string | null
  inReplyToName: string | null
  lang: string | null
  quotedId: string | null
  counts: Record<'like' | 'retweet' | 'reply' | 'quote' | 'view' | 'bookmark', number | null>
}

/**
 * Reads an item of a scraper's data set. Names are those of actors in wide use: apidojo's (which validators of Data Universe ask), those that hand on what X's first
 * API said (`full_text`, `favorite_count`, `user.screen_name`), and flat ones (`likes`, `tweet_url`). undefined: no post, or one without what makes it one.
 */
export function readItem(given: unknown): XItem | undefined {
  const item = Members.safeParse(given).data
  if (!item) return undefined
  const author = Members.safeParse(first(item, ['author', 'user'])).data ?? nobody
  const place = placeOf(textOf(item, ['url', 'twitterUrl', 'tweetUrl', 'tweet_url', 'permanentUrl', 'postUrl', 'link']))
  const said = idOf(item, ['id_str', 'id', 'tweetId', 'tweet_id', 'rest_id'])
  const name = textOf(author, ['userName', 'username', 'screen_name', 'screenName', 'handle']) ?? textOf(item, ['author', 'username'])
  const [id, user] = [said ?? place?.id, place?.user ?? name?.replace(/^@/, '')]
  const [text, atMs] = [textOf(item, ['text', 'fullText', 'full_text', 'tweetText', 'content']), timeOf(item)]
  if (id === undefined || user === undefined || text === undefined || atMs === undefined) return undefined
  // What its address says, its id must say.
  if (!/^\d{1,20}$/.test(id) || !/^\w{1,15}$/.test(user) || (place && place.id !== id)) return undefined
  return { id, user: name !== undefined && sameName(name, user) ? name.replace(/^@/, '') : user, text, atMs, author: authorOf(author), ...restOf(item, text) }
}

// oxlint-disable-next-line orrery/no-open-record -- members of somebody's JSON; known names alone are read, own ones
const Members = z.record(z.string(), z.unknown())
type Members = z.infer<typeof Members>
const nobody: Members = {}

const sameName = (a: string, b: string): boolean => a.replace(/^@/, '').toLowerCase() === b.toLowerCase()

/** The first of the members that says something. */
function first(from: Members, names: readonly string[]): unknown {
  for (const name of names) {
    const value = Object.hasOwn(from, name) ? from[name] : undefined
    if (value !== undefined && value !== null && value !== '') return value
  }
  return undefined
}

function textOf(from: Members, names: readonly string[]): string | undefined {
  for (const name of names) {
    const value = first(from, [name])
    if (typeof value === 'string') return value
  }
  return undefined
}

/** A number that JSON cannot hold exactly is no id. */
function idOf(from: Members, names: readonly string[]): string | undefined {
  for (const name of names) {
    const value = first(from, [name])
    if (typeof value === 'string') return value
    if (Number.isSafeInteger(value)) return String(value)
  }
  return undefined
}

function placeOf(url: string | undefined): { user: string; id: string } | undefined {
  const [, user, id] = /^https?:\/\/(?:www\.|mobile\.)?(?:x|twitter)\.com\/(\w{1,15})\/status\/(\d{1,20})(?:[/?#]|$)/i.exec(url ?? '') ?? []
  return user === undefined || id === undefined ? undefined : { user, id }
}

function timeOf(item: Members): number | undefined {
  const said = first(item, ['createdAt', 'created_at', 'timestamp', 'publishedAt', 'postedAt', 'date'])
  const number = typeof said === 'number' ? said : typeof said === 'string' && /^\d{9,16}(?:\.\d+)?$/.test(said) ? Number(said) : undefined
  const ms = number === undefined ? (typeof said === 'string' ? Date.parse(said) : NaN) : number < timeSecondsMax ? number * 1000 : number
  return Number.isFinite(ms) ? Math.round(ms) : undefined
}

const orNull = <T>(value: T | undefined): T | null => value ?? null
const flagOf = (from: Members, names: readonly string[]): boolean | null => {
  const value = first(from, names)
  return typeof value === 'boolean' ? value : null
}

/** Also as text, with commas; "1.2K" is no count. */
function countOf(from: Members, names: readonly string[]): number | null {
  const value = first(from, names)
  const number = typeof value === 'string' && /^\d{1,3}(?:,?\d{3})*$|^\d{1,15}$/.test(value) ? Number(value.replaceAll(',', '')) : value
  return typeof number === 'number' && Number.isSafeInteger(number) && number >= 0 ? number : null
}

const authorOf = (author: Members): XItem['author'] => ({
  id: orNull(idOf(author, ['id_str', 'id', 'rest_id', 'userId'])),
  name: orNull(textOf(author, ['name', 'displayName'])),
  description: orNull(textOf(author, ['description', 'bio'])),
  location: orNull(textOf(author, ['location'])),
  picture: orNull(textOf(author, ['profilePicture', 'profile_image_url_https', 'profileImageUrl', 'avatar'])),
  cover: orNull(textOf(author, ['coverPicture', 'profile_banner_url'])),
  isVerified: flagOf(author, ['isVerified', 'verified']),
  isBlueVerified: flagOf(author, ['isBlueVerified', 'is_blue_verified']),
  followers: countOf(author, ['followers', 'followers_count', 'followersCount']),
  following: countOf(author, ['following', 'friends_count', 'followingCount']),
})

function restOf(item: Members, text: string): Omit<XItem, 'id' | 'user' | 'text' | 'atMs' | 'author'> {
  const inReplyTo = Members.safeParse(item['inReplyToUser']).data ?? nobody
  const inReplyToName = textOf(inReplyTo, ['userName', 'username']) ?? textOf(item, ['inReplyToUsername', 'in_reply_to_screen_name'])
  return {
    isRetweet: flagOf(item, ['isRetweet', 'is_retweet', 'retweeted']) === true || item['retweeted_status'] !== undefined || /^RT @\w+: /.test(text),
    tags: tagsOf(item, text),
    media: mediaOf(item),
    isReply: flagOf(item, ['isReply', 'is_reply']) ?? (inReplyToName === undefined ? null : true),
    isQuote: flagOf(item, ['isQuote', 'is_quote_status', 'is_quote']),
    conversationId: orNull(idOf(item, ['conversationId', 'conversation_id_str', 'conversation_id'])),
    inReplyToId: orNull(idOf(item, ['inReplyToUserId', 'in_reply_to_user_id_str', 'in_reply_to_user_id'])),
    inReplyToName: orNull(inReplyToName),
    lang: orNull(textOf(item, ['lang', 'language'])),
    quotedId: orNull(idOf(item, ['quotedStatusId', 'quoteId', 'quoted_status_id_str'])),
    counts: {
      like: countOf(item, ['likeCount', 'favorite_count', 'like_count', 'favoriteCount', 'likes']),
      retweet: countOf(item, ['retweetCount', 'retweet_count', 'retweets']),
      reply: countOf(item, ['replyCount', 'reply_count', 'replies']),
      quote: countOf(item, ['quoteCount', 'quote_count', 'quotes']),
      view: countOf(item, ['viewCount', 'view_count', 'views']),
      bookmark: countOf(item, ['bookmarkCount', 'bookmark_count', 'bookmarks']),
    },
  }
}

const list = (value: unknown): unknown[] => (Array.isArray(value) ? value.slice(0, listMax) : [])

/** As its entities have them; without such, as they stand in its text. */
function tagsOf(item: Members, text: string): string[] {
  const entities = Members.safeParse(item['entities']).data
  const given = entities ? [...list(entities['hashtags']), ...list(entities['symbols'])] : list(first(item, ['hashtags']))
  if (!entities && given.length === 0) return [...text.matchAll(/(?<![\w&/])[#$](\p{L}[\p{L}\p{N}_]*)/gu)].slice(0, listMax).map(([, tag]) => `#${tag}`)
  const tags = given.flatMap((each) => {
    const of = typeof each === 'string' ? { text: each } : (Members.safeParse(each).data ?? nobody)
    const tag = textOf(of, ['text', 'tag'])?.replace(/^[#$]/, '')
    const [at] = list(of['indices'])
    return tag === undefined || tag === '' ? [] : [{ tag, at: typeof at === 'number' ? at : 0 }]
  })
  return tags.toSorted((a, b) => a.at - b.at).map(({ tag }) => `#${tag}`)
}

function mediaOf(item: Members): string[] {
  const extended = Members.safeParse(first(item, ['extendedEntities', 'extended_entities'])).data ?? nobody
  const given = [item['media'], extended['media'], item['photos'], item['images']].map(list).find((each) => each.length > 0) ?? []
  const urls = given.map((each) => (typeof each === 'string' ? each : textOf(Members.safeParse(each).data ?? nobody, ['media_url_https', 'url'])))
  return urls.filter((url) => url !== undefined && /^https?:\/\//.test(url)) as string[]
}
