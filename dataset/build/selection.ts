import { hash } from 'node:crypto'
import { readVersionGroups } from '#infra/corpus/groups.ts'
import { readDataFile } from '#infra/corpus/read-data-file.ts'
import type { NamedCounts } from '#schemas/data-file.ts'
import type { VersionFile, VersionGroup, VersionManifest } from '#schemas/manifest.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import { RowSet } from '#dataset/ingest/row-set.ts'
import { Tally } from '#dataset/ingest/tally.ts'
import { liveRows, readGroup } from '#dataset/version-files.ts'
import { columnsOf, fileJudgeOf, judgeOf, type Criteria, type JudgedDocument } from './criteria.ts'
import { LeastKeys } from './least-keys.ts'

/** A file of the source, with what was chosen of it: a bit for each of its rows. */
export interface ChosenFile {
  listed: VersionFile
  rows: RowSet
  labels: NamedCounts
  text_bytes: number
  datetimes: { first: Date; last: Date }
}

export interface ChosenGroup {
  group: VersionGroup
  files: ChosenFile[]
}

/** What a build comes to. */
export interface Selection {
  groups: ChosenGroup[]
  documents: number
  textBytes: number
  labels: Tally
  langs: Tally
}

interface SelectParts {
  store: Pick<ObjectStore, 'get'>
  manifest: VersionManifest
  criteria: Criteria
  signal: AbortSignal
}

/** Languages are miners' words: of so many it is told how many documents they have, the rest is `other`. */
const langsMax = 1000

/**
 * Chooses documents of a version. Files that can have none by what is said of them are not read, of the others a few columns. In memory are the lists of the
 * files, a bit for each of their rows, and with a sample 8 bytes for each document of it.
 * @throws OrreryError `data_unreadable`; the signal's reason
 */
export async function selectDocuments(parts: SelectParts): Promise<Selection> {
  const keyMax = await sampleKeyMax(parts)
  const { max_rows, sample_seed } = parts.criteria
  const selection: Selection = { groups: [], documents: 0, textBytes: 0, labels: new Tally(), langs: new Tally() }
  const left = (): number => (max_rows ?? Infinity) - selection.documents
  for await (const { group, listed, documents } of matchingFiles(parts)) {
    if (left() === 0) break
    const file = new ChoosingFile(listed)
    for await (const { row, document } of documents) {
      if (left() === 0) break
      if (sample_seed !== null && sampleKey(sample_seed, document.id ?? '') > keyMax) continue
      file.choose(row, document)
      selection.documents++
      selection.textBytes += document.text_bytes
      selection.labels.add(document.label)
      const isTold = selection.langs.get(document.lang) > 0 || selection.langs.size < langsMax
      selection.langs.add(isTold ? document.lang : 'other')
    }
    if (file.rows.size === 0) continue
    if (selection.groups.at(-1)?.group !== group) selection.groups.push({ group, files: [] })
    selection.groups.at(-1)?.files.push(file.chosen())
  }
  return selection
}

interface MatchingFile {
  group: VersionGroup
  listed: VersionFile
  documents: AsyncGenerator<{ row: number; document: JudgedDocument }>
}

async function* matchingFiles({ store, manifest, criteria, signal }: SelectParts): AsyncGenerator<MatchingFile> {
  const [mayHave, jobs] = [fileJudgeOf(criteria), new Set(criteria.jobs)]
  const matching = async function* (listed: VersionFile): MatchingFile['documents'] {
    const isWanted = judgeOf(criteria)
    const columns = [...columnsOf(criteria), ...(criteria.sample_seed === null ? [] : (['id'] as const))]
    for await (const rows of readDataFile(store, listed, { signal, columns })) for (const read of rows) if (isWanted(read.document)) yield read
  }
  for (const group of (await readVersionGroups(store, manifest)).items) {
    if (jobs.size > 0 && !jobs.has(group.job_id)) continue
    for (const listed of await readGroup(store, group)) if (liveRows(listed) > 0 && mayHave(listed.file)) yield { group, listed, documents: matching(listed) }
  }
}

/** Keys up to this one are in the sample. */
async function sampleKeyMax(parts: SelectParts): Promise<number> {
  const { max_rows, sample_seed } = parts.criteria
  if (sample_seed === null || max_rows === null) return Infinity
  const least = new LeastKeys(max_rows)
  for await (const { documents } of matchingFiles(parts)) for await (const { document } of documents) least.add(sampleKey(sample_seed, document.id ?? ''))
  return least.largest
}

/** By seed and text alone, so that a sample is the same wherever its documents stand; 48 bits. */
const sampleKey = (seed: number, id: string): number => Number.parseInt(hash('sha256', `${seed} ${id}`).slice(0, 12), 16)

class ChoosingFile {
  readonly rows: RowSet
  readonly #listed: VersionFile
  readonly #labels = new Tally()
  #textBytes = 0
  #first = Infinity
  #last = -Infinity

  constructor(listed: VersionFile) {
    this.#listed = listed
    this.rows = new RowSet(listed.file.rows)
  }

  choose(row: number, { label, text_bytes, datetime }: JudgedDocument): void {
    this.rows.add(row)
    this.#labels.add(label)
    this.#textBytes += text_bytes
    this.#first = Math.min(this.#first, datetime.getTime())
    this.#last = Math.max(this.#last, datetime.getTime())
  }

  chosen(): ChosenFile {
    const datetimes = { first: new Date(this.#first), last: new Date(this.#last) }
    return { listed: this.#listed, rows: this.rows, labels: this.#labels.counts(), text_bytes: this.#textBytes, datetimes }
  }
}
