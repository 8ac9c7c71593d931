import { systemClock } from '#infra/clock.ts'
import { limitHeapGrowth } from '#infra/heap-growth.ts'
import { snapshotShards } from '#scraper/shard/snapshot.ts'
import { openSubnet, testJob, testOrigin } from '#test/adversary/subnet.ts'

/** One snapshot of what is queued in a folder, as a process that may be killed at any instruction. Arguments: folder, time (ms since epoch), messages of a portion. */
const [dir = '', time = '', messages] = process.argv.slice(2)
limitHeapGrowth()
await using subnet = await openSubnet(dir, Number(time))
const signer = await subnet.join('miner-1')
process.send?.('ready')
await snapshotShards({
  ...subnet,
  signer,
  jobs: [testJob('odd', ['https://host1.example/*']), testJob('rest')],
  nearDuplicates: subnet.nearDuplicates(signer.address),
  documents: subnet.queue('documents'),
  facts: systemClock(),
  codec: 'zstd',
  ...(messages !== undefined && { portion: { messages: Number(messages), bytes: 1 << 20 } }),
  origin: testOrigin,
  rejects: () => {},
  signal: new AbortController().signal,
})
process.send?.({ maxRssBytes: process.resourceUsage().maxRSS * 1024 })
process.disconnect?.()
