import type { CorpusIndex } from '#schemas/corpus-index.ts'
import { historyChange } from '#test/golden/corpus-rows.ts'
import { program } from './program.ts'

await program<CorpusIndex & AsyncDisposable>({
  /** Goes on with the history after what is there. */
  async grow(index, { say }) {
    for (let n = Number((await index.pending()) ?? 0); ; n++) {
      await index.commit(historyChange(n))
      say({ changes: n + 1 })
    }
  },
})
