/**
 * Columns of what validators of Data Universe (subnet 13) want of posts: the exact sets of names, 17 of Reddit and 33 of X, of its s3 validation. The types are those
 * that its miners' own uploads have.
 */
export type PostColumnKind = 'text' | 'texts' | 'time' | 'boolean' | 'integer' | 'double'

const redditColumns = {
  datetime: 'time',
  label: 'text',
  id: 'text',
  username: 'text',
  communityName: 'text',
  body: 'text',
  title: 'text',
  createdAt: 'time',
  dataType: 'text',
  parentId: 'text',
  url: 'text',
  media: 'texts',
  is_nsfw: 'boolean',
  score: 'integer',
  upvote_ratio: 'double',
  num_comments: 'integer',
  scrapedAt: 'time',
} as const satisfies Record<string, PostColumnKind>

const xColumns = {
  datetime: 'time',
  label: 'text',
  username: 'text',
  text: 'text',
  tweet_hashtags: 'texts',
  timestamp: 'time',
  url: 'text',
  media: 'texts',
  user_id: 'text',
  user_display_name: 'text',
  user_verified: 'boolean',
  tweet_id: 'text',
  is_reply: 'boolean',
  is_quote: 'boolean',
  conversation_id: 'text',
  in_reply_to_user_id: 'text',
  language: 'text',
  in_reply_to_username: 'text',
  quoted_tweet_id: 'text',
  like_count: 'integer',
  retweet_count: 'integer',
  reply_count: 'integer',
  quote_count: 'integer',
  view_count: 'integer',
  bookmark_count: 'integer',
  user_blue_verified: 'boolean',
  user_description: 'text',
  user_location: 'text',
  profile_image_url: 'text',
  cover_picture_url: 'text',
  user_followers_count: 'integer',
  user_following_count: 'integer',
  scraped_at: 'time',
} as const satisfies Record<string, PostColumnKind>

/** What a column holds; a time is ms since epoch. Absent is null. */
interface CellOf {
  text: string | null
  texts: readonly string[] | null
  time: number | null
  boolean: boolean | null
  integer: number | null
  double: number | null
}

export type RedditRow = { -readonly [Name in keyof typeof redditColumns]: CellOf[(typeof redditColumns)[Name]] }
export type XRow = { -readonly [Name in keyof typeof xColumns]: CellOf[(typeof xColumns)[Name]] }

export const postColumns = { reddit: redditColumns, x: xColumns } as const
export type PostPlatform = keyof typeof postColumns
