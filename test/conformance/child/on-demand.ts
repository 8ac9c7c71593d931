import { OnDemandWish, type OnDemandJobs } from '#schemas/on-demand.ts'
import { program } from './program.ts'

await program<OnDemandJobs>({
  async serve(jobs, { say }) {
    const [hotkey, wish] = ['5Anna', OnDemandWish.parse({ job: { platform: 'web', keywords: ['tao'] } })]
    for (;;) {
      const { id } = await jobs.create(wish)
      await jobs.promise(id, hotkey)
      const { delivered } = await jobs.deliver(id, hotkey, { bytes: 1, sha256: 'a'.repeat(64) })
      say({ id, at: delivered?.at })
    }
  },
})
