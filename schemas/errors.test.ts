import { expect, test } from 'vitest'
import { OrreryError } from './errors.ts'

test('an error tells by its code alone whether to try again, and how to answer and exit', () => {
  const error = new OrreryError('rate_limited', 'Wait.', { reason: 'SettingWeightsTooFast' })
  expect(error).toMatchObject({
    name: 'OrreryError',
    message: 'Wait.',
    status: 429,
    retryable: true,
    exitCode: 1,
    details: { reason: 'SettingWeightsTooFast' },
  })
  expect(new OrreryError('invalid_config', 'Mend it.')).toMatchObject({ status: 400, retryable: false, exitCode: 2, details: {} })
})

test('it keeps its cause, and has none when there was none', () => {
  const cause = new Error('below')
  expect(new OrreryError('data_unreadable', 'm', {}, cause).cause).toBe(cause)
  expect('cause' in new OrreryError('data_unreadable', 'm')).toBe(false)
})
