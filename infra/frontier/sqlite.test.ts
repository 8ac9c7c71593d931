import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Claim, Target } from '#schemas/frontier.ts'
import { frontierSuite } from '#test/conformance/frontier.ts'
import { temporaryFolder } from '#test/conformance/temporary-folder.ts'
import { manualClock } from '#test/manual-clock.ts'
import { sqliteFrontier } from './sqlite.ts'

const module = new URL('sqlite.ts', import.meta.url).href
const leaseMs = 60_000
const page = (url: string, over: Partial<Target> = {}): Target => ({ url, kind: 'page', label: 'a', priority: 0, ...over })

const three = (from: number) => [0, 1, 2].map((n) => page(`http://h.example/${from + n}`, { priority: n }))

describe('sqliteFrontier', () => {
  frontierSuite(async () => ({ module, factory: 'sqliteFrontier', args: [join(await temporaryFolder(), 'frontier.sqlite')] }))

  test('refuses and counts what is too much of a host, the least wanted first, or too deep', async () => {
    const path = join(await temporaryFolder(), 'frontier.sqlite')
    {
      await using frontier = sqliteFrontier(path, { clock: manualClock(), hostUrlsMax: 4, depthMax: 5 })
      const deep = 'http://h.example/deep'
      expect(await frontier.add([...three(0), page(deep, { depth: 6 })])).toEqual({ added: 3, refused: [{ url: deep, reason: 'depth' }] })
      const refused = [11, 10].map((n) => ({ url: `http://h.example/${n}`, reason: 'host_urls' }))
      expect(await frontier.add([...three(10), page('http://other.example/', { depth: 5 })])).toEqual({ added: 2, refused })
      expect(await frontier.stats()).toMatchObject({ known: 5, hosts: 2, hostsClosed: 0, refused: { depth: 1, host_urls: 2 } })
    }
    // What a host has is known after a start as well.
    await using frontier = sqliteFrontier(path, { clock: manualClock(), hostUrlsMax: 4 })
    expect((await frontier.add(three(20))).added).toBe(0)
    const claims = await frontier.claim({ limit: 9, leaseMs })
    expect(claims.map(({ priority }) => priority).toSorted()).toEqual([0, 2])
    expect((await frontier.stats()).hostsClosed).toBe(2)
  })

  test('gives thousands of pages of a host in order, whenever they came; equals in an order of their own, which only the seed tells', async () => {
    const pages = Array.from({ length: 1500 }, (_, i) => page(`http://h.example/${(i * 7919) % 1500}/\u00e9`, { depth: (i * 17) % 3, priority: (i * 31) % 5 }))
    const visitAll = async (seed?: number): Promise<Claim[]> => {
      await using frontier = sqliteFrontier(join(await temporaryFolder(), 'frontier.sqlite'), { clock: manualClock(), seed })
      await frontier.add(pages.slice(0, 900))
      const got: Claim[] = []
      const take = async () => {
        for (const claim of await frontier.claim({ limit: 1, leaseMs })) {
          got.push(claim)
          await frontier.done(claim, { outcome: 'stored', hostDelayMs: 0 })
        }
      }
      await take()
      await frontier.add(pages.slice(900))
      for (let i = 1; i < pages.length; i++) await take()
      return got
    }
    const [drawn, seeded, again, other] = await Promise.all([visitAll(), visitAll(7), visitAll(7), visitAll(8)])
    expect(new Set(drawn.map(({ url }) => url)).size).toBe(pages.length)
    const ranks = drawn.slice(1).map(({ depth = 0, priority }) => 10 * depth - priority)
    expect(ranks).toEqual(ranks.toSorted((a, b) => a - b))
    const urls = [drawn, seeded, other].map((claims) => claims.map(({ url }) => url))
    expect(again.map(({ url }) => url)).toEqual(urls[1])
    expect(new Set(urls.map(String)).size).toBe(3)
  })
})
