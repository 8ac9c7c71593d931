import { join } from 'node:path'
import { lockFolder } from '#infra/corpus-index/writer-lock.ts'
import { portThread } from '#infra/sqlite/port-thread.ts'
import type { Clock } from '#schemas/clock.ts'
import { OrreryError } from '#schemas/errors.ts'
import { followVersions, type FollowParts } from '../follow.ts'
import type { DatasetEntry } from '../../versions.ts'
import { indexFiles, indexFormat, removeIndex, type IndexFile } from './index-folder.ts'
import { indexReaderMethods, type IndexReader } from './index-reader.ts'
import { indexWriterMethods, type IndexWriter } from './index-writer.ts'

const readerModule = new URL('index-reader.ts', import.meta.url).href
const writerModule = new URL('index-writer.ts', import.meta.url).href

/** So many rows that are gone, and more than half of all, are worth another index. */
const goneMin = 10_000

export interface IndexParts extends Pick<FollowParts, 'catalog' | 'store' | 'telemetry'> {
  /** Of this dataset. */
  folder: string
  clock: Clock
}

/** The index of one dataset: who asks is answered in one thread while another writes. */
export class DatasetIndex implements AsyncDisposable {
  readonly #parts: IndexParts
  readonly reader: IndexReader & AsyncDisposable
  #writer: { port: IndexWriter & AsyncDisposable; generation: number } | undefined
  #working: Promise<void> | undefined
  #isNewest = false
  #synced: Promise<unknown> | undefined
  /** The version that it has whole. */
  followed = 0

  constructor(parts: IndexParts) {
    this.#parts = parts
    this.reader = portThread(`the index ${parts.folder}`, parts.clock).open<IndexReader>(
      { module: readerModule, factory: 'openIndexReader', args: [parts.folder] },
      indexReaderMethods,
    )
  }

  /** What is on disk is taken in, once. */
  async ready(): Promise<void> {
    this.#synced ??= this.sync().catch((error: unknown) => {
      this.#synced = undefined
      throw error
    })
    await this.#synced
  }

  async sync(): Promise<void> {
    const { followed, isNewest } = await this.reader.sync()
    this.followed = followed
    this.#isNewest = isNewest
  }

  /** One at a time: who comes while one is under way waits for it, and goes on from there. @throws OrreryError `conflict` while another process writes */
  async follow(head: DatasetEntry, signal: AbortSignal): Promise<void> {
    while (this.#working) await this.#working.catch(() => undefined)
    signal.throwIfAborted()
    if (this.followed >= head.version && this.#isNewest) return
    await this.#alone(() => this.#follow(head, signal))
  }

  /** It is damaged: it goes, and the next is begun. */
  async discard(): Promise<void> {
    while (this.#working) await this.#working.catch(() => undefined)
    await this.#alone(async () => {
      await this.#closeWriter()
      await this.reader.close()
      const old = indexFiles(this.#parts.folder)
      // The next generation is there before this one goes: another process sees that it is another.
      await this.#openWriter(newestOf(old) + 1).state()
      for (const file of old) removeIndex(file)
      await this.sync()
    })
  }

  async #alone(work: () => Promise<void>): Promise<void> {
    const lock = lockFolder(this.#parts.folder)
    this.#working = work()
    try {
      await this.#working
    } finally {
      this.#working = undefined
      lock[Symbol.dispose]()
    }
  }

  async #follow(head: DatasetEntry, signal: AbortSignal): Promise<void> {
    const writer = await this.#current()
    await this.#followInto(writer, head, signal)
    const { rows, gone } = await writer.state()
    if (gone < goneMin || gone < rows / 2) return
    // Of words whose documents are gone only another index is free.
    await this.#closeWriter()
    await this.#followInto(this.#openWriter(newestOf(indexFiles(this.#parts.folder)) + 1), head, signal)
  }

  async #followInto(writer: IndexWriter, head: DatasetEntry, signal: AbortSignal): Promise<void> {
    await writer.state()
    await this.sync()
    await followVersions({ ...this.#parts, writer, signal }, head)
    await this.sync()
    if (!this.#isNewest) return
    const files = indexFiles(this.#parts.folder)
    for (const file of files) if (file.generation < newestOf(files)) removeIndex(file)
  }

  /** What another process has begun is gone on with. */
  async #current(): Promise<IndexWriter> {
    const newest = indexFiles(this.#parts.folder).at(-1)
    const generation = newest?.format === indexFormat ? newest.generation : (newest?.generation ?? 0) + 1
    if (this.#writer?.generation !== generation) await this.#closeWriter()
    return this.#openWriter(generation)
  }

  #openWriter(generation: number): IndexWriter {
    if (this.#writer) return this.#writer.port
    const { folder, clock } = this.#parts
    const place = { module: writerModule, factory: 'openIndexWriter', args: [folder, generation] }
    this.#writer = { port: portThread(`the index ${folder}`, clock).open<IndexWriter>(place, indexWriterMethods), generation }
    return this.#writer.port
  }

  async #closeWriter(): Promise<void> {
    const writer = this.#writer
    this.#writer = undefined
    await writer?.port[Symbol.asyncDispose]()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#working?.catch(() => undefined)
    await this.#closeWriter()
    await this.reader[Symbol.asyncDispose]()
  }
}

const newestOf = (files: readonly IndexFile[]): number => files.at(-1)?.generation ?? 0

/** @param name of the dataset: letters, digits and . _ = @ + - */
export function indexFolder(folder: string, name: string): string {
  if (/^[A-Za-z0-9_=@+-][A-Za-z0-9._=@+-]{0,127}$/.test(name)) return join(folder, name)
  throw new OrreryError('invalid_argument', `"${name}" is no name of a dataset.`, { name })
}
