import { expect, test } from 'vitest'
import { DesirabilityJob } from '#schemas/desirability.ts'
import { jobsOf, siteJobs, sourcesOfSeeds, weighedAs } from './jobs.ts'

test('seeds of one host become one source, labelled by the host, that takes all of its pages', () => {
  expect(sourcesOfSeeds(['https://example.org/a', 'https://example.org/b', 'http://127.0.0.1:8800/'])).toEqual([
    { label: 'example.org', seeds: ['https://example.org/a', 'https://example.org/b'], include: ['https://example.org/*'] },
    { label: '127.0.0.1', seeds: ['http://127.0.0.1:8800/'], include: ['http://127.0.0.1:8800/*'] },
  ])
})

test.each(['', 'example.org', 'ftp://example.org/', 'https://', 'javascript:alert(1)'])('refuses the seed %j', (seed) => {
  expect(() => sourcesOfSeeds([seed])).toThrow(`--seed "${seed}" is no web address`)
})

test('jobs of configured sources are valid, and the same source gives the same id', () => {
  const sources = [{ label: 'News', seeds: ['https://example.org/'], include: ['https://example.org/*'] }]
  const [job] = jobsOf(sources)
  expect(DesirabilityJob.parse(job)).toMatchObject({ weight: 1, params: { label: 'news', platform: 'web' } })
  expect(jobsOf(sources)[0]?.id).toBe(job?.id)
})

test('what a source asks of its texts goes with its job, and makes it another', () => {
  const source = { label: 'News', seeds: ['https://example.org/'], include: ['https://example.org/*'] }
  const quality = { gopher_quality: { words_min: 20, stop_words_min: false as const }, c4: { enabled: true } }
  const [plain, chosen] = [jobsOf([source])[0], jobsOf([{ ...source, quality }])[0]]
  expect(DesirabilityJob.parse(chosen)).toMatchObject({ web: { quality } })
  expect(chosen?.id).not.toBe(plain?.id)
  expect(plain?.web).not.toHaveProperty('quality')
  expect(DesirabilityJob.safeParse({ ...chosen, web: { ...chosen?.web, quality: { c4: { on: true } } } }).success).toBe(false)
})

test('the embedded web has four jobs, found through the sitemap of each host; a page belongs to the first that takes it', () => {
  const jobs = siteJobs(['fastify.localhost', 'zod.localhost'])
  expect(jobs.map(({ params }) => params.label)).toEqual(['readme', 'license', 'changelog', 'docs'])
  expect(jobs.flatMap(({ web }) => web.seeds)).toEqual(['http://fastify.localhost/sitemap.xml', 'http://zod.localhost/sitemap.xml'])
  const taker = (url: string) => jobs.find(({ web }) => web.include.some((pattern) => new URLPattern(pattern).test(url)))?.params.label
  expect(['readme.html', 'license-mit.html', 'changelog.html', 'docs/guide.html'].map((path) => taker(`http://zod.localhost/${path}`))).toEqual([
    'readme',
    'license',
    'changelog',
    'docs',
  ])
  expect(taker('http://example.org/readme.html')).toBeUndefined()
})

test('a job that is listed keeps its id and the weight that the loss gave it; another scope is another job of that weight', () => {
  const source = { label: 'News', seeds: ['https://example.org/'], include: ['https://example.org/*'] }
  const [job] = jobsOf([source])
  const listed = { ...job, id: 'news-of-before', weight: 2.5 } as DesirabilityJob
  expect(weighedAs([listed], jobsOf([source]))).toEqual([listed])
  const [other] = weighedAs([listed], jobsOf([{ ...source, exclude: ['https://example.org/ads/*'] }]))
  expect(other).toMatchObject({ weight: 2.5, id: expect.stringMatching(/^news-[0-9a-f]{12}$/) })
  expect(other?.id).not.toBe(job?.id)
  expect(weighedAs([], jobsOf([source]))).toEqual([job])
  // Two of them never get one id.
  const task = { ...job, id: 'gravity-1' } as DesirabilityJob
  expect(weighedAs([task], [...jobsOf([source]), task]).map(({ id }) => id)).toEqual([job?.id, 'gravity-1'])
})
