import type { committedRuns } from '#infra/runs/committed-runs.fixture.ts'
import { program } from './program.ts'

const batch = 3000

await program<ReturnType<typeof committedRuns>>({
  /** Goes on after what is there. */
  async add(runs, { say }) {
    for (;;) {
      runs.add(batch)
      say({ count: runs.count })
      runs.merge()
    }
  },
})
