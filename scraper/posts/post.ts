import { cutLabel, DataLabel, dataSource, isStorable, type DataEntity } from '#schemas/data-universe.ts'
import type { PostPlatform, RedditRow, XRow } from '#schemas/post-columns.ts'
import type { PostWish } from './source.ts'

/** A post of a platform, as a row of its columns. What it is called is its `url`. */
export type Post =
  /** `editedAtMs`: ms since epoch, 0: never. `isRemoved`: its author, or who keeps order there, took it away. Of what lies in a file neither is known. */
  { platform: 'reddit'; row: RedditRow; editedAtMs?: number; isRemoved?: boolean } | { platform: 'x'; row: XRow }

const minuteMs = 60_000
/** What Reddit calls an author who is there no more. */
export const deletedUser = '[deleted]'

/** Seconds are not told of a post's content: validators want them cut. */
export const toMinute = (ms: number): number => ms - (ms % minuteMs)

/** The lower-case label of a post, cut as Data Universe cuts it; null where nothing is left that is one. */
export function labelOf(text: string | undefined): string | null {
  return (text === undefined ? undefined : DataLabel.safeParse(cutLabel(text.toLowerCase())).data) ?? null
}

/** Of what a platform says; text that no file can hold is made such. */
export const storable = (text: string): string => (isStorable(text) ? text : text.toWellFormed().replaceAll('\0', ''))

/** As miners of Data Universe keep it: `datetime` to the second, in the content to the minute, and the names of the content as its validators read them. */
export function entityOf(post: Post): DataEntity {
  const content = Buffer.from(JSON.stringify(contentOf(post)))
  return {
    uri: post.row.url ?? '',
    datetime: new Date(post.row.datetime ?? 0).toISOString(),
    source: post.platform === 'reddit' ? dataSource.REDDIT : dataSource.X,
    label: post.row.label,
    content,
    content_size_bytes: content.length,
  }
}

/** Of X nothing is said of what is not known, of Reddit null. */
function contentOf({ platform, row }: Post): Record<string, unknown> {
  const { datetime: _datetime, label: _label, ...told } = row
  const cells = Object.entries(told)
    .filter(([, cell]) => platform === 'reddit' || cell !== null)
    .map(([name, cell]) => [name, isTime(name) && typeof cell === 'number' ? new Date(cell).toISOString() : cell] as const)
  return Object.fromEntries(cells)
}

const times = new Set(['createdAt', 'timestamp', 'scraped_at', 'scrapedAt'])
const isTime = (name: string): boolean => times.has(name)

/** What changes of a post while nobody says anything new. */
const moving = new Set([
  'scrapedAt',
  'score',
  'upvote_ratio',
  'num_comments',
  'scraped_at',
  'like_count',
  'retweet_count',
  'reply_count',
  'quote_count',
  'view_count',
  'bookmark_count',
  'user_verified',
  'user_blue_verified',
  'user_display_name',
  'user_description',
  'user_location',
  'profile_image_url',
  'cover_picture_url',
  'user_followers_count',
  'user_following_count',
])

/** Whether another look at a post found it as it was: it need not be uploaded again for its votes. */
export function saysTheSame(a: Post['row'], b: Post['row']): boolean {
  const said = (row: Post['row']): string => JSON.stringify(Object.entries(row).filter(([name]) => !moving.has(name)))
  return said(a) === said(b)
}

/** What is searched for keywords. */
const textOf = (post: Post): string => (post.platform === 'reddit' ? `${post.row.title ?? ''} ${post.row.body ?? ''}` : (post.row.text ?? ''))

/** What a job of the list of Data Universe wants. */
export interface PostJob {
  /** As the list has it; a folder of the store. */
  id: string
  platform: PostPlatform
  /** Lower case, with `r/` or `#`. */
  label: string | null
  /** Lower case. */
  keyword: string | null
  /** ms since epoch; null: open on that side. */
  startMs: number | null
  endMs: number | null
}

/** What is asked of its platform for a job. */
export const wishOf = ({ label, keyword, startMs, endMs }: PostJob): PostWish => ({
  label,
  usernames: [],
  keywords: keyword === null ? [] : [keyword],
  mode: 'any',
  url: null,
  startMs,
  endMs,
})

/** Whether a validator will count the post for the job. */
export function belongsTo(post: Post, { platform, label, keyword, startMs, endMs }: PostJob): boolean {
  const at = post.row.datetime ?? 0
  if (post.platform !== platform || at < (startMs ?? -Infinity) || at > (endMs ?? Infinity)) return false
  const labels = post.platform === 'x' ? (post.row.tweet_hashtags ?? []).map((tag) => tag.toLowerCase()) : [post.row.label]
  if (label !== null && !labels.includes(label)) return false
  return keyword === null || textOf(post).toLowerCase().includes(keyword)
}
