import { expect, test } from 'vitest'
import { parseVoteFile, parseVotes } from './vote-file.ts'

const params = { keyword: null, platform: 'web', label: 'news', post_start_datetime: null, post_end_datetime: null }
const web = { seeds: ['https://news.example/'], include: ['https://news.example/*'] }
const job = { id: 'news', weight: 0.5, params, web }
const read = (jobs: unknown) => parseVoteFile(JSON.stringify(jobs), 'list.json')

test('takes jobs as Data Universe writes them: labels in any case, dates of any zone, what is absent as null', async () => {
  const given = {
    id: 'x',
    weight: 1,
    params: { platform: 'web', label: 'News', post_start_datetime: '2026-01-01T01:00:00+01:00' },
    expires_at: null,
    max_rows: 5,
  }
  expect(await read([given])).toEqual([{ id: 'x', weight: 1, params: { ...params, post_start_datetime: '2026-01-01T00:00:00.000Z' }, max_rows: 5 }])
  expect(await read([{ ...job, expires_at: '2026-01-01T01:00:00+01:00' }])).toMatchObject([{ expires_at: '2026-01-01T00:00:00.000Z' }])
})

test.each([
  [
    'a bad pattern',
    [job, { ...job, params: { ...params, label: 'b' }, web: { ...web, include: ['https://a.example/*', 'https://b.example/('] } }],
    /^list\.json: \[1\]\.web\.include\[1\] = "https:\/\/b\.example\/\(" is refused: no URL pattern; write one like https:\/\/example\.org\/\*\.$/,
  ],
  ['a regular expression', [{ ...job, web: { ...web, exclude: ['https://a.example/((?:a+)+)$'] } }], /\[0\]\.web\.exclude\[0\].*only the wildcard \*/],
  ['many wildcards', [{ ...job, web: { ...web, include: ['https://a.example/*a*a'] } }], /more than one wildcard before the end of one part/],
  ['a pattern without end', [{ ...job, web: { ...web, include: [`https://a.example/*${'a'.repeat(240)}`] } }], /longer than 256 characters/],
  ['another platform', [{ ...job, params: { ...params, platform: 'x' } }], /\[0\]\.params\.platform = "x" is refused: expected "web"/],
  ['a weight of nothing', [{ ...job, weight: 0 }], /\[0\]\.weight = 0 is refused/],
  ['a weight above one', [{ ...job, weight: 1.1 }], /\[0\]\.weight = 1\.1 is refused/],
  [
    'weights above one together',
    [job, { ...job, weight: 0.75, params: { ...params, label: 'b' } }],
    /the weights are 1\.25 together, and at most 1 is taken; divide each by 1\.25/,
  ],
  ['a job twice', [job, { ...job, id: 'other', weight: 0.1 }], /\[1\] is the same job as \[0\]; put their weights together/],
  ['neither label nor keyword', [{ ...job, params: { ...params, label: null } }], /\[0\]\.params = .* is refused: it has neither/],
  [
    'dates the wrong way round',
    [{ ...job, params: { ...params, post_start_datetime: '2026-02-01T00:00:00Z', post_end_datetime: '2026-01-01T00:00:00Z' } }],
    /\[0\]\.params\.post_end_datetime .*not after/,
  ],
  ['what is no date', [{ ...job, params: { ...params, post_start_datetime: 'yesterday' } }], /post_start_datetime = "yesterday" is refused/],
  ['a seed that is none', [{ ...job, web: { ...web, seeds: ['file:///etc/passwd'] } }], /\[0\]\.web\.seeds\[0\] = "file:/],
  ['a job without pages', [{ ...job, web: { seeds: [], include: [] } }], /\[0\]\.web\.include/],
  ['a word too many', [{ ...job, surprise: 1 }], /\[0\] = .*surprise/],
  ['rows below one', [{ ...job, max_rows: 0 }], /max_rows = 0/],
  ['no list', { ...job }, /the list = .* is refused/],
  ['an empty list', [], /the list = \[\] is refused/],
  ['a label too long', [{ ...job, params: { ...params, label: 'x'.repeat(141) } }], /params\.label/],
  [
    'more patterns than all lists together may have',
    Array.from({ length: 21 }, () => ({ ...job, web: { ...web, include: Array.from({ length: 96 }, () => '*') } })),
    /^list\.json: the jobs have 2016 patterns together, and 2000 are taken; name fewer\.$/,
  ],
  ['what is nested without end', JSON.parse(`[${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}]`), /^list\.json: \[0\].{1,400}$/],
  ['words without end', [Object.fromEntries(Array.from({ length: 9999 }, (_, n) => [`word${n}`, 1]))], /^list\.json: \[0\].{1,500}$/],
])('refuses %s in one line that says where and what to do', async (_, jobs, message) => {
  const refused = await parseVotes(jobs, 'list.json').catch((error: unknown) => error)
  expect(refused).toMatchObject({ code: 'invalid_argument', message: expect.stringMatching(message) as string })
  expect((refused as Error).message).toMatch(/^[^\n]*$/)
})

test('refuses what is no JSON', async () => {
  await expect(parseVoteFile('[{', 'list.json')).rejects.toThrow(/^list\.json is no JSON \(.*\); write \[\{"id"/)
})
