import { writeDeletionVector } from '#infra/corpus/deletion-vector.ts'
import { readVersionGroups, writeGroups } from '#infra/corpus/groups.ts'
import { writeList } from '#infra/corpus/list-object.ts'
import { DeletedRows } from '#schemas/deletion-vector.ts'
import type { CatalogEntry } from '#schemas/catalog.ts'
import type { BuildRecipe, VersionFile, VersionGroup, VersionManifest } from '#schemas/manifest.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import { writeGoneIds } from '#dataset/gone-ids.ts'
import { range } from '#dataset/ingest/rows.ts'
import { Tally } from '#dataset/ingest/tally.ts'
import { datasetFolder, listFolder } from '#dataset/dataset-folder.ts'
import { readGroup } from '#dataset/version-files.ts'
import { fileName, goneDocuments } from './gone-documents.ts'
import type { ChosenFile, ChosenGroup, Selection } from './selection.ts'

export interface BuiltParts {
  store: ObjectStore
  /** Of the dataset that is built. */
  name: string
  origin: VersionManifest['origin']
  signal: AbortSignal
}

/**
 * Writes vectors and lists of a built version. The files are those of the source, under their keys; what was not chosen of them is deleted. The same selection
 * gives the same groups.
 * @param source that was chosen from
 * @param parent head of the dataset that is built
 */
export async function builtVersion(
  { store, name, origin, signal }: BuiltParts,
  { groups, documents, textBytes, labels }: Selection,
  recipe: BuildRecipe,
  source: VersionManifest,
  parent: CatalogEntry<'version'> | undefined,
): Promise<VersionManifest> {
  const [written, next, dropped] = [[] as VersionGroup[], new Map<string, VersionFile>(), new Tally()]
  const [prefix, former] = [listFolder(name), parent && (await readVersionGroups(store, parent.manifest))]
  for (const chosen of groups) {
    const files: VersionFile[] = []
    for (const file of chosen.files) {
      signal.throwIfAborted()
      const listed = await writeFile(store, name, file)
      files.push(listed)
      next.set(fileName(chosen.group, listed), listed)
      for (const [reason, rows] of listed.refused) dropped.add(reason, rows)
    }
    written.push({ ...chosen.group, list: await writeList(store, prefix, files), files: files.length, ...figures(chosen) })
  }
  return {
    kind: 'version',
    parent: parent?.sha256 ?? null,
    origin,
    name,
    cleaning: source.cleaning,
    groups: await writeGroups(store, written, { prefix, former }),
    files: next.size,
    gone: former ? await writeGoneIds(store, name, await goneDocuments(store, await filesOf(store, former.items), next, signal)) : null,
    documents,
    text_bytes: textBytes,
    labels: labels.counts(),
    dropped: dropped.counts(),
    recipe,
  }
}

async function writeFile(store: ObjectStore, name: string, { listed, rows, labels, text_bytes, datetimes }: ChosenFile): Promise<VersionFile> {
  const { file } = listed
  const others = DeletedRows.of(range(0, file.rows).filter((row) => !rows.has(row)))
  return {
    ...listed,
    file: { ...file, labels, text_bytes, datetime_range: { first: datetimes.first.toISOString(), last: datetimes.last.toISOString() } },
    deletes: await writeDeletionVector(store, `${datasetFolder(name)}deletes/`, others),
    taken: file.rows,
    refused: others.size === 0 ? [] : [['not_chosen', others.size]],
  }
}

const figures = ({ files }: ChosenGroup): Pick<VersionGroup, 'documents' | 'text_bytes'> => ({
  documents: files.reduce((sum, { rows }) => sum + rows.size, 0),
  text_bytes: files.reduce((sum, { text_bytes }) => sum + text_bytes, 0),
})

async function filesOf(store: ObjectStore, groups: readonly VersionGroup[]): Promise<Map<string, VersionFile>> {
  const files = new Map<string, VersionFile>()
  for (const group of groups) for (const listed of await readGroup(store, group)) files.set(fileName(group, listed), listed)
  return files
}
