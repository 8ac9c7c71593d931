import type { Queue } from '#schemas/queue.ts'
import { alone, program } from './program.ts'

const leaseMs = 600_000

await program<Queue>({
  async work(queue, { name, say }) {
    for (let i = 0; ; i++) {
      const added = [0, 1, 2].map((n) => `by-${name}/${i}-${n}`)
      await queue.add(added.map((key) => ({ key, body: { of: key } })))
      say({ added })
      const leases = await queue.claim({ limit: 2, leaseMs })
      await queue.done(leases)
      say({ done: leases.map(({ key }) => key) })
    }
  },

  async drain(queue, { clock, input, say }) {
    for (let stats = await queue.stats(); stats.waiting + stats.leased > 0; stats = await queue.stats()) {
      for (const lease of await queue.claim({ limit: 3, leaseMs })) {
        await alone(String(input), lease.key, async () => say({ key: lease.key }))
        await queue.done([lease])
      }
      await clock.sleep(1)
    }
  },
})
