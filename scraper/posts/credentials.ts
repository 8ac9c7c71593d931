import { stat, readFile } from 'node:fs/promises'
import { z } from 'zod'
import { OrreryError } from '#schemas/errors.ts'
import type { PostPlatform } from '#schemas/post-columns.ts'
import { parsedJson } from '#schemas/parsed-json.ts'
import type { AskServices } from './ask-json.ts'
import { RedditCredentials, redditSource } from './reddit-source.ts'
import type { PostSource } from './source.ts'
import { XCredentials, xSource } from './x-source.ts'

const Credentials = z.strictObject({ reddit: RedditCredentials.optional(), x: XCredentials.optional() })

/**
 * The platforms that a file of credentials is for. It stands beside the settings, which are printed and logged; nobody but its owner may read it.
 * @throws OrreryError `invalid_config`: one line that says what is wrong with the file, and none of what is in it
 */
export async function postSources(path: string, services: AskServices & { now(): number }): Promise<ReadonlyMap<PostPlatform, PostSource>> {
  const wrong = (problem: string, cause?: unknown): OrreryError =>
    new OrreryError('invalid_config', `posts.credentials names ${path === '' ? 'no file' : path}: ${problem}`, { path }, cause)
  if (path === '') throw wrong('posts are scraped with credentials alone; write them into a JSON file and name it.')
  const info = await stat(path).catch((cause: unknown) => {
    throw wrong('there is no such file; write { "reddit": { … }, "x": { … } } into it.', cause)
  })
  if ((info.mode & 0o077) !== 0) throw wrong(`others may read it; run chmod 600 on it.`)
  const parsed = Credentials.safeParse(parsedJson(await readFile(path, 'utf8')))
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    throw wrong(`${issue?.path.join('.') || 'it'} is not as it should be; README tells what stands in it.`)
  }
  const { reddit, x } = parsed.data
  const sources = [...(reddit ? [redditSource(reddit, services)] : []), ...(x ? [xSource(x, services)] : [])]
  if (sources.length === 0) throw wrong('it holds credentials of no platform; write those of "reddit", of "x" or of both.')
  return new Map(sources.map((source) => [source.platform, source]))
}
