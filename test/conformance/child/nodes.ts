import type { Nodes } from '#schemas/nodes.ts'
import { program } from './program.ts'

await program<Nodes>({
  async join(nodes, { name, say }) {
    for (let i = 0; ; i++) {
      const node = `${name}-${i}`
      await nodes.bind(node, { id: 'key a', operator: 'anna', via: 'token' })
      const token = await nodes.issue(node)
      const from = await nodes.book('p')
      const { settlements } = await nodes.book('p', {
        from,
        upTo: { ...from, settlements: from.settlements + 1 },
        days: [{ node: 'n', day: new Date().toISOString().slice(0, 10), settled: 1, tokens: 1, lossSum: 1, lost: 0, returned: 0 }],
      })
      say({ node, token, settlements })
    }
  },
})
