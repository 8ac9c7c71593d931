import { tellCurrent } from '#infra/corpus/current.ts'
import { treeOfGroups } from '#infra/corpus/groups.ts'
import type { Catalog, CatalogEntry } from '#schemas/catalog.ts'
import { contentAddress } from '#schemas/canonical-json.ts'
import { OrreryError } from '#schemas/errors.ts'
import { lineage } from '#schemas/lineage.ts'
import type { BuildRecipe, VersionManifest } from '#schemas/manifest.ts'
import type { Telemetry } from '#schemas/stage.ts'
import { datasetFolder, listFolder } from '#dataset/dataset-folder.ts'
import type { Outcome } from '#dataset/versions.ts'
import { builtVersion, type BuiltParts } from './built-version.ts'
import type { Criteria } from './criteria.ts'
import { requireSomething } from './no-match.ts'
import { selectDocuments, type Selection } from './selection.ts'

export interface BuildRequest extends BuiltParts {
  catalog: Catalog
  telemetry: Telemetry
  /** Version that documents are chosen from; absent: the newest. */
  from: { dataset: string; version?: number | undefined }
  /** Absent: those of the head, which is built anew of what its source has now. */
  criteria: Criteria | undefined
}

/** What would be built, before anything is written. */
export interface PlannedBuild {
  recipe: BuildRecipe
  selection: Selection
  source: CatalogEntry<'version'>
  /** The head that the build follows. */
  parent: CatalogEntry<'version'> | undefined
}

/**
 * Looks which documents a build comes to.
 * @throws OrreryError `not_found` (no such version to choose from, nothing matches), `already_exists` for a dataset that is none of those that are built,
 * `invalid_argument` (nothing to build it anew by), `data_unreadable`
 */
export async function planBuild(request: BuildRequest): Promise<PlannedBuild> {
  const { catalog, store, name, signal } = request
  const parent = await builtHead(catalog, name)
  const former = parent?.manifest.recipe
  const { criteria, from } = request.criteria ? { criteria: request.criteria, from: request.from } : again(name, former, request.from)
  if (from.dataset === name) throw new OrreryError('invalid_argument', `"${name}" cannot be built of itself; say what of with --from.`, { name })
  const source = await sourceOf(catalog, from)
  const recipe: BuildRecipe = { ...criteria, source: { dataset: from.dataset, version: source.version, sha256: source.sha256 } }
  const selection = await selectDocuments({ store, manifest: source.manifest, criteria, signal })
  await requireSomething(store, selection, criteria, source)
  return { recipe, selection, source, parent }
}

/** By the recipe of the head. */
function again(name: string, former: BuildRecipe | undefined, from: BuildRequest['from']): Required<Pick<BuildRequest, 'from'>> & { criteria: Criteria } {
  if (!former)
    throw new OrreryError('invalid_argument', `There is no dataset "${name}" to build anew; say what it is to have, like --lang en or --label docs.`, { name })
  const { source, ...criteria } = former
  return { criteria, from: from.version === undefined ? { dataset: source.dataset } : from }
}

async function builtHead(catalog: Catalog, name: string): Promise<CatalogEntry<'version'> | undefined> {
  const head = await catalog.head(lineage.dataset(name))
  if (!head || (head.kind === 'version' && head.manifest.recipe)) return head as CatalogEntry<'version'> | undefined
  throw new OrreryError('already_exists', `The dataset "${name}" takes in what miners bring; give the one that is to be built another name.`, { name })
}

async function sourceOf(catalog: Catalog, { dataset, version }: BuildRequest['from']): Promise<CatalogEntry<'version'>> {
  const line = lineage.dataset(dataset)
  const entry = version === undefined ? await catalog.head(line) : await catalog.get(line, { version })
  if (entry?.kind === 'version') return entry
  const what =
    version === undefined
      ? `no version of "${dataset}" yet; \`orrery dataset ingest --once\` makes one`
      : `no version ${version} of "${dataset}", or no longer; \`orrery dataset build\` takes the newest without it`
  throw new OrreryError('not_found', `There is ${what}.`, { dataset, version: version ?? null })
}

/** The same documents, chosen in the same way, have the same root, whatever was built before. */
export const rootOf = ({ name, groups, recipe }: Pick<VersionManifest, 'name' | 'groups' | 'recipe'>): string =>
  contentAddress({ groups: Array.isArray(groups) ? treeOfGroups(groups, listFolder(name)) : groups, recipe })

/**
 * Makes what was planned the next version of the dataset. Vectors and lists are written before the manifest: a build that is cut off has done nothing, and done
 * again it ends in the same bytes. What the head has already is no new version.
 * @throws OrreryError `conflict` when another build was done in between, or the source was forgotten (retryable)
 */
export async function build(request: BuildRequest, { recipe, selection, source, parent }: PlannedBuild): Promise<Outcome<CatalogEntry<'version'>>> {
  const { catalog, store, name, telemetry } = request
  const manifest = await builtVersion(request, selection, recipe, source.manifest, parent)
  if (parent && rootOf(parent.manifest) === rootOf(manifest)) {
    await tellCurrent(store, datasetFolder(name), parent, parent.manifest)
    return { changed: false, entry: parent }
  }
  // Its files may be swept from now on.
  if (!(await catalog.get(lineage.dataset(recipe.source.dataset), { sha256: source.sha256 })))
    throw new OrreryError('conflict', `Version ${source.version} of "${recipe.source.dataset}" was forgotten meanwhile; build again, from the newest.`, {
      name,
    })
  const entry = await catalog.commit(lineage.dataset(name), parent?.sha256, manifest)
  await tellCurrent(store, datasetFolder(name), entry, manifest)
  const { documents, text_bytes } = manifest
  telemetry.event('dataset.built', { name, version: entry.version, sha256: entry.sha256, source: recipe.source, documents, text_bytes })
  return { changed: true, entry }
}
