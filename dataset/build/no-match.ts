import { closest } from 'fastest-levenshtein'
import type { CatalogEntry } from '#schemas/catalog.ts'
import { OrreryError } from '#schemas/errors.ts'
import { readVersionGroups } from '#infra/corpus/groups.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import type { Criteria } from './criteria.ts'
import type { Selection } from './selection.ts'

/** Says why nothing was chosen, as far as the version tells. @throws OrreryError `not_found` */
export async function requireSomething(
  store: Pick<ObjectStore, 'get'>,
  { documents }: Pick<Selection, 'documents'>,
  { labels, jobs }: Criteria,
  source: CatalogEntry<'version'>,
): Promise<void> {
  if (documents > 0) return
  const { name, labels: known } = source.manifest
  const groups = jobs.length > 0 ? (await readVersionGroups(store, source.manifest)).items : []
  const unknown = [
    ...hints(
      'label',
      labels,
      known.map(([label]) => label),
    ),
    ...hints(
      'job',
      jobs,
      groups.map(({ job_id }) => job_id),
    ),
  ]
  const why = unknown.length > 0 ? unknown.join(', ') : 'ask for less of each'
  throw new OrreryError('not_found', `No document of version ${source.version} of "${name}" is such: ${why}.`, { name, version: source.version })
}

/** Only where none of them is known: documents are of any of them. */
function hints(what: string, asked: readonly string[], known: readonly string[]): string[] {
  if (asked.length === 0 || known.length === 0 || asked.some((value) => known.includes(value))) return []
  return asked.slice(0, hintsMax).map((value) => `it has no ${what} "${value}", the nearest is "${closest(value, known)}"`)
}

const hintsMax = 3
