import { readVersionGroups, writeGroups } from '#infra/corpus/groups.ts'
import { writeList } from '#infra/corpus/list-object.ts'
import type { ReadTree } from '#infra/corpus/list-tree.ts'
import { compareText } from '#schemas/compare-text.ts'
import type { RowFacts } from '#schemas/corpus-index.ts'
import type { DataFile } from '#schemas/data-file.ts'
import { lineage } from '#schemas/lineage.ts'
import type { VersionFile, VersionGroup, VersionManifest } from '#schemas/manifest.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import { datasetFolder, listFolder } from '../dataset-folder.ts'
import { writeGoneIds } from '../gone-ids.ts'
import { readGroup } from '../version-files.ts'
import type { DatasetEntry } from '../versions.ts'
import type { Decision, LiveRow } from './decide.ts'
import { DraftFile } from './draft-file.ts'
import { Tally } from './tally.ts'

/** What the version that is made has of one miner's job. */
export interface DraftGroup extends Pick<VersionGroup, 'hotkey' | 'job_id' | 'snapshot' | 'documents' | 'text_bytes'> {
  /** By sha256, in the order of the snapshot. */
  files: Map<string, DraftFile>
}

/**
 * The version that follows another: begun as its parent is, changed row by row and file by file, and written as a manifest. Only groups that are asked for are
 * read, and only the vectors of files whose rows change.
 */
export class Draft {
  readonly head: DatasetEntry | undefined
  readonly #store: ObjectStore
  readonly #name: string
  /** As its parent has them. */
  readonly #parent: ReadTree<VersionGroup> | undefined
  /** The same by line. */
  readonly #former: Map<string, VersionGroup>
  readonly #groups = new Map<string, DraftGroup>()
  #documents: number
  #textBytes: number
  /** Of the line so far. */
  #sights: number
  readonly #labels: Tally
  readonly #dropped: Tally
  readonly #sightOf = new Map<string, number>()
  /** Ids that went, and that came: a text may have changed its copy. */
  readonly #went = new Set<string>()
  readonly #came = new Set<string>()

  /** Begins the version that follows `head`. @throws OrreryError `data_unreadable`, `not_found` when a page of its groups is damaged or missing */
  static async after(store: ObjectStore, name: string, head: DatasetEntry | undefined): Promise<Draft> {
    return new Draft(store, name, head, head?.kind === 'version' ? await readVersionGroups(store, head.manifest) : undefined)
  }

  private constructor(store: ObjectStore, name: string, head: DatasetEntry | undefined, groups: ReadTree<VersionGroup> | undefined) {
    this.#store = store
    this.#name = name
    this.head = head
    const parent = head?.kind === 'version' ? head.manifest : undefined
    this.#parent = groups
    this.#former = new Map((groups?.items ?? []).map((group) => [lineOf(group), group]))
    this.#documents = parent?.documents ?? 0
    this.#textBytes = parent?.text_bytes ?? 0
    this.#sights = parent?.sights ?? 0
    this.#labels = new Tally(parent?.labels)
    this.#dropped = new Tally(parent?.dropped)
  }

  /** Address of the snapshot that the parent took in of a line. */
  snapshotOf(line: string): string | null | undefined {
    return this.#former.get(line)?.snapshot
  }

  /** Number of the sight of the new rows of somebody in this version. */
  sight(of: string): number {
    const number = this.#sightOf.get(of) ?? ++this.#sights
    this.#sightOf.set(of, number)
    return number
  }

