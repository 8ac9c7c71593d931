import { join } from 'node:path'
import { limitHeapGrowth } from '#infra/heap-growth.ts'
import { openValidator } from '#scraper/validator/validator.ts'
import { factTime, openSubnet } from '#test/adversary/subnet.ts'

/** Validates in a folder, and kills itself when it looks at a row. Arguments: folder, time (ms since epoch), how many rows until then. */
const [dir = '', time = '', rows = ''] = process.argv.slice(2)
limitHeapGrowth()
await using subnet = await openSubnet(dir, Number(time))
let left = Number(rows)
// Each row is held against the clock.
const now = (): number => {
  if (--left === 0) process.kill(process.pid, 'SIGKILL')
  return factTime
}
await using validator = openValidator({
  ...subnet,
  facts: { ...subnet.facts, now },
  signer: await subnet.join('validator-1'),
  settings: { sample_pages: 0 },
  refetch: async () => ({ state: 'unknown', reason: 'timeout' }),
  folder: join(dir, 'validator'),
})
await validator.cycle(new AbortController().signal)
