import { setImmediate } from 'node:timers/promises'
import { compareText } from '#schemas/compare-text.ts'
import { OrreryError } from '#schemas/errors.ts'
import { compareCopies, linkNext, type Fingerprint } from '#schemas/identity/clusters.ts'
import { Links } from '#schemas/identity/links.ts'
import { ordinalsMax, PostingTable } from '#schemas/identity/posting-table.ts'
import { bandHashes, bandKeys, nearDuplicateMin, signatureBytes, similarity } from '#schemas/identity/signature.ts'
import type { NearDuplicates, Neighbour } from '#schemas/near-duplicates.ts'
import { encodeRecord, factsOf, keyOf, signatureOf } from './record.ts'
import { Runs } from './runs.ts'
import { lockFolder } from '../corpus-index/writer-lock.ts'

type Facts = Omit<Fingerprint, 'signature'>

export interface IndexOptions {
  /** Beside another process that writes: what it adds from now on is not seen, and nothing can be added. */
  readOnly?: boolean
}

const firstCapacity = 1024
const growth = 1.5
/** One write and one sync for so many; between two batches others get their turn. */
const batchMax = 2000
const membersMax = 256
const limitDefault = 20

/**
 * Near-duplicates in a folder: signatures and facts in append-only runs (about 560 bytes a document), and in memory a table of bands and keys, links and
 * positions: 195 bytes a document when the tables are full, 290 just after they have grown. A million is opened in 20 s of CPU.
 * @throws OrreryError `conflict` beside another writer, `data_unreadable`
 */
export function fileNearDuplicates(folder: string, { readOnly = false }: IndexOptions = {}): NearDuplicates & AsyncDisposable {
  const stack = new DisposableStack()
  try {
    if (!readOnly) stack.use(lockFolder(folder))
    const index = new FolderIndex(folder, readOnly)
    stack.use(index)
    return {
      add: (batch) => index.add(batch),
      heads: (keys) => index.heads(keys),
      members: async (key) => index.members(key),
      near: async (signatures, limit = limitDefault) => signatures.map((signature) => index.near(signature, limit)),
      stats: async () => index.stats(),
      [Symbol.asyncDispose]: async () => stack.dispose(),
    }
  } catch (error) {
    stack.dispose()
    throw error
  }
}

class FolderIndex implements Disposable {
  readonly #isReadOnly: boolean
  readonly #runs: Runs
  readonly #links = new Links()
  #count = 0
  #clusters = 0
  #capacity = 0
  #bands = new PostingTable(0)
  #keys = new PostingTable(0)
  /** ordinal → where its record is. */
  #positions = new Uint32Array(0)
  /** Root of a cluster → its best copy. */
  #best = new Uint32Array(0)

