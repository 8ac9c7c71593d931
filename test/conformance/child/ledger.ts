import type { Ledger } from '#schemas/ledger.ts'
import { leases, nack, settle } from '../answer-lease.ts'
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
      for (const lease of await leases(ledger, [plan, epoch], { node: name, limit: 6, ttlMs })) {
        await settle(ledger, lease, { loss: lease.batch, tokens: 1 })
        say({ epoch, settled: lease.batch })
      }
      await ledger.close(plan, epoch)
      say({ epoch, closed: true })
    }
  },

  /** Asks for two batches at a time by one request after the other, each of them twice, and says what it got. */
  async ask(ledger, { input, say }) {
    for (let asked = Number(input); ; asked++) {
      const request = { node: 'asker', limit: 2, ttlMs, outstandingMax: 1_000_000, requestId: `request-${asked}` }
      const [first, again] = [await ledger.lease(plan, 0, request), await ledger.lease(plan, 0, request)]
      for (const answer of [first, again]) say({ asked, batches: answer.leases.map(({ batch }) => batch), tokens: answer.leases.map(({ token }) => token) })
    }
  },

  async drain(ledger, { name, clock, input, say }) {
    const isLeft = async () => {
      const { states } = await ledger.progress(plan, 0)
      return states.planned + states.leased + states.nacked + states.expired > 0
    }
    for (let i = 0; await isLeft(); i++) {
      for (const lease of await leases(ledger, [plan, 0], { node: name, limit: 2, ttlMs })) {
        const isTrained = (lease.batch + i) % 3 !== 0
        await alone(String(input), String(lease.batch), async () => isTrained && say({ batch: lease.batch }))
        if (isTrained) await settle(ledger, lease, { loss: 1, tokens: 1 })
        else await nack(ledger, lease, 'out of memory', true)
      }
      await clock.sleep(1)
    }
  },
})
