import { expect, test } from 'vitest'
import { flywheelPanel } from './panel.ts'
import { RunState } from './run-state.ts'
import { createTelemetry } from './telemetry.ts'
import { widthOf } from './terminal-text.ts'

const start = Date.UTC(2026, 0, 15)
const later = (ms: number) => new Date(start + ms).toISOString()

/** A run as its events tell it, at a time that is set by hand. */
function run() {
  const hub = createTelemetry()
  let now = start
  const state = new RunState(hub, () => now)
  hub.listen(state.note)
  const panel = (columns = 100, rows = 40) => flywheelPanel(state, now, { columns, rows })
  return { hub, panel, pass: (ms: number) => void (now += ms), line: (name: string) => linesOf(panel(), name)[0] ?? '' }
}

/** A section of the panel, without its name. */
function linesOf(lines: readonly string[], name: string): string[] {
  const first = lines.findIndex((line) => line.startsWith(name))
  const next = lines.findIndex((line, at) => at > first && !line.startsWith(' '))
  return lines.slice(first, next < 0 ? undefined : next).map((line) => line.slice(8))
}

const figures = { queue_depth: 100, queue_ready: 40, hosts: 7, hosts_waiting: 2 }

/** A turn with everything in it. */
function busyRun() {
  const { hub, ...rest } = run()
  hub.event('turn', { turn: 3, step: 'started' })
  hub.event('listening', { query: 'http://127.0.0.1:8710', feed: 'http://127.0.0.1:8720' })
  hub.count('crawl.pages', 12_345, { outcome: 'stored' })
  for (let i = 0; i < 30; i++) hub.count('crawl.rejected', 100 - i, { reason: `gopher_rule_number_${i}` })
  for (let i = 0; i < 20; i++) hub.count('crawl.documents', 50 - i, { label: `source ${i}` })
  for (const hotkey of ['a', 'b']) {
    hub.event('crawl.progress', { hotkey, ...figures })
    hub.event('shard.written', { hotkey, job_id: 'x', rows: 1500, bytes: 1_700_000 })
  }
  hub.event('crawl.seed', { url: 'http://gone.example/', label: 'x', state: 'dead', cause: 'http_404', says: 'answered 404, there is no such page' })
  hub.event('validator.cycle', { scores: [{ hotkey: '5FnFmmE4rest', score: 12.5, credibility: 0.4, passed: true }] })
  hub.event('dataset.version', { version: 2, documents: 2900 })
  hub.event('tokens.version', { tokens: 3_456_789 })
  hub.event('bridge.progress', { settled: 20, batches: 200, loss: { docs: 4.2, new: 9 } })
  const evidence = [{ label: 'docs', loss_before: 8.5, loss_after: 4.2 }]
  hub.event('bridge.steered', { weights_before: { docs: 1, old: 1 }, weights_after: { docs: 1.25, old: 0.5 }, evidence })
  return { hub, ...rest }
}

test('shows pages, documents, rejects, shards, scores, tokens, batches, losses, and weights before and after', () => {
  const shown = busyRun().panel(200, 60).join('\n')
  for (const part of [
    'Orrery  turn 3, mining   query http://127.0.0.1:8710   feed http://127.0.0.1:8720',
    '12,345 pages   stored 12,345',
    '80 ready   200 waiting   14 hosts, 4 of them rest or are asked',
    'http://gone.example/: answered 404, there is no such page',
    'source 0 50',
    'gopher_rule_number_29 71',
    '2 written   3,000 documents   3.4 MB',
    '5FnFmmE4… passed, score 12.500, credibility 0.400',
    'version 2   2,900 documents   3,456,789 tokens',
    '20 of 200 batches settled',
    'docs  loss 8.500 → 4.200, weight 1.000 → 1.250',
    'old  loss –, weight 1.000 → 0.500',
    'new  loss 9.000',
  ])
    expect(shown).toContain(part)
})

test.each([
  [80, 24],
  [200, 50],
  [40, 24],
  [40, 200],
  [120, 10],
  [80, 5],
  [20, 3],
  [1, 1],
])('fits a screen of %i × %i', (columns, rows) => {
  const lines = busyRun().panel(columns, rows)
  expect(lines.length).toBeLessThanOrEqual(Math.max(1, rows - 1))
  for (const line of lines) expect(widthOf(line)).toBeLessThanOrEqual(columns)
})

test('uses the rows there are before it leaves anything out, and counts what it left out', () => {
  const { panel } = busyRun()
  const at = (rows: number) => linesOf(panel(80, rows), 'rejects')
  expect(panel(80, 24)).toHaveLength(23)
  expect(at(100).join(' ')).toContain('gopher_rule_number_29')
  expect(at(24).join(' ')).toMatch(/… \d+ more$/)
  expect(at(24).length).toBeLessThan(at(100).length)
  // The first of each section stay, whatever goes.
  expect(panel(80, 13).map((line) => line.slice(0, 8).trim())).toEqual(
    'Orrery crawl now waits seeds docs rejects shards scores dataset train sources'.split(' '),
  )
})

