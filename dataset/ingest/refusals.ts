import { contentAddress } from '#schemas/canonical-json.ts'
import type { Catalog } from '#schemas/catalog.ts'
import type { ListedFile } from '#schemas/data-file.ts'
import { lineage } from '#schemas/lineage.ts'
import { cleaningVersion } from './clean.ts'

/** Of one hotkey, so that it cannot push out what is known of others. */
const perHotkeyMax = 500
const refusalsMax = 10_000

/**
 * Files of miners that cannot be taken, by all that is said of them: another file, or another deletion vector, is another matter. Kept in the catalog, as a file
 * that breaks off at its end would cost every new process a reading; beyond so many the oldest are forgotten, and looked at once more.
 */
export class Refusals {
  readonly #line: ReturnType<typeof lineage.refusals>
  /** By hotkey, who was refused last at the end, and by file, the same: why. */
  readonly #refused = new Map<string, Map<string, string>>()
  #count = 0
  #isSaved = true

  private constructor(name: string) {
    this.#line = lineage.refusals(name)
  }

  /** @param name of the dataset */
  static async read(catalog: Pick<Catalog, 'head'>, name: string): Promise<Refusals> {
    const refusals = new Refusals(name)
    const head = await catalog.head(refusals.#line)
    for (const { hotkey, file, reason } of head?.manifest.refused ?? []) refusals.#keep(hotkey, file, reason)
    return refusals
  }

  reasonOf(hotkey: string, listed: ListedFile): string | undefined {
    return this.#refused.get(hotkey)?.get(nameOf(listed))
  }

  /** @param reason a stable code */
  add(hotkey: string, listed: ListedFile, reason: string): void {
    if (this.reasonOf(hotkey, listed) === reason) return
    this.#keep(hotkey, nameOf(listed), reason)
    this.#isSaved = false
  }

  async save(catalog: Pick<Catalog, 'head' | 'commit'>): Promise<void> {
    if (this.#isSaved) return
    const parent = (await catalog.head(this.#line))?.sha256
    const refused = [...this.#refused].flatMap(([hotkey, files]) => [...files].map(([file, reason]) => ({ hotkey, file, reason })))
    await catalog.commit(this.#line, parent, { kind: 'refusals', parent: parent ?? null, refused })
    this.#isSaved = true
  }

  #keep(hotkey: string, file: string, reason: string): void {
    const files = this.#refused.get(hotkey) ?? new Map<string, string>()
    this.#refused.delete(hotkey)
    this.#refused.set(hotkey, files)
    if (!files.has(file)) this.#count++
    files.set(file, reason)
    if (files.size > perHotkeyMax) this.#forgetOldest(hotkey)
    if (this.#count > refusalsMax) this.#forgetOldest(this.#refused.keys().next().value as string)
  }

  #forgetOldest(hotkey: string): void {
    const files = this.#refused.get(hotkey)
    for (const file of files?.keys() ?? []) {
      files?.delete(file)
      this.#count--
      break
    }
    if (files?.size === 0) this.#refused.delete(hotkey)
  }
}

/** A miner's claim of a file speaks for its own keys alone; other rules may find it whole. */
const nameOf = ({ file: { key, sha256, bytes, rows }, deletes }: ListedFile): string =>
  contentAddress([cleaningVersion, key, sha256, bytes, rows, deletes && [deletes.key, deletes.sha256, deletes.bytes, deletes.rows]])
