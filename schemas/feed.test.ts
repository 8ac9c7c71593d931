import { expect, test } from 'vitest'
import { Ack, Acks, LeaseAnswer, LeaseRequest, Nack, Renewal, answersMax, oneOrMany } from './feed.ts'

const proof = { node: 'node-1', plan_id: 'p', epoch: 0, batch: 3, token: 't', fence: 1 }

test('a node asks for one batch unless it says more', () => {
  expect(LeaseRequest.parse({ node: 'node-1' })).toEqual({ node: 'node-1', limit: 1, wait_ms: 0 })
  for (const wrong of [
    { node: '' },
    { node: 'a b' },
    { node: 'x'.repeat(65) },
    { limit: 0 },
    { limit: 65 },
    { limit: 1e9 },
    { available_until: 0 },
    { available_for_ms: -1 },
    { wait_ms: 30_001 },
    { request_id: 'a b' },
    { surprise: 1 },
  ])
    expect(LeaseRequest.safeParse({ node: 'node-1', ...wrong }).success).toBe(false)
})

test('a loss is a number a training can have', () => {
  expect(Ack.parse({ ...proof, loss: 0, tokens: 1 })).toMatchObject({ loss: 0 })
  for (const loss of [-1, Number.NaN, Number.POSITIVE_INFINITY, 1001, '1', null]) expect(Ack.safeParse({ ...proof, loss, tokens: 1 }).success).toBe(false)
  expect(Ack.safeParse({ ...proof, loss: 1, tokens: 0 }).success).toBe(false)
})

test('giving a batch back needs a reason, renewing nothing more than the proof', () => {
  expect(Renewal.parse(proof)).toEqual(proof)
  expect(Nack.parse({ ...proof, reason: 'out of memory' })).toMatchObject({ reason: 'out of memory' })
  for (const reason of ['', 'x'.repeat(201), undefined]) expect(Nack.safeParse({ ...proof, reason }).success).toBe(false)
  expect(Renewal.safeParse({ ...proof, fence: -1 }).success).toBe(false)
})

test('an answer says whether to go on, and when to ask again', () => {
  expect(LeaseAnswer.parse({ state: 'idle', leases: [], retry_after_ms: 500 })).toMatchObject({ state: 'idle' })
  expect(LeaseAnswer.safeParse({ state: 'gone', leases: [], retry_after_ms: 500 }).success).toBe(false)
})

test('many answers come at once, and what is wrong of them is told where it is', () => {
  const { node, ...held } = proof
  const item = { ...held, loss: 1, tokens: 8 }
  expect(Acks.parse({ node, request_id: 'r1', items: [item, item] }).items).toHaveLength(2)
  for (const items of [[], Array.from({ length: answersMax + 1 }, () => item), [proof]]) expect(Acks.safeParse({ node, items }).success).toBe(false)
  const schema = oneOrMany(Ack, Acks)
  expect(schema.safeParse({ node, items: [{ ...item, loss: -1 }] }).error?.message).toMatch(/items.*loss/s)
  expect(schema.safeParse({ ...proof, tokens: 8 }).error?.message).toContain('loss')
})
