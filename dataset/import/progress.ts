import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { replaceFile } from '#infra/store/replace-file.ts'

const SourceProgress = z.strictObject({
  /** First row that was not looked at yet. */
  next: z.int().nonnegative(),
  isDone: z.boolean(),
  /** When it was begun, ms since epoch: what has no time is of then. */
  begunAt: z.int(),
})
export type SourceProgress = z.infer<typeof SourceProgress>

const Sources = z.array(z.tuple([z.string(), SourceProgress]))
const Notes = z.strictObject({
  /** When the import that is not at its end yet was begun, ms since epoch: it goes on with that. */
  begunAt: z.int().nullable(),
  /** By what a source is known by. */
  sources: Sources,
  /** Where they stand once that file (sha256) is in the snapshot. */
  pending: z.strictObject({ file: z.string(), sources: Sources }).nullable(),
})

/**
 * How far the sources of a job were read: one line for each file that was ever imported. Lost, they are read once more; what comes of that is there already.
 */
export class ImportProgress {
  readonly #path: string
  readonly #sources: Map<string, SourceProgress>
  #begunAt: number

  private constructor(path: string, sources: Iterable<[string, SourceProgress]>, begunAt: number) {
    this.#path = path
    this.#sources = new Map(sources)
    this.#begunAt = begunAt
  }

  /**
   * @param isThere whether a file (sha256) is in the snapshot: a run may have ended just before, or just behind that
   * @param now ms since epoch
   */
  static async open(path: string, isThere: (file: string) => boolean, now: number): Promise<ImportProgress> {
    const { sources, pending, begunAt } = await readNotes(path)
    const progress = new ImportProgress(path, pending && isThere(pending.file) ? [...sources, ...pending.sources] : sources, begunAt ?? now)
    await progress.note([])
    return progress
  }

  /** Of this import, or of the one that it goes on with. */
  get begunAt(): number {
    return this.#begunAt
  }

  of(source: string): SourceProgress | undefined {
    return this.#sources.get(source)
  }

  /** To be called before the file is in the snapshot. */
  async announce(file: string, sources: Iterable<[string, SourceProgress]>): Promise<void> {
    await this.#write({ begunAt: this.#begunAt, pending: { file, sources: [...sources] } })
  }

  async note(sources: Iterable<[string, SourceProgress]>): Promise<void> {
    for (const [source, progress] of sources) this.#sources.set(source, progress)
    await this.#write({ begunAt: this.#begunAt, pending: null })
  }

  /** The next import is another. */
  end(): Promise<void> {
    return this.#write({ begunAt: null, pending: null })
  }

  #write(notes: Pick<z.infer<typeof Notes>, 'begunAt' | 'pending'>): Promise<void> {
    return replaceFile(this.#path, JSON.stringify({ sources: [...this.#sources], ...notes }))
  }
}

/** What is torn or missing means from the beginning. */
async function readNotes(path: string): Promise<z.infer<typeof Notes>> {
  try {
    return Notes.parse(JSON.parse(await readFile(path, 'utf8')))
  } catch {
    return { begunAt: null, sources: [], pending: null }
  }
}
