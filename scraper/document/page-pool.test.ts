import { afterAll, describe, expect, test } from 'vitest'
import { story } from '#test/site/story.ts'
import type { PageTask } from './page-document.ts'
import { openPagePool } from './page-pool.ts'

const { signal } = new AbortController()
const sentence = 'The garden of the house is on the other side of the road, and it was the place that we liked to be in with friends. '
const task = (html: string): PageTask => ({
  fetched: { url: 'http://h.example/', status: 200, headers: { 'content-type': 'text/html' }, body: new TextEncoder().encode(html) },
  rendered: undefined,
  robotsTxt: undefined,
  host: undefined,
  nowMs: Date.UTC(2026, 0, 15),
  obeyRights: true,
  keepsMarkdown: false,
})
const good = () => task(`<title>Garden</title><main><p>${story(1)}</p></main>`)
const endless = () => task(`<main>${`<p>${sentence}</p>`.repeat(100_000)}</main>`)

describe('the pool', () => {
  const pool = openPagePool({ threads: 1 })
  afterAll(() => pool[Symbol.asyncDispose]())

  test('makes the same document of the same page, and takes its bytes', async () => {
    const first = good()
    const { document } = await pool.read(first, signal)
    expect(document).toMatchObject({ uri: 'http://h.example/', title: 'Garden', text: story(1) })
    expect(first.fetched.body.length).toBe(0)
    expect(await pool.read(good(), signal)).toMatchObject({ document })
  })

  test('keeps Markdown where it is wanted', async () => {
    const { document } = await pool.read({ ...task(`<main><p>${story(2)} <a href="/x">More</a></p></main>`), keepsMarkdown: true }, signal)
    expect(document).toMatchObject({ markdown: expect.stringMatching(/^\w.* \[More\]\(http:\/\/h\.example\/x\)$/) })
  })

  test('leaves alone bytes that are part of a larger buffer', async () => {
    const { fetched, ...rest } = good()
    const larger = new Uint8Array(fetched.body.length + 10)
    larger.set(fetched.body, 5)
    const { document } = await pool.read({ ...rest, fetched: { ...fetched, body: larger.subarray(5, -5) } }, signal)
    expect(document).toMatchObject({ title: 'Garden' })
    expect(larger.length).toBe(fetched.body.length + 10)
  })

  test('asks of a text what its job asks', async () => {
    const short = `<main><p>${story(1, 1)}</p><p>Call +49 30 901820.</p></main>`
    expect(await pool.read(task(short), signal)).toMatchObject({ document: 'gopher_too_short' })
    const kept = await pool.read({ ...task(short), quality: { gopher_quality: { words_min: 10 } } }, signal)
    expect(kept.document).toMatchObject({ text: `${story(1, 1)}\n\nCall [phone].`, personal_data: { phone: 1 }, lang: 'en', languages: { en: 1 } })
    const raw = await pool.read({ ...task(short), quality: { gopher_quality: { enabled: false }, replace_personal_data: false } }, signal)
    expect(raw.document).toMatchObject({ text: `${story(1, 1)}\n\nCall +49 30 901820.`, personal_data: {} })
  })

  test('says what a page promises that it does not hold', async () => {
    expect(await pool.read(task('<div id="root"></div><script>x()</script>'), signal)).toMatchObject({ document: 'no_text', needsBrowser: true })
    expect(await pool.read({ ...task(''), rendered: '<div id="root"></div><script>x()</script>' }, signal)).toMatchObject({ needsBrowser: false })
  })

  test('ends with the signal', async () => {
    const abort = new AbortController()
    const reading = pool.read(good(), abort.signal)
    abort.abort(new Error('enough'))
    await expect(reading).rejects.toThrow('enough')
  })
})

test('a page that takes too much CPU time costs its thread and nothing else', async () => {
  await using pool = openPagePool({ threads: 1, cpuMsMax: 40 })
  const readings = await Promise.all([good(), endless(), good()].map((page) => pool.read(page, signal)))
  expect(readings.map(({ document }) => (typeof document === 'string' ? document : document.title))).toEqual(['Garden', 'too_slow', 'Garden'])
})
