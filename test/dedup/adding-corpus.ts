import { createHash } from 'node:crypto'
import type { CorpusIndex } from '#schemas/corpus-index.ts'
import type { Document } from '#schemas/document.ts'
import type { Reject } from '#schemas/stage.ts'
import { decide } from '#scraper/dedup/arrivals.ts'
import { Recutting, recutDocument } from '#scraper/dedup/recut.ts'
import type { Withdrawal } from '#scraper/shard/arrival.ts'

/** What is decided, without files: each document stands in a file of its own that is a name. */
export class AddingCorpus {
  readonly #index: CorpusIndex
  #files = 0
  /** Live rows by the name of their file. */
  readonly rows = new Map<string, Document>()

  constructor(index: CorpusIndex) {
    this.#index = index
  }

  async take(documents: readonly Document[], withdrawals: readonly Withdrawal[] = []): Promise<Reject[]> {
    const { incoming, remembered, gone, withdrawn, rejects } = await decide(this.#index, documents, withdrawals)
    const add = [...remembered, ...incoming.map(({ document, row }) => ({ ...row, place: { file: this.#put(document), row: 0 } }))]
    for (const { place } of gone) this.rows.delete(place?.file ?? '')
    const change = gone.map(({ ordinal }) => ({ ordinal, state: 'remembered' as const, place: null }))
    await this.#index.commit({ add, change, withdrawn, dropFiles: gone.flatMap(({ place }) => place?.file ?? []) })
    return rejects
  }

  /** Writes all rows again. */
  async compact(): Promise<void> {
    const recutting = new Recutting(this.#index)
    for (const [file, document] of this.rows) {
      const [row] = await this.#index.rows(file)
      if (row) await recutting.look([{ row, document }])
    }
    const { replaced, gone, keepers } = await recutting.settle()
    const change = [...gone, ...[...replaced.values()].map(({ former }) => former)]
    const add = [...replaced.values()].map((cut) => {
      const document = recutDocument(this.rows.get(cut.former.place?.file ?? '') as Document, cut)
      const place = { file: this.#put(document), row: 0 }
      return {
        facts: cut.facts,
        signature: document.minhash,
        state: 'live' as const,
        place,
        joins: [{ ordinal: cut.former.ordinal }],
        paragraphs: cut.paragraphs,
      }
    })
    for (const { place } of change) this.rows.delete(place?.file ?? '')
    await this.#index.commit({
      add,
      change: change.map(({ ordinal }) => ({ ordinal, state: 'remembered' as const, place: null })),
      keepers: keepers.map(({ paragraph, ordinal }) => ({ paragraph, keeper: { ordinal } })),
      dropFiles: change.flatMap(({ place }) => place?.file ?? []),
    })
  }

  #put(document: Document): string {
    const file = createHash('sha256')
      .update(`file ${this.#files++}`)
      .digest('hex')
    this.rows.set(file, document)
    return file
  }
}
