import type { CorpusIndex } from '#schemas/corpus-index.ts'
import { historyChange, toldOfHistory } from '#test/golden/corpus-rows.ts'
import { program } from './program.ts'

await program<CorpusIndex & AsyncDisposable>({
  /** Goes on with the history after what is there. */
  async grow(index, { say }) {
    for (let n = Number((await index.pending()) ?? 0); ; n++) {
      await index.commit(historyChange(n))
      say({ changes: n + 1 })
    }
  },
  /** As far as it comes. */
  async fill(index, { say }) {
    let changes = 0
    const failure = await (async () => {
      for (; ; changes++) await index.commit(historyChange(changes))
    })().catch((error: unknown) => error)
    const told = await toldOfHistory(index, changes)
    say({ changes, code: (failure as { code?: string }).code, told })
  },
})
