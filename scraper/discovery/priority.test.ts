import { expect, test } from 'vitest'
import { pagePriority } from './priority.ts'

const day = 86_400_000
const now = Date.UTC(2026, 10, 22, 12)
const url = 'http://h.example/story'
const priority = (over: Partial<Parameters<typeof pagePriority>[0]> = {}) => pagePriority({ url, weight: 1, modifiedAt: now, now, ...over })
const of = (path: string) => priority({ url: `http://h.example${path}` })

test('weighs the job, the age and the address', () => {
  expect(priority()).toBe(100_000)
  expect(priority({ weight: 5 })).toBe(500_000)
  expect(priority({ modifiedAt: now - 15 * day })).toBe(75_000)
  expect(priority({ modifiedAt: undefined })).toBe(priority({ modifiedAt: now - 30 * day }))
  expect(priority({ modifiedAt: now - 400 * day })).toBe(20_000)
  expect(priority({ modifiedAt: now + day })).toBe(100_000)
})

test('prefers what says something of its own to lists, sorts and selections', () => {
  expect(of('/tags/news')).toBe(50_000)
  expect(of('/pages/first')).toBe(100_000)
  expect(of('/story?id=7')).toBeLessThan(of('/story'))
  expect(of('/search?a=1&b=2&c=3&d=4')).toBe(20_000)
})

test('is the same within an hour, so that two finds of a page agree', () => {
  expect(priority({ modifiedAt: now - 3 * day, now: now + 59 * 60_000 })).toBe(priority({ modifiedAt: now - 3 * day }))
})
