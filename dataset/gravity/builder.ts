import { OrreryError } from '#schemas/errors.ts'
import type { GravityBuild, GravityTask } from '#schemas/gravity.ts'
import type { VersionManifest } from '#schemas/manifest.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import type { Telemetry } from '#schemas/stage.ts'
import { build, planBuild } from '#dataset/build/build.ts'
import { isOpen, tasksOf } from './task-line.ts'
import { changeBuild, type GravityParts } from './tasks.ts'

export interface BuilderParts extends GravityParts {
  store: ObjectStore
  telemetry: Telemetry
  origin: VersionManifest['origin']
  /** What datasets are built of. */
  datasetName: string
}

export interface Builder {
  /** Builds what was asked for and is not built yet, one after the other, in the background; what another process left as well. */
  wake(): void
  /** Ends the build that runs; the next start does it again. */
  close(): Promise<void>
}

const retryMs = 60_000

export function openBuilder(parts: BuilderParts): Builder {
  const closing = new AbortController()
  let last: Promise<void> = Promise.resolve()
  let again: NodeJS.Timeout | undefined
  const later = (error: unknown) => {
    if (closing.signal.aborted) return
    parts.telemetry.event('gravity.build_failed', { error: String(error) })
    clearTimeout(again)
    again = setTimeout(wake, retryMs).unref()
  }
  function wake(): void {
    last = last.then(() => buildAll(parts, closing.signal, later)).catch(later)
  }
  return {
    wake,
    async close() {
      closing.abort(new DOMException('The dataset service was closed.', 'AbortError'))
      clearTimeout(again)
      await last
    },
  }
}

/** @param later told of a failure that may pass: the others are built meanwhile */
async function buildAll(parts: BuilderParts, signal: AbortSignal, later: (error: unknown) => void): Promise<void> {
  const passedOver = new Set<string>()
  for (;;) {
    signal.throwIfAborted()
    const open = (await tasksOf(parts.catalog)).flatMap((task) => task.builds.filter(isOpen).map((build) => ({ task, build })))
    const next = open.find(({ build }) => !passedOver.has(build.id))
    if (!next) return
    try {
      await buildNext(parts, next, signal)
    } catch (error) {
      signal.throwIfAborted()
      passedOver.add(next.build.id)
      later(error)
    }
  }
}

async function buildNext(parts: BuilderParts, { task, build: { id, crawler_id, max_rows } }: { task: GravityTask; build: GravityBuild }, signal: AbortSignal) {
  const jobId = task.crawlers.find((crawler) => crawler.id === crawler_id)?.job_id ?? ''
  await changeBuild(parts, id, { status: 'Running' }, isOpen)
  const outcome = await buildOne(parts, { name: id, jobId, maxRows: max_rows, signal })
  // Cancelled meanwhile, it stays so.
  if (outcome) await changeBuild(parts, id, outcome, isOpen)
}

/** undefined: nobody wants it any more. @throws OrreryError what may pass */
async function buildOne(
  parts: BuilderParts,
  { name, jobId, maxRows, signal }: { name: string; jobId: string; maxRows: number; signal: AbortSignal },
): Promise<{ status: 'Completed' | 'Failed'; message: string } | undefined> {
  const any = { labels: [], langs: [], hosts: [], licences: [], since: null, until: null, min_quality: null, sample_seed: null }
  const request = { ...parts, name, from: { dataset: parts.datasetName }, criteria: { ...any, jobs: [jobId], max_rows: maxRows }, signal }
  try {
    const planned = await planBuild(request)
    const isWanted = (await tasksOf(parts.catalog)).some(({ builds }) => builds.some((each) => each.id === name && isOpen(each)))
    if (!isWanted) return undefined
    await build(request, planned)
    return { status: 'Completed', message: '' }
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof OrreryError && error.retryable) throw error
    parts.telemetry.event('gravity.build_failed', { dataset: name, error: String(error) })
    return { status: 'Failed', message: error instanceof OrreryError ? error.message : 'It failed here; the log of the service says why.' }
  }
}
