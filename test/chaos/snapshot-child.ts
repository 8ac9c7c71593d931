import { systemClock } from '#infra/clock.ts'
import { limitHeapGrowth } from '#infra/heap-growth.ts'
import type { Queue } from '#schemas/queue.ts'
import { writeSnapshot } from '#scraper/shard/snapshot.fixture.ts'
import { openSubnet } from '#test/adversary/subnet.ts'

/**
 * Works off what is queued in a folder, as a process that may be killed at any instruction. Arguments: folder, time (ms since epoch), messages of a portion: when
 * given, each is a flush of its own, and what is worth it is merged after it.
 */
const [dir = '', time = '', messages] = process.argv.slice(2)
limitHeapGrowth()
await using subnet = await openSubnet(dir, Number(time))
const signer = await subnet.join('miner-1')
const queue = subnet.queue('documents')
process.send?.('ready')
const facts = systemClock()
if (messages === undefined) await writeSnapshot(subnet, signer, { facts })
else {
  const portion = { messages: Number(messages), bytes: 1 << 20 }
  for (let stats = await queue.stats(); stats.waiting + stats.leased > 0; stats = await queue.stats())
    await writeSnapshot(subnet, signer, { facts, portion, documents: inPortions(queue) })
}
process.send?.({ maxRssBytes: process.resourceUsage().maxRSS * 1024 })
process.disconnect?.()

/** Has nothing more after one claim. */
function inPortions(whole: Queue): Queue {
  let claims = 0
  return { ...whole, claim: async (request) => (claims++ === 0 ? await whole.claim(request) : []) }
}
