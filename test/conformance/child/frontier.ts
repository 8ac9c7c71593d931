import type { Frontier } from '#schemas/frontier.ts'
import { alone, program } from './program.ts'

const leaseMs = 600_000

await program<Frontier>({
  /** Finds, visits and puts off pages without end. */
  async crawl(frontier, { name, clock, say }) {
    for (let i = 0; ; i++) {
      const found = [0, 1, 2].map((n) => `http://host-${(i + n) % 5}.example/by-${name}/${i}-${n}`)
      await frontier.add(found.map((url, n) => ({ url, kind: 'page', label: 'a', priority: n })))
      say({ found })
      for (const claim of await frontier.claim({ limit: 2, leaseMs })) {
        if (i % 3 === 0) await frontier.defer(claim, { reason: 'busy', until: clock.now() + leaseMs, holdHost: false })
        else await frontier.done(claim, { outcome: 'stored', hostDelayMs: 0 })
        say(i % 3 === 0 ? { deferred: claim.url } : { done: claim.url })
      }
    }
  },

  /** Adds pages of many hosts at once, which the claim behind it must sort in, without end; `input` is how many. */
  async sort(frontier, { name, input, say }) {
    for (let i = 0; ; i++) {
      const urls = Array.from({ length: Number(input) }, (_, n) => `http://host-${n % 30}.example/by-${name}/${i}-${n}`)
      const half = urls.length / 2
      for (const some of [urls.slice(0, half), urls.slice(half)]) {
        await frontier.add(some.map((url, n) => ({ url, kind: 'page', label: 'a', priority: n % 3 })))
        say({ added: some })
      }
      for (const claim of await frontier.claim({ limit: 5, leaseMs })) {
        await frontier.done(claim, { outcome: 'stored', hostDelayMs: 0 })
        say({ done: claim.url })
      }
    }
  },

  /** Adds the same URLs as its rivals, a few at a time, and visits some meanwhile. */
  async rival(frontier, { name, input, say }) {
    const urls = input as string[]
    const start = Number(name) % urls.length
    let added = 0
    for (let i = 0; i < urls.length; i += 20) {
      const some = Array.from({ length: 20 }, (_, n) => urls[(start + i + n) % urls.length] ?? '')
      added += (await frontier.add(some.map((url) => ({ url, kind: 'page', label: 'a', priority: 0 })))).added
      if (i % 100 !== 0) continue
      for (const claim of await frontier.claim({ limit: 2, leaseMs })) await frontier.done(claim, { outcome: 'stored', hostDelayMs: 0 })
    }
    say({ added })
  },

  /** Visits all there is, together with others; `input` is a folder that shows who is at which host. */
  async drain(frontier, { clock, input, say }) {
    const isLeft = async () => (await frontier.stats()).labels.values().some(({ waiting, leased }) => waiting + leased > 0)
    while (await isLeft()) {
      for (const claim of await frontier.claim({ limit: 2, leaseMs }))
        await alone(String(input), new URL(claim.url).host, async () => say({ url: claim.url })).then(() =>
          frontier.done(claim, { outcome: 'stored', hostDelayMs: 0 }),
        )
      await clock.sleep(1)
    }
  },
})
