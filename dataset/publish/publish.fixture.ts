import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { ingest } from '#dataset/ingest/ingest.ts'
import type { Clock } from '#schemas/clock.ts'
import type { Document } from '#schemas/document.ts'
import { testDocuments } from '#test/golden/documents.ts'
import { goldenOrigin, putSnapshot, type ShardWorld } from '#test/golden/shards.ts'
import type { Hub, HubRepo } from '#test/site/hub.ts'
import { publish, type Publication, type PublishRequest } from './publish.ts'
import type { Progress } from './progress.ts'

export const token = 'hf_golden_secret'
export const repoName = 'alice/web-pages'

const quiet: Progress = { begin: () => undefined, sent: () => undefined, done: () => undefined, say: () => undefined, end: () => undefined }

/** Time that passes when it is waited for. */
export function waitlessClock(): Clock & { waits: number[] } {
  const waits: number[] = []
  let now = Date.UTC(2026, 0, 1)
  return {
    waits,
    now: () => now,
    async sleep(durationMs, signal) {
      signal?.throwIfAborted()
      waits.push(durationMs)
      now += durationMs
      await nextTurn()
    },
  }
}

/** A version of documents, so many in a file. @param deletes of them, by their position */
export async function makeVersion(
  world: ShardWorld,
  documents: number | readonly Document[],
  { deletes = [], perFile = 10, name = 'web' }: { deletes?: readonly number[]; perFile?: number; name?: string } = {},
) {
  const all = typeof documents === 'number' ? testDocuments(documents) : documents
  const shards = Array.from({ length: Math.ceil(all.length / perFile) }, (_, n) => ({
    documents: all.slice(perFile * n, perFile * (n + 1)),
    deletes: deletes.filter((row) => Math.floor(row / perFile) === n).map((row) => row % perFile),
  }))
  await putSnapshot(world, { signer: await world.signer('a'), jobId: 'one', shards })
  const { entry } = await ingest({ ...world, name, origin: goldenOrigin, signal: new AbortController().signal })
  if (entry?.kind !== 'version') throw new Error('there is no version')
  return entry
}

export const run = (
  world: Pick<ShardWorld, 'catalog' | 'store' | 'telemetry' | 'dir'>,
  hub: Pick<Hub, 'origin'>,
  parts: Partial<PublishRequest> = {},
): Promise<Publication> =>
  publish({
    ...world,
    pace: waitlessClock(),
    name: 'web',
    repo: repoName,
    hubUrl: hub.origin,
    token,
    isPublic: false,
    mayBePublic: () => Promise.resolve(false),
    replaces: false,
    withSignature: false,
    isDry: false,
    spool: join(world.dir, 'spool'),
    progress: quiet,
    signal: new AbortController().signal,
    ...parts,
  })

export function repoOf(hub: Hub): HubRepo {
  const repo = hub.repos.get(repoName)
  if (!repo) throw new Error('there is no repository')
  return repo
}
export const pathsOf = (hub: Hub): string[] => [...repoOf(hub).files.keys()].toSorted()
export const dataOf = (hub: Hub): string[] => pathsOf(hub).filter((path) => path.startsWith('data/'))
export const textOf = (hub: Hub, path: string): string => Buffer.from(repoOf(hub).files.get(path)?.bytes ?? []).toString()
/** A repository without its history. */
export const contentOf = (hub: Hub): [string, string][] =>
  pathsOf(hub).map((path) => [path, Buffer.from(repoOf(hub).files.get(path)?.bytes ?? []).toString('base64')])
