import type { PostPlatform } from '#schemas/post-columns.ts'
import type { Post } from './post.ts'

/** What a page of a platform gave. */
export interface Scraped {
  posts: readonly Post[]
  /** What could not be read as a post, or nobody may have. */
  refused: number
}

/** What is looked for, which is all that is said here; what is empty or null asks for nothing. */
export interface PostWish {
  /** `r/…` of Reddit, a `#tag`, `$tag` or `@name` of X; lower case. */
  label: string | null
  /** Of one of these, without `@`. */
  usernames: readonly string[]
  /** All of them, or any; on Reddit one may be a community, `r/…`. */
  keywords: readonly string[]
  mode: 'any' | 'all'
  /** One post, by its address: nothing else is looked at then. */
  url: string | null
  /** ms since epoch; null: open on that side. */
  startMs: number | null
  endMs: number | null
}

/** What is at an address now: a post as its platform shows it, be it removed, or `absent` where it has no such post. */
export type PostThere = Post | 'absent'

/** Addresses that are looked at with one call. */
export const postsFoundMax = 100

/** One platform that posts are taken from. To add one: its columns in post-columns.ts, and a file like reddit-source.ts. */
export interface PostSource {
  readonly platform: PostPlatform
  /**
   * Posts that may be what is wished, the newest first, page by page, `limit` of them or a few more; whoever has enough stops asking.
   * @throws OrreryError `rate_limited`, `unauthorized`, `forbidden`, `not_found`, `upstream_failed`; the signal's reason
   */
  scrape(wish: PostWish, limit: number, signal: AbortSignal): AsyncIterable<Scraped>
  /**
   * What is at these addresses, at most `postsFoundMax` of them, by the address as it was given. What is left out could not be found out.
   * @throws as `scrape`
   */
  find(urls: readonly string[], signal: AbortSignal): Promise<ReadonlyMap<string, PostThere>>
}
