import type { Ledger } from '#schemas/ledger.ts'
import { alone, program } from './program.ts'

const ttlMs = 600_000
const plan = 'plan'

await program<Ledger>({
  /** Trains an endless line of epochs of 8 batches; goes on where an earlier process was killed. */
  async train(ledger, { name, say }) {
    for (let epoch = 0; ; epoch++) {
      const { closed } = await ledger.open(plan, epoch, 8).catch((cause: { code?: string }) => {
        if (cause.code === 'fenced') return { closed: true }
        throw cause
      })
      if (closed) continue
      for (const lease of await ledger.lease(plan, epoch, { node: name, limit: 6, ttlMs })) {
        await ledger.settle(lease, { loss: lease.batch, tokens: 1 })
        say({ epoch, settled: lease.batch })
      }
      await ledger.close(plan, epoch)
      say({ epoch, closed: true })
    }
  },

  async drain(ledger, { name, clock, input, say }) {
    const isLeft = async () => {
      const { states } = await ledger.progress(plan, 0)
      return states.planned + states.leased + states.nacked + states.expired > 0
    }
    for (let i = 0; await isLeft(); i++) {
      for (const lease of await ledger.lease(plan, 0, { node: name, limit: 2, ttlMs })) {
        const isTrained = (lease.batch + i) % 3 !== 0
        await alone(String(input), String(lease.batch), async () => isTrained && say({ batch: lease.batch }))
        if (isTrained) await ledger.settle(lease, { loss: 1, tokens: 1 })
        else await ledger.nack(lease, 'out of memory')
      }
      await clock.sleep(1)
    }
  },
})
