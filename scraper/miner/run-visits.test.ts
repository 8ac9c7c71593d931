import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import type { Claim } from '#schemas/frontier.ts'
import { runVisits, type Work } from './run-visits.ts'

const claim = (n: number): Claim => ({
  url: `http://h${n}.localhost/`,
  kind: 'page',
  label: 'all',
  priority: 1,
  token: `token-${n}`,
  expiresAt: 0,
  attempt: 1,
  previous: undefined,
})

/** Hands out batches; the next when the one before is done. */
function batches(sizes: readonly number[]) {
  const released: string[] = []
  const ended: string[] = []
  let next = 0
  let at = 0
  const work: Work = {
    isOver: () => at >= sizes.length,
    ended: ({ token }) => void ended.push(token),
    async refill(inProgress) {
      return inProgress > 0 ? [] : Array.from({ length: sizes[at++] ?? 0 }, () => claim(next++))
    },
    async release(claims) {
      released.push(...claims.map(({ token }) => token))
    },
  }
  return { work, released, ended }
}

test('visits every claim once, as many at a time as it may', async () => {
  const { work, ended } = batches([30, 1, 0, 10])
  const visited: string[] = []
  let running = 0
  let most = 0
  await runVisits({
    work,
    concurrency: 4,
    async visit({ token }) {
      most = Math.max(most, ++running)
      await new Promise(setImmediate)
      visited.push(token)
      running--
    },
  })
  expect(visited.toSorted()).toEqual(Array.from({ length: 41 }, (_, n) => `token-${n}`).toSorted())
  expect(ended.toSorted()).toEqual(visited.toSorted())
  expect(most).toBe(4)
})

test('every one of many claims is visited', async () => {
  const { work, ended } = batches([1000, 1])
  await runVisits({ work, concurrency: 2, visit: async () => undefined })
  expect(ended).toHaveLength(1001)
})

test('more is asked for, once at a time, while a visit goes on: a host may end its rest', async () => {
  const { promise: isThere, resolve: come } = Promise.withResolvers<void>()
  const asked: number[] = []
  let asking = 0
  const { work } = batches([])
  work.isOver = () => asked.length > 5
  work.refill = async (inProgress) => {
    expect(++asking).toBe(1)
    await new Promise(setImmediate)
    asking--
    asked.push(inProgress)
    if (asked.length === 5) come()
    return asked.length === 1 ? [claim(1)] : []
  }
  await runVisits({ work, concurrency: 4, visit: () => isThere })
  expect(asked.slice(0, 5)).toEqual([0, 1, 1, 1, 1])
})

test('a visit that throws at once is one that cannot go on', async () => {
  const { work } = batches([1])
  const crawl = runVisits({
    work,
    concurrency: 1,
    visit({ token }) {
      throw new Error(`${token} at once`)
    },
  })
  await expect(crawl).rejects.toThrow('token-0 at once')
})

test('a process that has crawled says nothing and ends by itself, without a timer left', async () => {
  const script = `
    const { runVisits } = await import('#scraper/miner/run-visits.ts')
    let isOver = false
    const refill = async () => (isOver ? [] : ((isOver = true), [{ url: 'http://h.localhost/', token: 't' }]))
    await runVisits({ work: { isOver: () => isOver, ended() {}, refill, release: async () => undefined }, concurrency: 2, visit: async () => undefined })
    setTimeout(() => setImmediate(() => process.exitCode = process.getActiveResourcesInfo().includes('Timeout') ? 1 : 0), 20)`
  await expect(promisify(execFile)(process.execPath, ['--input-type=module', '-e', script])).resolves.toEqual({ stdout: '', stderr: '' })
})

test('a visit that cannot go on ends the crawl with its error; what was not begun is given back', async () => {
  const { work, released, ended } = batches([10, 10])
  const crawl = runVisits({ work, concurrency: 1, visit: async ({ token }) => Promise.reject(new Error(`${token} failed`)) })
  await expect(crawl).rejects.toThrow('token-0 failed')
  expect(ended).toEqual(['token-0'])
  expect(released).toHaveLength(9)
})

test('work that cannot be had ends the crawl with its error', async () => {
  const { work } = batches([1])
  work.refill = () => Promise.reject(new Error('the frontier is gone'))
  await expect(runVisits({ work, concurrency: 1, visit: async () => undefined })).rejects.toThrow('the frontier is gone')
})
