import { existsSync, readFileSync } from 'node:fs'
import { afterAll, describe, expect, test } from 'vitest'
import { story } from '#test/site/story.ts'
import type { PageTask } from './page-document.ts'
import { openPagePool } from './page-pool.ts'

const { signal } = new AbortController()
const task = (html: string): PageTask => ({
  fetched: { url: 'http://h.example/', status: 200, headers: { 'content-type': 'text/html' }, body: Buffer.from(html) },
  rendered: undefined,
  robotsTxt: undefined,
  host: undefined,
  nowMs: Date.UTC(2026, 0, 15),
  obeyRights: true,
  keepsMarkdown: false,
})
const good = () => task(`<title>Garden</title><main><p>${story(1)}</p></main>`)
/** 600 times the work of a good page and no more memory: each closing tag is looked for among all that are open. */
const endless = () => task('<div>'.repeat(1900) + '</b>'.repeat(10_000_000))
const endlessMs = 400
const huge = () => task('<main>' + '<p>x'.repeat(900_000))
const titleOf = ({ document }: { document: string | { title: string } }) => (typeof document === 'string' ? document : document.title)

describe('the pool', () => {
  const pool = openPagePool({ threads: 1 })
  afterAll(() => pool[Symbol.asyncDispose]())

  test('makes the same document of the same page', async () => {
    const { document } = await pool.read(good(), signal)
    expect(document).toMatchObject({ uri: 'http://h.example/', title: 'Garden', text: story(1) })
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

  test('finds what a source finds', async () => {
    const sitemap = task('<urlset><url><loc>http://h.example/b</loc></url><url><loc>/a</loc><lastmod>2026-01-02</lastmod></url></urlset>').fetched
    expect(await pool.find('sitemap', sitemap, signal)).toEqual({
      found: { pages: [{ url: 'http://h.example/a', modifiedAt: Date.UTC(2026, 0, 2) }, { url: 'http://h.example/b' }], sitemaps: [], feeds: [] },
      isPage: false,
    })
    expect(await pool.find('feed', sitemap, signal)).toBe('not_a_feed')
  })

  test('hands over however much was found', async () => {
    const lines = Array.from({ length: 50_000 }, (_, i) => `http://h.example/${i}/${'x'.repeat(100)}`)
    const read = await pool.find('sitemap', task(lines.join('\n')).fetched, signal)
    expect(typeof read !== 'string' && read.found.pages.map(({ url }) => url)).toEqual(lines.toSorted())
  })

  test('ends with the signal, one page or all', async () => {
    const abort = new AbortController()
    const readings = [endless(), good(), good()].map((page, i) => pool.read(page, i === 2 ? signal : abort.signal))
    abort.abort(new Error('enough'))
    await expect(readings[0]).rejects.toThrow('enough')
    await expect(readings[1]).rejects.toThrow('enough')
    expect(await readings[2]).toMatchObject({ document: { title: 'Garden' } })
  })

  test('throws what reading throws, and goes on', async () => {
    const torn = { ...good(), fetched: { ...good().fetched, headers: undefined as never } }
    await expect(pool.read(torn, signal)).rejects.toThrow(/undefined/)
    expect(await pool.read(good(), signal)).toMatchObject({ document: { title: 'Garden' } })
  })
})

test('a page that takes too much CPU time costs its process and nothing else, whoever waits behind it', async () => {
  await using pool = openPagePool({ threads: 1, cpuMsMax: endlessMs })
  const readings = await Promise.all([good(), endless(), good(), endless(), good()].map((page) => pool.read(page, signal)))
  expect(readings.map(titleOf)).toEqual(['Garden', 'too_slow', 'Garden', 'too_slow', 'Garden'])
})

test('so does one that takes too much memory', async () => {
  await using pool = openPagePool({ threads: 1, cpuMsMax: 120_000 })
  const readings = await Promise.all([huge(), good()].map((page) => pool.read(page, signal)))
  expect(readings.map(titleOf)).toEqual(['too_large', 'Garden'])
})

const children = `/proc/self/task/${process.pid}/children`
test.runIf(existsSync(children))('a page is read again when somebody else ends the process that reads it', async () => {
  await using pool = openPagePool({ threads: 1, cpuMsMax: 120_000 })
  const abort = new AbortController()
  const [first, reading] = [pool.read(endless(), abort.signal), pool.read(good(), signal)]
  const before = readFileSync(children, 'utf8')
  process.kill(Number(before.trim().split(' ').at(-1)), 'SIGTERM')
  await expect.poll(() => readFileSync(children, 'utf8')).not.toBe(before)
  await expect.poll(() => readFileSync(children, 'utf8').trim()).not.toBe('')
  abort.abort(new Error('enough'))
  await expect(first).rejects.toThrow('enough')
  expect(await reading).toMatchObject({ document: { title: 'Garden' } })
})
