import { Readable } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { describe, expect, onTestFinished, test } from 'vitest'
import { openSite, type Page } from '#test/site/site.ts'
import { BodyBudget } from './body-budget.ts'
import { createHttp, type HttpOptions } from './http.ts'

const long = 100_000

describe('a budget of bodies', () => {
  test('holds up what is long while it is full, but not the first, and goes on in the order of beginning', async () => {
    const budget = new BodyBudget(2.5 * long)
    const bodies = Array.from({ length: 4 }, () => budget.open())
    const told: number[] = []
    expect(bodies.map((body) => body.grow(long))).toEqual([true, true, false, false])
    for (const [i, body] of bodies.entries()) if (i > 1) body.whenRoom(() => told.push(i))
    expect(bodies[0]!.grow(long)).toBe(true)
    bodies[1]!.settle(0)
    await turn()
    expect(told).toEqual([])
    // The one after the first is the first now.
    bodies[0]!.settle(2 * long)
    await turn()
    expect([told, budget.bytes]).toEqual([[2], 4 * long])
    bodies[0]!.settle(0)
    await turn()
    expect([told, budget.bytes]).toEqual([[2, 3], 2 * long])
    for (const body of bodies) body.settle(0)
    expect(budget.bytes).toBe(0)
  })

  test('lets through what is short', () => {
    const budget = new BodyBudget(10)
    const [first, second] = [budget.open(), budget.open()]
    expect([first.grow(long), second.grow(1000), second.grow(long)]).toEqual([true, true, false])
  })

  test('counts a body that is kept until it is let go of, once', async () => {
    const budget = new BodyBudget(long)
    const [kept, next, last] = [budget.open(), budget.open(), budget.open()]
    kept.grow(2 * long)
    kept.settle(long + 1)
    expect([next.grow(long), last.grow(long)]).toEqual([true, false])
    const room = Promise.withResolvers<void>()
    last.whenRoom(room.resolve)
    next.settle(0)
    kept.settle(0)
    kept.settle(0)
    await room.promise
    expect(budget.bytes).toBe(long)
  })
})

const mebibyte = 1 << 20
const names = Array.from({ length: 32 }, (_, i) => `h${i}.localhost`)

async function openWeb(page: Page, options: Partial<HttpOptions>) {
  const site = await openSite(Object.fromEntries(names.map((name) => [name, { '/': page }])))
  const http = createHttp({ userAgent: 'x', timeoutMs: 50_000, bytesMax: 50 * mebibyte, hosts: site.hosts, ...options })
  onTestFinished(async () => {
    await http[Symbol.asyncDispose]()
    await site[Symbol.asyncDispose]()
  })
  return http
}

/** Buffers of this process, and the most of them there were. */
function watchBuffers(): { most(): number } {
  const before = process.memoryUsage().arrayBuffers
  let most = 0
  const timer = setInterval(() => (most = Math.max(most, process.memoryUsage().arrayBuffers - before)), 5)
  onTestFinished(() => clearInterval(timer))
  return { most: () => most }
}

const piece = Buffer.alloc(mebibyte, 'x')

describe('32 hosts that send long bodies at once', () => {
  test('and fall silent before the end: what is held stays within the budget, and each ends by its own silence', async () => {
    const silent: Page = (response) => {
      response.writeHead(200, { 'content-length': String(50 * mebibyte) })
      Readable.from(Array.from({ length: 49 }, () => piece)).pipe(response, { end: false })
    }
    const http = await openWeb(silent, { bodiesBytesMax: 64 * mebibyte, bodyMs: 1000, timeoutMs: 8000 })
    const buffers = watchBuffers()
    const answers = await Promise.all(names.map((name) => http.get(`http://${name}/`)))
    const reasons = new Set(answers.map((answer) => answer.ok || answer.reason))
    expect([...reasons].filter((reason) => reason !== 'body_timeout' && reason !== 'timeout')).toEqual([])
    // The budget, the rest of one body, and what is not collected yet; without a budget there would be 1.5 GB.
    expect(buffers.most()).toBeLessThan(400 * mebibyte)
  })

  test.each([
    ['plain', { body: Buffer.alloc(4 * mebibyte, 'x'), headers: {} }],
    [
      'packed',
      {
        body: gzipSync(Buffer.concat([Buffer.alloc(4 * mebibyte, 'x'), crypto.getRandomValues(Buffer.alloc(40_000))])),
        headers: { 'content-encoding': 'gzip' },
      },
    ],
  ])('%s: all are read in the end, whoever keeps them, and the short ones meanwhile', async (_, { body, headers }) => {
    const http = await openWeb((response, { path }) => void response.writeHead(200, headers).end(path === '/' ? body : undefined), {
      bodiesBytesMax: 8 * mebibyte,
    })
    const lengths = await Promise.all(
      names.map(async (name) => {
        using hold = new DisposableStack()
        const answer = await http.get(`http://${name}/`, { hold })
        await turn()
        return answer.ok ? answer.body.length : answer.reason
      }),
    )
    expect(new Set(lengths).size).toBe(1)
    expect(lengths[0]).toBeGreaterThanOrEqual(4 * mebibyte)
  })
})

test('who waits for room is not silent: the deadline of the whole call alone ends it', async () => {
  const http = await openWeb(
    (response, { host }) => {
      response.writeHead(200).write(Buffer.alloc(long))
      const drip = setInterval(() => host === names[0] && response.write('x'), 50)
      response.once('close', () => clearInterval(drip))
    },
    { bodiesBytesMax: 1000, bodyMs: 1000, timeoutMs: 3000 },
  )
  const answers = await Promise.all(names.slice(0, 4).map((name) => http.get(`http://${name}/`)))
  expect(answers.map((answer) => answer.ok || answer.reason)).toEqual(['timeout', 'timeout', 'timeout', 'timeout'])
})
