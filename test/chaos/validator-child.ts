import { join } from 'node:path'
import { limitHeapGrowth } from '#infra/heap-growth.ts'
import { openValidator } from '#scraper/validator/validator.ts'
import { openSubnet } from '#test/adversary/subnet.ts'

/** Validates in a folder, and kills itself at a read of the store. Arguments: folder, time (ms since epoch), how many reads until then. */
const [dir = '', time = '', reads = ''] = process.argv.slice(2)
limitHeapGrowth()
await using subnet = await openSubnet(dir, Number(time))
let left = Number(reads)
const { get } = subnet.store
subnet.store.get = async (...asked) => {
  if (--left === 0) process.kill(process.pid, 'SIGKILL')
  return get(...asked)
}
await using validator = openValidator({
  ...subnet,
  signer: await subnet.join('validator-1'),
  settings: { sample_pages: 5 },
  refetch: async () => ({ state: 'unfetchable', reason: 'timeout' }),
  folder: join(dir, 'validator'),
})
await validator.cycle(new AbortController().signal)
