import fc from 'fast-check'
import { expect, test } from 'vitest'
import { acceptWeights, type WeightsCaller, type WeightsRules } from './weights-rules.ts'

interface Case {
  submission: { uids: number[]; values: number[]; versionKey: number }
  caller: WeightsCaller
  rules: WeightsRules
}

const good = (): Case => ({
  submission: { uids: [0, 1, 2], values: [1, 1, 1], versionKey: 7 },
  caller: { uid: 3, stake: 1000n, validatorPermit: true, lastUpdate: 100, block: 200, neurons: 10 },
  rules: { stakeThreshold: 1000n, versionKey: 7, weightsRateLimitBlocks: 100, minAllowedWeights: 2, maxWeightLimit: 40_000 },
})

function add(c: Case, uid: number): void {
  c.submission.uids.push(uid)
  c.submission.values.push(1)
}

/** A way to break each rule, in the order in which the chain checks them. */
const violations: [reason: string, breakRule: (c: Case) => void][] = [
  ['WeightVecNotEqualSize', (c) => void c.submission.values.pop()],
  ['UidsLengthExceedUidsInSubNet', (c) => Array.from({ length: 11 }, (_, uid) => add(c, uid))],
  ['HotKeyNotRegisteredInSubNet', (c) => (c.caller.uid = undefined)],
  ['NotEnoughStakeToSetWeights', (c) => (c.caller.stake = 999n)],
  ['IncorrectWeightVersionKey', (c) => (c.submission.versionKey = 6)],
  ['SettingWeightsTooFast', (c) => (c.caller.lastUpdate = 101)],
  ['NeuronNoValidatorPermit', (c) => (c.caller.validatorPermit = false)],
  ['DuplicateUids', (c) => add(c, c.submission.uids[0] ?? 0)],
  ['UidVecContainInvalidOne', (c) => add(c, 10)],
  ['WeightVecLengthIsLow', (c) => (c.submission = { ...c.submission, uids: [0], values: [1] })],
  ['MaxWeightExceeded', (c) => (c.submission.values[0] = 65_535)],
]

test('takes weights that break no rule, the largest raised to 65,535', () => {
  const { submission, caller, rules } = good()
  expect(acceptWeights({ ...submission, values: [2, 3, 1] }, caller, rules)).toEqual([43_690, 65_535, 21_845])
})

test.each(violations)('refuses for %s', (reason, breakRule) => {
  const c = good()
  breakRule(c)
  expect(() => acceptWeights(c.submission, c.caller, c.rules)).toThrow(expect.objectContaining({ details: expect.objectContaining({ reason }) as object }))
})

test('refuses for the earliest rule of those that are broken', () => {
  fc.assert(
    fc.property(fc.subarray(violations, { minLength: 1 }), (broken) => {
      const c = good()
      for (const [, breakRule] of broken.toReversed()) breakRule(c)
      expect(() => acceptWeights(c.submission, c.caller, c.rules)).toThrow(broken[0]?.[0])
    }),
  )
})

test('says how the rate limit differs from a refusal: it may be tried again', () => {
  const { submission, caller, rules } = good()
  const tooFast = () => acceptWeights(submission, { ...caller, lastUpdate: 101 }, rules)
  expect(tooFast).toThrow(expect.objectContaining({ code: 'rate_limited', retryable: true }))
  expect(acceptWeights(submission, { ...caller, lastUpdate: 0 }, rules)).toHaveLength(3)
})

test('lets a neuron weigh itself alone without permit, minimum or limit', () => {
  const { caller, rules } = good()
  expect(acceptWeights({ uids: [3], values: [9], versionKey: 7 }, { ...caller, validatorPermit: false }, rules)).toEqual([65_535])
})

test('asks for no more weights than there are neurons', () => {
  const { submission, caller, rules } = good()
  const small = { ...caller, uid: 0, neurons: 1 }
  expect(acceptWeights({ ...submission, uids: [0], values: [0] }, small, { ...rules, minAllowedWeights: 1024 })).toEqual([0])
})
