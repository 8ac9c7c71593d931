import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DesirabilityJob, jobId } from './desirability.ts'

const params = { keyword: null, platform: 'web' as const, label: 'example.org', post_start_datetime: null, post_end_datetime: null }
const web = { seeds: ['https://example.org/'], include: ['https://example.org/*'] }
const job = { id: jobId(params, web), weight: 1, params, web }

describe('a job id', () => {
  test('names the label and follows from the whole identity of the job', () => {
    expect(job.id).toMatch(/^example\.org-[0-9a-f]{12}$/)
    expect(jobId({ ...params }, { ...web })).toBe(job.id)
    for (const other of [
      { keyword: 'k' },
      { label: 'example.com' },
      { post_start_datetime: '2026-01-01T00:00:00Z' },
      { post_end_datetime: '2026-01-01T00:00:00Z' },
    ])
      expect(jobId({ ...params, ...other }, web)).not.toBe(job.id)
  })

  test('follows from the pages it takes and what it asks of them, not from where the crawl begins', () => {
    for (const other of [{ include: ['https://example.org/a/*'] }, { exclude: ['https://example.org/b/*'] }, { quality: { c4: { enabled: true } } }])
      expect(jobId(params, { ...web, ...other })).not.toBe(job.id)
    const elsewhere = { ...web, seeds: ['https://example.org/news'], depth_max: 3, pages_max: 10 }
    expect(jobId(params, elsewhere)).toBe(job.id)
  })

  test('falls back to the keyword, then to the platform', () => {
    expect(jobId({ ...params, label: null, keyword: 'Large Models' }, web)).toMatch(/^large-models-/)
    expect(jobId({ ...params, label: null }, web)).toMatch(/^web-/)
    expect(jobId({ ...params, label: '…' }, web)).toMatch(/^web-/)
  })

  test('is always one a job may have, safe in a path', () => {
    fc.assert(
      fc.property(fc.option(fc.string({ minLength: 1, maxLength: 140, unit: 'binary' })), (keyword) => {
        const id = jobId({ ...params, label: null, keyword }, web)
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
