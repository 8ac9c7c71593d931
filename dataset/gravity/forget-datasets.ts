import type { Catalog } from '#schemas/catalog.ts'
import { OrreryError } from '#schemas/errors.ts'
import { families } from '#schemas/lineage.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import { datasetFolder } from '#dataset/dataset-folder.ts'
import { tasksOf } from './task-line.ts'

/** As `askBuilds` names them. */
const ofTask = /^gravity-[0-9a-f]{16}$/
/** At once: what is left goes the next time. */
const atOnce = 20

/**
 * Lets datasets go that no task names any more: those that were cancelled, and those whose task is forgotten. What another dataset was built of stays. A catalog has so no
 * more of them than tasks have builds, a hundred each. The line goes first: what is left of a dataset that nobody can ask for is found by its folder no more, and is some
 * lists of a few kilobytes.
 */
export async function forgetDatasets(
  { catalog, store }: { catalog: Catalog; store: Pick<ObjectStore, 'list' | 'delete'> },
  signal: AbortSignal,
): Promise<number> {
  const lines = (await catalog.lines(families.datasets)).map((line) => ({ line, name: line.name.slice(families.datasets.prefix.length) }))
  if (!lines.some(({ name }) => ofTask.test(name))) return 0
  const named = new Set((await tasksOf(catalog)).flatMap(({ builds }) => builds.flatMap(({ id, status }) => (status === 'Cancelled' ? [] : [id]))))
  const over = lines.filter(({ name }) => ofTask.test(name) && !named.has(name)).slice(0, atOnce)
  if (over.length === 0) return 0
  const sources = new Set<string>()
  for (const { line } of lines) {
    const head = await catalog.head(line)
    if (head?.kind === 'version' && head.manifest.recipe) sources.add(head.manifest.recipe.source.dataset)
  }
  let gone = 0
  for (const { line, name } of over) {
    signal.throwIfAborted()
    if (sources.has(name)) continue
    const isRemoved = await catalog.remove(line, line.head).then(() => true, unlessMoved)
    if (!isRemoved) continue
    for await (const { key } of store.list(datasetFolder(name))) await store.delete(key)
    gone++
  }
  return gone
}

/** Another process builds it just now. */
function unlessMoved(error: unknown): false {
  if (error instanceof OrreryError && error.code === 'conflict') return false
  throw error
}
