import type { Document } from '#schemas/document.ts'
import type { SourceProgress } from './progress.ts'

/** Of one data file: so much is in memory. */
const portionMax = { chars: 2 ** 25, documents: 50_000 }

/** Documents that become a file together, and where their sources stand then. */
export class Portion {
  readonly documents: Document[] = []
  readonly sources = new Map<string, SourceProgress>()
  #chars = 0

  /** That of the first source: the same after a run that was cut off. */
  get begunAt(): Date {
    const [first] = this.sources.values()
    return new Date(first?.begunAt ?? 0)
  }

  get isFull(): boolean {
    return this.#chars >= portionMax.chars || this.documents.length >= portionMax.documents
  }

  begin(source: string, progress: SourceProgress): void {
    if (!this.sources.has(source)) this.sources.set(source, progress)
  }

  reach(source: string, progress: SourceProgress): void {
    this.sources.set(source, progress)
  }

  add(document: Document): void {
    this.documents.push(document)
    this.#chars += document.text.length + (document.markdown?.length ?? 0)
  }
}
