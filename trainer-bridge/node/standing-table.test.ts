import { expect, test } from 'vitest'
import type { NodeAnswer } from '#schemas/feed-nodes.ts'
import { standingTable } from './standing-table.ts'

const history: NodeAnswer = {
  node: 'gpu-7',
  operator: 'k',
  via: 'token',
  state: 'draining',
  seen_ago_ms: 5,
  outstanding_max: 64,
  receivers: [],
  days: [
    { day: '2026-11-29', settled: 1500, returned: 300, lost: 200, tokens: 1_536_000, loss_sum: 4500 },
    { day: '2026-11-28', settled: 0, returned: 0, lost: 0, tokens: 0, loss_sum: 0 },
  ],
}

test('the history of a node is a line each day, and what they come to', () => {
  expect(standingTable({ ...history, pay_per_million_tokens: 2.5 }).split('\n')).toEqual([
    'day         batches     tokens   loss  given back  lost  reliability',
    '──────────  ───────  ─────────  ─────  ──────────  ────  ───────────',
    '2026-11-29    1,500  1,536,000  3.000         300   200  75.0 %',
    '2026-11-28        0          0      –           0     0  –',
    'gpu-7 (draining): 1,500 batches, 1,536,000 tokens, loss 3.000, reliability 75.0 %, estimated payout 3.8400',
  ])
})

test('one that has done nothing yet, and whose name is of the feed\u2019s making, is told in plain text', () => {
  const told = standingTable({ ...history, node: '\u001b[2Jgpu', days: [] })
  expect(told).not.toContain('\u001b')
  expect(told).toContain('(draining): 0 batches, 0 tokens, loss –, reliability –')
})
