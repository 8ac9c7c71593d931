import type { OnDemandJob } from '#schemas/on-demand.ts'
import { entityOf, type Post } from '../../posts/post.ts'
import type { PostSource, PostWish } from '../../posts/source.ts'
import { foundRows, type FoundRow } from './found-rows.ts'

/**
 * Posts that a job asks for, the newest first, as long as there is time: what was found until then is given.
 * @param until aborted when the answer is wanted
 * @throws OrreryError as the platform refuses it; the signal's reason where nothing was found by then
 */
export async function scrapePosts(source: PostSource, job: OnDemandJob, until: AbortSignal): Promise<FoundRow[]> {
  const found = foundRows(job)
  try {
    for await (const { posts } of source.scrape(wishOf(job), job.limit, until)) {
      for (const post of posts) if (!found.add(rowOf(post))) return found.rows
      until.throwIfAborted()
    }
  } catch (error) {
    if (found.rows.length === 0) throw error
  }
  return found.rows
}

function wishOf({ job, start_date: from, end_date: to, keyword_mode: mode }: OnDemandJob): PostWish {
  return {
    label: job.platform === 'reddit' ? (job.subreddit?.toLowerCase() ?? null) : null,
    usernames: job.usernames,
    keywords: job.keywords,
    mode,
    url: job.url,
    startMs: from === null ? null : Date.parse(from),
    endMs: to === null ? null : Date.parse(to),
  }
}

function rowOf(post: Post): FoundRow {
  const { uri, datetime, source, label, content } = entityOf(post)
  return { uri, datetime: new Date(datetime), source, label, content: Buffer.from(content).toString() }
}