  /** Of the groups of the parent. */
  lines(): Pick<VersionGroup, 'hotkey' | 'job_id' | 'snapshot'>[] {
    return [...this.#former.values()]
  }

  get documents(): number {
    return this.#documents
  }

  /** Rows that are copies of documents. */
  get shadowed(): number {
    return this.#dropped.get('duplicate')
  }

  set shadowed(rows: number) {
    this.#dropped.add('duplicate', rows - this.shadowed)
  }

  /** Labels of all documents. */
  get labels(): Pick<Tally, 'size' | 'get'> {
    return this.#labels
  }

  /** Labels of all files of a hotkey: costs a list of each of its jobs. */
  async labelsOf(hotkey: string): Promise<Set<string>> {
    const labels = new Set<string>()
    for (const former of this.#former.values())
      if (former.hotkey === hotkey) for (const { file } of await readGroup(this.#store, former)) for (const [label] of file.labels) labels.add(label)
    return labels
  }

  /** All groups of the parent, one at a time. */
  async *groups(): AsyncGenerator<DraftGroup> {
    for (const { hotkey, job_id } of this.#former.values()) yield await this.group(hotkey, job_id)
  }

  /** @throws OrreryError `data_unreadable` */
  async group(hotkey: string, jobId: string): Promise<DraftGroup> {
    const line = lineOf({ hotkey, job_id: jobId })
    const known = this.#groups.get(line)
    if (known) return known
    const former = this.#former.get(line)
    const group: DraftGroup = { documents: 0, text_bytes: 0, snapshot: null, ...former, hotkey, job_id: jobId, files: new Map() }
    for (const listed of former ? await readGroup(this.#store, former) : []) group.files.set(listed.file.sha256, new DraftFile(listed))
    this.#countFiles(group, -1)
    this.#groups.set(line, group)
    return group
  }

  /** A file of which nothing was taken yet, added to its group. */
  addFile(group: DraftGroup, file: DataFile): DraftFile {
    const added = DraftFile.new(file)
    group.files.set(file.sha256, added)
    return added
  }

  /** Counts live rows, and notes them in the vectors of their files. A file that left its group has none any more. */
  async apply({ came, went, shadowed }: Pick<Decision, 'came' | 'went' | 'shadowed'>): Promise<void> {
    for (const row of went) await this.#turn(row, -1)
    for (const row of came) await this.#turn(row, 1)
    for (const { facts } of came) this.#came.add(facts.id)
    for (const { facts } of went) this.#went.add(facts.id)
    this.shadowed += shadowed
  }

  async #turn({ facts, place }: LiveRow, by: 1 | -1): Promise<void> {
    const group = await this.group(facts.hotkey, facts.jobId)
    await group.files.get(place.file)?.turn(this.#store, place.row, by === 1)
    this.#count(group, facts, by)
  }

  #count(group: DraftGroup, { label, textBytes }: RowFacts, by: 1 | -1): void {
    group.documents += by
    group.text_bytes += by * textBytes
    this.#documents += by
    this.#textBytes += by * textBytes
    this.#labels.add(label, by)
  }

  #countFiles({ files }: DraftGroup, by: 1 | -1): void {
    for (const { file, taken, refused } of files.values()) {
      this.#dropped.add('not_taken', by * (file.rows - taken))
      for (const [reason, count] of refused.counts()) this.#dropped.add(reason, by * count)
    }
  }

  /**
   * Writes what the parent has not: vectors, lists, the ids that are gone. The draft is at its end with that.
   * @returns undefined when the version would be its parent again
   */
  async manifest({ origin, cleaning }: Pick<VersionManifest, 'origin' | 'cleaning'>): Promise<VersionManifest | undefined> {
    const groups = new Map(this.#former)
    for (const [line, group] of this.#groups) {
      this.#countFiles(group, 1)
      // Of a job that has no files any more nothing is said: versions would list it for ever.
      if (group.files.size > 0) groups.set(line, await this.#writeGroup(group))
      else groups.delete(line)
    }
    const parent = this.head?.kind === 'version' ? this.head.manifest : undefined
    const isSame = groups.size === this.#former.size && [...groups].every(([line, group]) => isSameGroup(group, this.#former.get(line)))
    if (isSame && (groups.size === 0 || parent?.cleaning === cleaning)) return undefined
    const sorted = [...groups.values()].toSorted((a, b) => compareText(a.hotkey, b.hotkey) || compareText(a.job_id, b.job_id))
    return {
      kind: 'version',
      parent: this.head?.sha256 ?? null,
      origin,
      name: this.#name,
      cleaning,
      ...(this.#sights > 0 && { sights: this.#sights }),
      groups: await writeGroups(this.#store, sorted, { prefix: listFolder(this.#name), former: this.#parent }),
      files: sorted.reduce((sum, { files }) => sum + files, 0),
      gone: await writeGoneIds(this.#store, this.#name, this.#went.difference(this.#came)),
      documents: this.#documents,
      text_bytes: this.#textBytes,
      labels: this.#labels.counts(),
      dropped: this.#dropped.counts(),
    }
  }

  async #writeGroup({ files, ...group }: DraftGroup): Promise<VersionGroup> {
    const listed: VersionFile[] = []
    for (const file of files.values()) listed.push(await file.write(this.#store, `${datasetFolder(this.#name)}deletes/`))
    return { ...group, list: await writeList(this.#store, listFolder(this.#name), listed), files: listed.length }
  }
}

/** Also that a snapshot was taken in to its end is something to say, though its last rows came with the version before. */
const isSameGroup = ({ list, snapshot }: VersionGroup, former: VersionGroup | undefined): boolean =>
  list.sha256 === former?.list.sha256 && snapshot === former.snapshot

const lineOf = ({ hotkey, job_id }: Pick<VersionGroup, 'hotkey' | 'job_id'>): string => lineage.snapshot(hotkey, job_id).name
