import { z } from 'zod'
import type { RedditRow } from '#schemas/post-columns.ts'
import { deletedUser, labelOf, storable, toMinute, type Post } from './post.ts'

/** The address by which validators know Reddit; the API may be asked elsewhere. */
const site = 'https://www.reddit.com'
const mediaMax = 100

/** Clocks of two machines differ; what is later than that was never said. */
const aheadMsMax = 300_000
const text = z.string().catch('')
const optional = z.string().nullish().catch(null)
const whole = z.number().nullish().catch(null)
const Gallery = z.object({ s: z.object({ u: optional, gif: optional }).nullish().catch(null) })

/** What is read of a post (`t3`) or a comment (`t1`); the API says much more, and now and then less. */
const Thing = z.object({
  name: z.string().regex(/^t[13]_[a-z0-9]{1,20}$/),
  permalink: z.string().regex(/^\/(?:r|user|u)\/[^?#\s]{1,1000}$/),
  author: z.string().catch(deletedUser),
  subreddit_name_prefixed: z.string().min(3),
  /** Seconds since epoch; some mirrors of the API write numbers as text. */
  created_utc: z
    .union([
      z.number(),
      z
        .string()
        .regex(/^\d{1,12}(?:\.\d{1,9})?$/)
        .transform(Number),
    ])
    .pipe(z.number().positive().max(4e9)),
  /** When it was last changed, or false. */
  edited: z.number().catch(0),
  /** Who took it away: a moderator, its author, a filter. */
  removed_by_category: optional,
  title: optional,
  selftext: text,
  body: text,
  parent_id: optional,
  over_18: z.boolean().catch(false),
  score: whole,
  upvote_ratio: whole,
  num_comments: whole,
  url_overridden_by_dest: optional,
  is_video: z.boolean().catch(false),
  media: z
    .object({ reddit_video: z.object({ fallback_url: optional }).nullish() })
    .nullish()
    .catch(null),
  // oxlint-disable-next-line orrery/no-open-record -- ids that the API makes up; only the values are read
  media_metadata: z.record(z.string(), Gallery.nullable().catch(null)).nullish().catch(null),
})
type Thing = z.infer<typeof Thing>

const Listing = z.object({
  kind: z.literal('Listing'),
  data: z.object({
    after: z.string().nullish(),
    children: z.array(z.object({ kind: z.string(), data: z.unknown() }).catch({ kind: '', data: null })).max(1000),
  }),
})

/** A page of the API's answer. What is no post or comment, or lacks what makes one, is counted and left out. */
export function readListing(answer: unknown, scrapedAtMs: number): { posts: Post[]; after: string | undefined; refused: number } | undefined {
  const listing = Listing.safeParse(answer).data
  if (!listing) return undefined
  const { after, children } = listing.data
  const posts = children.flatMap(({ kind, data }) => {
    const thing = kind === 't3' || kind === 't1' ? Thing.safeParse(data).data : undefined
    if (!thing || thing.created_utc * 1000 > scrapedAtMs + aheadMsMax) return []
    const standing = { editedAtMs: thing.edited * 1000, isRemoved: isRemoved(thing) }
    return [{ platform: 'reddit' as const, row: rowOf(thing, kind === 't3', scrapedAtMs), ...standing }]
  })
  return { posts, after: after ?? undefined, refused: children.length - posts.length }
}

function rowOf(thing: Thing, isPost: boolean, scrapedAtMs: number): RedditRow {
  const atMs = Math.round(thing.created_utc * 1000)
  const media = isPost ? mediaOf(thing) : []
  return {
    datetime: atMs,
    label: labelOf(thing.subreddit_name_prefixed),
    id: thing.name,
    username: storable(thing.author),
    communityName: storable(thing.subreddit_name_prefixed),
    body: storable(isPost ? thing.selftext : thing.body),
    title: isPost ? storable(thing.title ?? '') : null,
    createdAt: toMinute(atMs),
    dataType: isPost ? 'post' : 'comment',
    parentId: isPost ? null : (thing.parent_id ?? null),
    url: site + thing.permalink,
    media: media.length > 0 ? media : null,
    is_nsfw: thing.over_18,
    score: integer(thing.score),
    upvote_ratio: isPost ? (thing.upvote_ratio ?? null) : null,
    num_comments: isPost ? integer(thing.num_comments) : null,
    scrapedAt: toMinute(scrapedAtMs),
  }
}

const integer = (value: number | null | undefined): number | null => (value === null || value === undefined ? null : Math.round(value))

/** Pictures as they were uploaded, which is what validators compare. */
const [preview, original] = ['//preview.redd.it', '//i.redd.it']

/** Where its pictures and films are, without what signs or sizes the address. */
function mediaOf({ url_overridden_by_dest, media, media_metadata }: Thing): string[] {
  const pictures = Object.values(media_metadata ?? {}).map((each) => each?.s?.u ?? each?.s?.gif)
  const film = media?.reddit_video?.fallback_url
  const found = [isMedia(url_overridden_by_dest) ? url_overridden_by_dest : undefined, film, ...pictures]
  const urls = found.flatMap((each) => {
    const url = each ? URL.parse(each) : null
    return url && (url.protocol === 'https:' || url.protocol === 'http:') ? [url.origin.replace(preview, original) + url.pathname] : []
  })
  return [...new Set(urls)].slice(0, mediaMax)
}

const isMedia = (url: string | null | undefined): boolean => /^https?:\/\/(?:[a-z]+\.redd\.it|i\.imgur\.com)\//.test(url ?? '')

/** Its text is gone, or it stands without one; a post whose author alone is gone says what it said. */
const isRemoved = ({ author, selftext, body, title, removed_by_category }: Thing): boolean => {
  const said = (selftext || body).trim()
  return /^\[\s*(?:deleted|removed)\b[^\]]*\]$/i.test(said) || Boolean(removed_by_category) || (author === deletedUser && said === '' && !title)
}

/** Whether nobody may have it: what was deleted or taken away, and pictures of what is for adults, which validators refuse. */
export const isKept = ({ row, isRemoved: isGone }: Post & { platform: 'reddit' }): boolean => !(isGone || (row.is_nsfw === true && row.media !== null))
