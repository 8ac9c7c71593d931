import type { NearDuplicates } from '#schemas/near-duplicates.ts'
import { fingerprints } from '#test/golden/fingerprints.ts'
import { program } from './program.ts'

const batch = 7

await program<NearDuplicates & AsyncDisposable>({
  /** Goes on after what is there. */
  async add(index, { say }) {
    for (;;) {
      const { documents } = await index.stats()
      await index.add(fingerprints(batch, documents))
      say({ documents: documents + batch })
    }
  },
})