test('the rate is that of the last seconds, and goes to zero by itself', () => {
  const { hub, pass, line } = run()
  expect(line('now')).toContain('0 pages/s')
  for (let second = 0; second < 10; second++) {
    hub.count('crawl.pages', 20, { outcome: 'stored' })
    hub.count('crawl.bytes', 1_000_000)
    pass(1000)
    line('now')
  }
  expect(line('now')).toContain('20 pages/s   1.0 MB/s')
  for (let second = 0; second < 6; second++) {
    pass(1000)
    line('now')
  }
  expect(line('now')).toContain('0 pages/s   0 B/s')
})

test('says what is waited for when nothing is asked', () => {
  const { hub, line, pass } = run()
  hub.event('turn', { turn: 1, step: 'started' })
  hub.event('crawl.progress', { hotkey: 'a', ...figures, waits_until: later(14_000) })
  expect(line('waits')).toBe('for the next host that has rested in 14 s')
  hub.event('crawl.progress', { hotkey: 'b', ...figures, waits_until: null })
  expect(line('waits')).toBe('–')
  hub.event('crawl.paused', { reason: 'inactive_hours', until: later(3 * 3_600_000 + 120_000) })
  expect(line('waits')).toBe('for the hours of miner.active in 3 h 2 min')
  hub.event('crawl.paused', { reason: 'disk_quota', used_bytes: 2, quota_bytes: 1 })
  expect(line('waits')).toBe('for room on the disk (miner.disk_quota_bytes)')
  hub.event('crawl.resumed')
  hub.event('miner.cycle', { hotkey: 'a', next_at: later(90_000) })
  hub.event('miner.cycle', { hotkey: 'b', next_at: null })
  hub.event('turn', { turn: 1, step: 'steered' })
  hub.event('turn.rest', { until_ms: start + 60_000 })
  expect(line('waits')).toBe('for the next turn in 1 min   the next page is due in 1 min 30 s')
  pass(100_000)
  expect(line('waits')).toContain('pages are due')
  hub.event('miner.cycle', { hotkey: 'a', next_at: null })
  expect(line('waits')).toContain('no page is left to ask for')
})

test('what outsiders write never reaches the terminal as anything but text', () => {
  const { hub, panel } = run()
  const hostile = '\x1b[2J\x1b]0;owned\x07\r\nx\u009b31m\u202e\u200b\u2028\ud800'
  hub.count('crawl.documents', 1, { label: hostile })
  hub.count('crawl.rejected', 1, { reason: hostile })
  hub.event('crawl.seed', { url: `http://h.example/${hostile}`, state: 'dead', says: hostile })
  hub.event('bridge.steered', { weights_before: { [hostile]: 1 }, weights_after: { [hostile]: 2 }, evidence: [] })
  hub.event('validator.cycle', { scores: [{ hotkey: hostile, score: 1, credibility: 1, passed: false }] })
  hub.event('listening', { query: hostile, feed: hostile })
  for (const line of panel()) expect(line).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u)
})

test('wide characters take two columns', () => {
  const { hub, panel } = run()
  for (let i = 0; i < 8; i++) hub.count('crawl.documents', 1, { label: `日本語の資料${i}号 한국어 🚀` })
  for (const line of panel(40, 30)) expect(widthOf(line)).toBeLessThanOrEqual(40)
  expect(widthOf('日本語')).toBe(6)
  expect(widthOf('e\u0301')).toBe(1)
})

test('a part that fails is shown until it works again', () => {
  const { hub, panel } = run()
  const failing = () => linesOf(panel(), 'failing')
  hub.event('part.failed', { part: 'dataset', message: 'The disk is full: free some.\n  at x', next_ms: start + 4000 })
  expect(failing()).toEqual(['dataset: The disk is full: free some. Again in 4 s.'])
  hub.event('part.recovered', { part: 'dataset', failures: 1 })
  expect(panel().some((line) => line.startsWith('failing'))).toBe(false)
  expect(panel()[0]).not.toContain('turn')
})

test('a document that was only merged into another shard is not counted twice', () => {
  const { hub, line } = run()
  for (const rows of [30, 12]) hub.event('shard.written', { hotkey: 'a', job_id: 'x', rows, bytes: 20_000 })
  hub.event('shard.written', { hotkey: 'a', job_id: 'x', rows: 41, bytes: 30_000 })
  hub.event('shard.merged', { hotkey: 'a', job_id: 'x', files: 2, rows: 41, cut: 0 })
  expect(line('shards')).toBe('3 written   42 documents   70.0 kB')
})
