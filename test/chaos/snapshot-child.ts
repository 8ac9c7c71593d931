import { systemClock } from '#infra/clock.ts'
import { limitHeapGrowth } from '#infra/heap-growth.ts'
import { writeSnapshot } from '#scraper/shard/snapshot.fixture.ts'
import { openSubnet } from '#test/adversary/subnet.ts'

/** One snapshot of what is queued in a folder, as a process that may be killed at any instruction. Arguments: folder, time (ms since epoch), messages of a portion. */
const [dir = '', time = '', messages] = process.argv.slice(2)
limitHeapGrowth()
await using subnet = await openSubnet(dir, Number(time))
const signer = await subnet.join('miner-1')
process.send?.('ready')
await writeSnapshot(subnet, signer, {
  facts: systemClock(),
  ...(messages !== undefined && { portion: { messages: Number(messages), bytes: 1 << 20 } }),
})
process.send?.({ maxRssBytes: process.resourceUsage().maxRSS * 1024 })
process.disconnect?.()
