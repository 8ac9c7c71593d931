import type { Config } from '#infra/config/schema.ts'
import { stackOf } from '#infra/telemetry/stack-of.ts'
import type { Clock } from '#schemas/clock.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { PostPlatform } from '#schemas/post-columns.ts'
import type { Telemetry } from '#schemas/stage.ts'
import { postSources } from './credentials.ts'
import { postsFoundMax, type PostSource, type PostThere } from './source.ts'

export interface Look {
  platform: PostPlatform
  uri: string
}

/** Looks at posts where they are. Absent of what nobody could find out. @throws the signal's reason */
export type FindPosts = (looks: readonly Look[], signal: AbortSignal) => Promise<ReadonlyMap<string, PostThere>>

/**
 * Looks posts up by the sources that there are credentials for, a hundred at once. What a platform refuses is told (`validator.posts_not_found_out`) and not found
 * out, and neither is what else is asked of it within this call; of a platform without credentials nothing is.
 */
export function findPosts(sources: ReadonlyMap<PostPlatform, PostSource>, telemetry: Pick<Telemetry, 'event'>): FindPosts {
  return async (looks, signal) => {
    const there = new Map<string, PostThere>()
    for (const [platform, own] of Map.groupBy(looks, (look) => look.platform)) {
      const source = sources.get(platform)
      const urls = source ? [...new Set(own.map(({ uri }) => uri))] : []
      try {
        for (let at = 0; at < urls.length; at += postsFoundMax)
          for (const [url, post] of (await source?.find(urls.slice(at, at + postsFoundMax), signal)) ?? []) there.set(url, post)
      } catch (error) {
        signal.throwIfAborted()
        telemetry.event('validator.posts_not_found_out', { platform, error: error instanceof OrreryError ? error.message : stackOf(error) })
      }
    }
    return there
  }
}

interface Finding {
  config: Pick<Config, 'posts'>
  pace: Clock
  facts: Clock
  telemetry: Pick<Telemetry, 'event'>
}

/** By the configured credentials; without such nothing is found out, which is told (`validator.posts_not_judged`). @throws OrreryError `invalid_config` */
export async function postFinder({ config, pace, facts, telemetry }: Finding): Promise<FindPosts> {
  const { credentials } = config.posts
  if (credentials !== '') return findPosts(await postSources(credentials, { fetch: globalThis.fetch, pace, now: () => facts.now() }), telemetry)
  telemetry.event('validator.posts_not_judged', {
    reason: 'Posts of Reddit and X are judged with posts.credentials alone: what miners bring of them is neither paid for nor held against them.',
  })
  return findPosts(new Map(), telemetry)
}