  constructor(folder: string, isReadOnly: boolean) {
    this.#isReadOnly = isReadOnly
    this.#runs = new Runs(folder, isReadOnly)
    this.#runs.load(
      (records) => this.#reserve(Math.min(records, ordinalsMax)),
      (record, position) => this.#place(keyOf(record), signatureOf(record), position),
    )
  }

  async add(batch: readonly Fingerprint[]): Promise<number> {
    if (this.#isReadOnly) throw new OrreryError('invalid_argument', 'These near-duplicates were opened for reading alone; open them without readOnly.')
    for (const fingerprint of batch) check(fingerprint)
    let added = 0
    // By key, so that what stands on disk does not depend on the order within a batch either.
    for await (const part of inTurns(bestOfKeys(batch))) {
      const before = this.#count
      this.#append(part.filter((fingerprint) => this.#isNews(fingerprint)))
      added += this.#count - before
    }
    return added
  }

  async heads(keys: readonly string[]): Promise<(string | undefined)[]> {
    const heads: (string | undefined)[] = []
    for await (const part of inTurns(keys)) for (const key of part) heads.push(this.head(key))
    return heads
  }

  head(key: string): string | undefined {
    const ordinal = this.#ordinalOf(key)
    return ordinal === undefined ? undefined : keyOf(this.#record(this.#best[this.#links.root(ordinal)] as number))
  }

  members(key: string): Facts[] {
    const ordinal = this.#ordinalOf(key)
    if (ordinal === undefined) return []
    return [...this.#links.members(ordinal)].map((member) => this.#facts(member)).toSorted(compareCopies)
  }

  near(signature: Uint8Array, limit: number): Neighbour[] {
    const clusters = new Set<number>()
    for (const hash of bandHashes(signature)) {
      this.#bands.find(hash, (ordinal) => {
        const root = this.#links.root(ordinal)
        if (!clusters.has(root) && similarity(signature, signatureOf(this.#record(ordinal))) >= nearDuplicateMin) clusters.add(root)
        return false
      })
    }
    const neighbours: Neighbour[] = []
    for (const root of clusters) {
      for (const member of this.#links.members(root).take(membersMax)) {
        const alike = similarity(signature, signatureOf(this.#record(member)))
        if (alike >= nearDuplicateMin) neighbours.push({ ...this.#facts(member), similarity: alike })
      }
    }
    const ranked = neighbours.toSorted((a, b) => b.similarity - a.similarity || compareCopies(a, b))
    return [...Map.groupBy(ranked, ({ uri }) => uri).values()].map(([best]) => best as Neighbour).slice(0, limit)
  }

  stats() {
    const memoryBytes = this.#bands.bytes + this.#keys.bytes + this.#links.bytes + this.#positions.byteLength + this.#best.byteLength
    return { documents: this.#count, clusters: this.#clusters, memoryBytes, diskBytes: this.#runs.bytes }
  }

  [Symbol.dispose](): void {
    this.#runs[Symbol.dispose]()
  }

  /** Not known, or known with worse facts. */
  #isNews(fingerprint: Fingerprint): boolean {
    const ordinal = this.#ordinalOf(fingerprint.key)
    return ordinal === undefined || compareCopies(fingerprint, this.#facts(ordinal)) < 0
  }

  #append(batch: readonly Fingerprint[]): void {
    this.#reserve(this.#count + batch.length)
    const known = (key: string): Uint8Array | undefined => {
      const ordinal = this.#ordinalOf(key)
      return ordinal === undefined ? undefined : Buffer.from(signatureOf(this.#record(ordinal)))
    }
    const positions = this.#runs.append(
      batch.map((fingerprint) => encodeRecord({ ...fingerprint, signature: known(fingerprint.key) ?? fingerprint.signature })),
    )
    for (const [at, { key, signature }] of batch.entries()) this.#place(key, signature, positions[at] as number)
  }

  #place(key: string, signature: Uint8Array, position: number): void {
    const known = this.#ordinalOf(key)
    const ordinal = known ?? this.#links.add()
    this.#positions[ordinal] = position
    if (known !== undefined) {
      const root = this.#links.root(known)
      this.#best[root] = this.#better(known, this.#best[root] as number)
      return
    }
    this.#count++
    this.#clusters++
    this.#best[ordinal] = ordinal
    this.#keys.add(hashOf(key), ordinal)
    linkNext(ordinal, signature, {
      links: this.#links,
      table: this.#bands,
      threshold: nearDuplicateMin,
      signatureOf: (other) => signatureOf(this.#record(other)),
      onJoin: (a, b) => this.#join(this.#links.root(a), this.#links.root(b)),
    })
  }

  #join(rootA: number, rootB: number): void {
    this.#clusters--
    this.#best[Math.min(rootA, rootB)] = this.#better(this.#best[rootA] as number, this.#best[rootB] as number)
  }

  #better(a: number, b: number): number {
    return a === b || compareCopies(this.#facts(a), this.#facts(b)) < 0 ? a : b
  }

  #ordinalOf(key: string): number | undefined {
    let ordinal: number | undefined
    this.#keys.find(hashOf(key), (found) => {
      if (keyOf(this.#record(found)) === key) ordinal = found
      return ordinal !== undefined
    })
    return ordinal
  }

  #record(ordinal: number): Buffer {
    return this.#runs.read(this.#positions[ordinal] as number)
  }

  #facts(ordinal: number): Facts {
    return factsOf(this.#record(ordinal))
  }

  /** Room for so many documents: larger tables, filled again from the runs. */
  #reserve(documents: number): void {
    if (documents <= this.#capacity) return
    if (documents > ordinalsMax) throw new OrreryError('too_large', `One index of near-duplicates holds ${ordinalsMax} documents at most; split the crawl.`)
    this.#capacity = Math.min(ordinalsMax, Math.max(firstCapacity, documents, Math.ceil(this.#capacity * growth)))
    this.#positions = grown(this.#positions, this.#capacity)
    this.#best = grown(this.#best, this.#capacity)
    // The old ones go before the new ones come.
    this.#bands = this.#keys = new PostingTable(0)
    this.#bands = new PostingTable(this.#capacity * bandKeys)
    this.#keys = new PostingTable(this.#capacity)
    for (let ordinal = 0; ordinal < this.#count; ordinal++) {
      const record = this.#record(ordinal)
      this.#keys.add(hashOf(keyOf(record)), ordinal)
      for (const hash of bandHashes(signatureOf(record))) this.#bands.add(hash, ordinal)
    }
  }
}

async function* inTurns<T>(items: readonly T[]): AsyncGenerator<readonly T[]> {
  for (let at = 0; at < items.length; at += batchMax) {
    if (at > 0) await setImmediate()
    yield items.slice(at, at + batchMax)
  }
}

function grown(old: Uint32Array, size: number): Uint32Array<ArrayBuffer> {
  const array = new Uint32Array(size)
  array.set(old)
  return array
}

/** A key is a hash itself. */
const hashOf = (key: string): number => Number.parseInt(key.slice(0, 8), 16)

function check({ key, signature }: Fingerprint): void {
  if (!/^[0-9a-f]{64}$/.test(key)) throw new OrreryError('invalid_argument', `"${key}" is no key of a document; it has 64 hex digits.`)
  if (signature.length !== signatureBytes)
    throw new OrreryError('invalid_argument', `The signature of ${key} has ${signature.length} bytes; it must have ${signatureBytes}.`)
}

/** One fingerprint for each key, that of the better copy; by key. */
function bestOfKeys(batch: readonly Fingerprint[]): Fingerprint[] {
  const best = new Map<string, Fingerprint>()
  for (const fingerprint of batch) {
    const known = best.get(fingerprint.key)
    if (!known || compareCopies(fingerprint, known) < 0) best.set(fingerprint.key, fingerprint)
  }
  return [...best.values()].toSorted((a, b) => compareText(a.key, b.key))
}
