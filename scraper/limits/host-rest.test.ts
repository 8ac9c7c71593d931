import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { sqliteHostNotes } from '#infra/host-notes/sqlite.ts'
import { temporaryFolder } from '#test/conformance/temporary-folder.ts'
import { manualClock } from '#test/manual-clock.ts'
import { calm, hostMoods, moodAfter, restMs } from './host-rest.ts'

const limits = { hostDelayMs: 1000, responseFactor: 2 }
const good = (responseMs: number) => ({ responseMs, isTrouble: false })
const bad = { responseMs: 20_000, isTrouble: true }

describe('the rest of a host', () => {
  test('is the longest of what robots.txt asks for, what we keep, and a multiple of the time it takes', () => {
    expect(restMs(calm, limits)).toBe(1000)
    expect(restMs(calm, limits, 5000)).toBe(5000)
    expect(restMs(moodAfter(calm, good(3000)), limits)).toBe(6000)
    expect(restMs(moodAfter(calm, good(3000)), limits, 7000)).toBe(7000)
  })

  test('doubles with each trouble and comes back with good answers', () => {
    const strained = [bad, bad, bad].reduce(moodAfter, calm)
    expect(restMs(strained, limits)).toBe(8000)
    expect(restMs(strained, { hostDelayMs: 0, responseFactor: 2 })).toBe(800)
    expect(restMs([good(10), good(10), good(10)].reduce(moodAfter, strained), limits)).toBe(1000)
  })

  test('is never less than what robots.txt and the settings ask for, nor without end', () => {
    const answer = fc.record({ responseMs: fc.double({ min: 0, max: 60_000, noNaN: true }), isTrouble: fc.boolean() })
    fc.assert(
      fc.property(fc.array(answer), fc.nat(300_000), fc.nat(10_000), (answers, crawlDelayMs, hostDelayMs) => {
        const rest = restMs(answers.reduce(moodAfter, calm), { hostDelayMs, responseFactor: 2 }, crawlDelayMs)
        expect(rest).toBeGreaterThanOrEqual(Math.max(crawlDelayMs, hostDelayMs))
        expect(rest).toBeLessThanOrEqual(Math.max(crawlDelayMs, 120_000))
      }),
    )
  })
})

test('hosts have moods of their own', async () => {
  const moods = hostMoods()
  await moods.note('a', bad)
  expect([await moods.of('a'), await moods.of('b')]).toMatchObject([{ strain: 2 }, { strain: 1 }])
})

test('a host in trouble is remembered so over a restart, for an hour', async () => {
  const clock = manualClock()
  await using notes = sqliteHostNotes(join(await temporaryFolder(), 'hosts.sqlite'), { clock })
  const started = () => hostMoods({ notes, pace: clock })
  const moods = started()
  for (let i = 0; i < 3; i++) await moods.note('h.example', { responseMs: 10, isTrouble: true })
  await moods.note('well.example', { responseMs: 10, isTrouble: false })
  expect([await started().of('h.example'), await started().of('well.example')]).toMatchObject([{ strain: 8 }, { strain: 1 }])
  await started().note('h.example', { responseMs: 10, isTrouble: false })
  expect(await started().of('h.example')).toEqual({ strain: 4, responseMs: 0 })
  clock.advance(3_600_000)
  expect(await started().of('h.example')).toEqual(calm)
})
