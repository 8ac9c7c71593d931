import { sha256Hex } from '#schemas/canonical-json.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import { sourcesOf } from '#dataset/versions.ts'
import { croissant, croissantPath } from './croissant.ts'
import { datasetCard } from './card.ts'
import type { Hub, LargeObject, Operation } from './hub.ts'
import { cardWithKept } from './kept-card.ts'
import { sendLarge, type LargeFile } from './large-files.ts'
import { materialize, pathOf, type PublishedFile } from './layout.ts'
import { cardPath, markerPath, markerText } from './ownership.ts'
import type { Progress } from './progress.ts'
import { isSameText, type Difference, type Shipment } from './difference.ts'

export interface SendParts {
  hub: Hub
  store: ObjectStore
  repo: string
  hubUrl: string
  shipment: Shipment
  difference: Difference
  /** Commit that the difference is to. */
  head: string
  /** Whether what people wrote into the card is replaced, too. */
  replaces: boolean
  /** A folder on disk. */
  spool: string
  progress: Progress
  signal: AbortSignal
}

export interface Sent {
  /** The last commit; undefined when there was nothing to do. */
  commit: string | undefined
  commits: number
  /** Somebody else committed: the difference is no more what it was. */
  isMoved: boolean
}

/** Files of one commit, as the Hub advises. */
const filesOfCommitMax = 100
/** Files that are made before they are sent. */
const groupMax = { files: 4, bytes: 256 * 2 ** 20 }

/**
 * Turns the repository into the wanted one. Mostly that is one commit. What takes several begins with one that says so in the marker, and ends with the one that
 * has the card. On disk are the files of one group.
 */
export async function send(parts: SendParts): Promise<Sent> {
  const { shipment, difference, progress } = parts
  const { entry } = shipment
  const { missing, gone, kept, found } = difference
  const branch = new Branch(parts)
  let downloadBytes = kept.reduce((sum, { bytes }) => sum + bytes, 0)
  progress.begin(
    missing.reduce((sum, { listed }) => sum + listed.file.bytes, 0),
    missing.length,
  )
  const isLong = missing.length + gone.length + 3 > filesOfCommitMax
  const begun = markerText(entry, false)
  if (isLong && !isSameText(begun, found.get(markerPath))) branch.add({ add: markerPath, text: begun })
  for await (const group of groupsOf(missing, parts))
    for (const { path, object } of group) {
      downloadBytes += object.bytes
      if (!(await branch.put({ add: path, object }))) return branch.sent(true)
    }
  // A damaged one is written over.
  for (const path of gone) if (!branch.hasAdded(path) && !(await branch.put({ remove: path }))) return branch.sent(true)
  const told = { ...parts, ...shipment, downloadBytes, sources: await sourcesOf(parts.store, entry.manifest) }
  const card = datasetCard(told)
  const texts = [
    [cardPath, parts.replaces ? card : await cardWithKept(parts.hub, card, found.get(cardPath))],
    [croissantPath, croissant(told)],
    [markerPath, markerText(entry, true)],
  ] as const
  const isNew = (path: string, text: string) => !isSameText(text, found.get(path)) || branch.hasAdded(path)
  const changed = texts.filter(([path, text]) => isNew(path, text)).map(([path, text]) => ({ path, text }))
  if (branch.waiting + changed.length > filesOfCommitMax && !(await branch.commit())) return branch.sent(true)
  for (const operation of await inTheirPlace(parts, changed)) branch.add(operation)
  return branch.sent(!(await branch.commit()))
}

/** Small files, mostly in Git itself; where the hub wants them in large file storage, there. */
async function inTheirPlace({ hub, progress }: SendParts, texts: readonly { path: string; text: string }[]): Promise<Operation[]> {
  if (texts.length === 0) return []
  const large = await hub.largeOf(texts)
  const files = texts.filter(({ path }) => large.has(path)).map(({ path, text }) => ({ path, file: inMemory(Buffer.from(text)) }))
  await sendLarge(
    hub.requests,
    files.map(({ file }) => file),
    progress.sent,
  )
  return [
    ...files.map(({ path, file }) => ({ add: path, object: file })),
    ...texts.filter(({ path }) => !large.has(path)).map(({ path, text }) => ({ add: path, text })),
  ]
}

/** Makes and sends files, some at a time. */
async function* groupsOf(files: readonly PublishedFile[], parts: SendParts): AsyncGenerator<{ path: string; object: LargeObject }[]> {
  const { hub, shipment, progress } = parts
  for (let at = 0; at < files.length;) {
    await using made = new AsyncDisposableStack()
    const group: { path: string; object: LargeFile; estimate: number }[] = []
    for (let bytes = 0; at < files.length && group.length < groupMax.files && bytes < groupMax.bytes; at++) {
      const file = files[at] as PublishedFile
      const object = made.use(await materialize(file, { ...parts, layout: shipment.layout }))
      bytes += object.bytes
      group.push({ path: pathOf(file, object.sha256), object, estimate: file.listed.file.bytes })
    }
    await sendLarge(
      hub.requests,
      group.map(({ object }) => object),
      progress.sent,
    )
    progress.done(
      group.length,
      group.reduce((sum, { estimate }) => sum + estimate, 0),
    )
    yield group.map(({ path, object: { sha256, bytes } }) => ({ path, object: { sha256, bytes } }))
  }
}

/** The main branch, which commits follow one another on. */
class Branch {
  readonly #parts: SendParts
  readonly #added = new Set<string>()
  /** By path: of two on the same the later one counts. */
  readonly #operations = new Map<string, Operation>()
  #head: string
  #commits = 0

  constructor(parts: SendParts) {
    this.#parts = parts
    this.#head = parts.head
  }

  get waiting(): number {
    return this.#operations.size
  }

  /** Whether an operation of before adds it. */
  hasAdded(path: string): boolean {
    return this.#added.has(path)
  }

  add(operation: Operation): void {
    const path = 'add' in operation ? operation.add : operation.remove
    this.#operations.set(path, operation)
    if ('add' in operation) this.#added.add(path)
  }

  /** Adds it, and commits what is as much as one commit takes. @returns false when somebody else committed */
  async put(operation: Operation): Promise<boolean> {
    this.add(operation)
    return this.waiting < filesOfCommitMax || this.commit()
  }

  /** @returns false when somebody else committed */
  async commit(): Promise<boolean> {
    const { hub, shipment, progress } = this.#parts
    const { version, sha256, manifest } = shipment.entry
    if (this.#operations.size === 0) return true
    const operations = [...this.#operations.values()]
    this.#operations.clear()
    const commit = await hub.commit(operations, {
      parent: this.#head,
      title: `Publish version ${version} of ${manifest.name}`,
      description: `Manifest ${sha256}.`,
    })
    if (commit === undefined) return false
    this.#head = commit
    this.#commits++
    progress.say(`commit ${commit}: ${operations.length} files`)
    return true
  }

  sent(isMoved: boolean): Sent {
    return { commit: this.#commits > 0 ? this.#head : undefined, commits: this.#commits, isMoved }
  }
}

const inMemory = (content: Buffer): LargeFile => ({
  sha256: sha256Hex(content),
  bytes: content.length,
  async *read(start, end) {
    yield content.subarray(start, end)
  },
})
