import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DesirabilityJob, jobId } from './desirability.ts'

const params = { keyword: null, platform: 'web' as const, label: 'example.org', post_start_datetime: null, post_end_datetime: null }
const job = { id: jobId(params), weight: 1, params, web: { seeds: ['https://example.org/'], include: ['https://example.org/*'] } }

describe('a job id', () => {
  test('names the label and follows from the whole identity of the job', () => {
    expect(job.id).toMatch(/^example\.org-[0-9a-f]{12}$/)
    expect(jobId({ ...params })).toBe(job.id)
    for (const other of [
      { keyword: 'k' },
      { label: 'example.com' },
      { post_start_datetime: '2026-01-01T00:00:00Z' },
      { post_end_datetime: '2026-01-01T00:00:00Z' },
    ])
      expect(jobId({ ...params, ...other })).not.toBe(job.id)
  })

  test('falls back to the keyword, then to the platform', () => {
    expect(jobId({ ...params, label: null, keyword: 'Large Models' })).toMatch(/^large-models-/)
    expect(jobId({ ...params, label: null })).toMatch(/^web-/)
    expect(jobId({ ...params, label: '…' })).toMatch(/^web-/)
  })

  test('is always one a job may have, safe in a path', () => {
    fc.assert(
      fc.property(fc.option(fc.string({ minLength: 1, maxLength: 140, unit: 'binary' })), (keyword) => {
        const id = jobId({ ...params, label: null, keyword })
        expect(DesirabilityJob.shape.id.safeParse(id).success).toBe(true)
      }),
    )
  })
})

test('a job has a weight up to the cap and somewhere to look', () => {
  expect(DesirabilityJob.parse(job)).toEqual(job)
  const refused = [
    { weight: 0 },
    { weight: 5.01 },
    { weight: Number.NaN },
    { id: '../x' },
    { web: { seeds: ['nowhere'], include: ['*'] } },
    { web: { seeds: [], include: [] } },
    { params: { ...params, platform: 'x' } },
    { params: { ...params, keyword: 'half \ud800' } },
    { surprise: 1 },
  ]
  for (const wrong of refused) expect(DesirabilityJob.safeParse({ ...job, ...wrong }).success).toBe(false)
})
