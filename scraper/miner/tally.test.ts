import { expect, test } from 'vitest'
import { createTelemetry } from '#infra/telemetry/telemetry.ts'
import type { Claim } from '#schemas/frontier.ts'
import { Tally } from './tally.ts'

const claim = (kind: Claim['kind']) => ({ kind }) as Claim

test('live figures: rates since the last event, the queue, the hosts that wait, and the rejects by reason', () => {
  const hub = createTelemetry()
  const told: Readonly<Record<string, unknown>>[] = []
  hub.listen(({ fields }) => told.push(fields))
  let now = 0
  const tally = new Tally('hotkey', hub, { now: () => now, sleep: async () => undefined })
  const counts = { stored: 0, unchanged: 0, rejected: 0, failed: 0, lists: 0 }
  const labels = new Map([
    ['a', { waiting: 10, leased: 2, ...counts }],
    ['b', { waiting: 5, leased: 1, ...counts }],
  ])
  tally.noteStats({ known: 40, ready: 12, hosts: 9, hostsClosed: 4, refused: {}, labels })
  const reject = (reason: string) => tally.reject({ subject: 'http://h.example/', reason, stage: 'extract', details: { label: 'a' } })
  reject('too_short')
  reject('noindex')
  reject('too_short')
  expect(tally.reasonsOf('a')).toEqual(['2 × too_short', '1 × noindex'])
  for (let i = 0; i < 9; i++) tally.add(claim('page'), 'stored', 1000)
  now = 2000
  tally.add(claim('page'), 'rejected', 1000)
  now = 3500
  tally.add(claim('sitemap'), 'stored', 3000)
  expect(told).toMatchObject([
    { hotkey: 'hotkey', pages_per_second: 5, bytes_per_second: 5000, queue_depth: 15, queue_ready: 12, hosts: 9, hosts_waiting: 4, pages_asked: 3 },
    { pages_per_second: 0, bytes_per_second: 2000, bytes: 13_000, sitemaps: 1, visits: { stored: 9, rejected: 1 } },
  ])
  expect(Object.entries(told[0]?.['rejects'] as object)).toEqual([
    ['noindex', 1],
    ['too_short', 2],
  ])
})
