import { once } from 'node:events'
import { rowFacts } from '#schemas/row-facts.ts'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { folderCorpusIndex } from '#infra/corpus-index/corpus-index.ts'
import { loadConfig } from '#infra/config/load.ts'
import { testDocument } from '#test/golden/documents.ts'
import { indexName } from '../dedup/index-name.ts'
import { explained } from './explained.ts'
import { explanationText } from './explanation-text.ts'

let folder: string
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), 'orrery-explain-'))))
afterAll(() => rm(folder, { recursive: true, force: true }))

const story = `In the cold clouds between the stars there is gas, and the gas falls together under its own weight for a very long time. When it is dense
  enough, it gets hot, and in the end a star is lit in its middle. Astronomers have known this for a hundred years, but they could not look into the clouds before
  there were telescopes for the infrared. Now they can see how the discs of dust turn around the young stars, and how planets are made of what is left.`
const page = (head = '') => `<html lang="en"><head><title>How stars are made | The Sky</title><meta name="author" content="Ann Lee">${head}
  <meta property="article:published_time" content="2025-03-04T05:06:07Z"><link rel="license" href="https://creativecommons.org/licenses/by-sa/4.0/"></head>
  <body><nav><a href="/">Home</a> <a href="/b">All stories</a></nav><main><h1>How stars are made</h1><p>${story}</p><p>Ask <b>us</b>: ann.lee@thesky.com</p></main></body></html>`

const settings = (more: Record<string, unknown> = {}) =>
  loadConfig({ cwd: folder, env: {}, flags: { 'data.dir': join(folder, 'data'), 'run.frozen_at': '2026-01-01T00:00:00Z', ...more } }).config
const saved = async (html: string) => {
  const path = join(folder, 'page.html')
  await writeFile(path, html)
  return path
}
const url = 'http://h.example/story'
const { signal } = new AbortController()
const ofFile = async (html: string) => explained(await saved(html), { url }, settings(), signal)

describe('a page is explained', () => {
  test('each decision, with what it was made on', async () => {
    expect(await ofFile(page())).toMatchObject({
      url,
      verdict: 'kept',
      title: { value: 'How stars are made', by: 'h1, as in the title' },
      author: { value: 'Ann Lee', by: 'author' },
      dates: { published: '2025-03-04T05:06:07.000Z', by: 'meta', candidates: [{ kind: 'published', day: '2025-03-04' }] },
      language: { lang: 'en', declared: 'en' },
      personal_data: { email: 1 },
      rights: { robots: 'not_asked', licence: 'CC-BY-SA-4.0', licence_why: 'CC-BY-SA-4.0: said of the page (rel)' },
      identity: { id: expect.stringMatching(/^[0-9a-f]{64}$/), duplicates: 'unknown' },
      markdown: expect.stringContaining('**us**'),
      text: expect.not.stringContaining('ann.lee'),
    })
  })

  test('block by block, and rule by rule', async () => {
    const { content, quality } = await ofFile(page())
    expect(content.blocks.find(({ text }) => text.startsWith('In the cold'))).toMatchObject({ kept: true, path: 'html > body > main > p' })
    expect(content.blocks.find(({ text }) => text.startsWith('Home'))).toMatchObject({ kept: false })
    expect(content.kept + content.cut).toBe(content.blocks.length)
    expect(quality).toContainEqual({ rule: 'word_count', measure: expect.any(Number), verdict: 'ok' })
  })

  test('in plain text, the same each time', async () => {
    const text = explanationText(await ofFile(page()))
    expect(text).toContain('title: How stars are made  (h1, as in the title)')
    expect(text).toContain('Verdict\n───────\nkept')
    expect(explanationText(await ofFile(page()))).toBe(text)
  })

  test('when it is refused, too', async () => {
    const refused = await ofFile(page('<meta name="robots" content="noindex">'))
    expect(refused).toMatchObject({ verdict: 'noindex', rights: { meta_robots: ['noindex'] }, language: { lang: 'en' } })
    const short = await ofFile('<p>Nothing much.')
    expect(short.quality.find(({ rule }) => rule === 'word_count')?.verdict).toBe('gopher_too_short')
    expect(await ofFile('')).toMatchObject({ verdict: 'no_text', identity: null })
  })

  test('with what this data folder has seen that is like it', async () => {
    const first = await ofFile(page())
    const { data, miner } = settings()
    {
      await using known = folderCorpusIndex(join(data.dir, 'corpus', indexName(miner.name)))
      const signature = new Uint8Array(Buffer.from(first.identity?.minhash ?? '', 'base64'))
      const facts = rowFacts(testDocument(1, { uri: 'http://o.example/copy', published_at: null }))
      await known.commit({ add: [{ facts, signature, state: 'remembered', place: null }] })
    }
    const again = await ofFile(page())
    expect(again.identity?.duplicates).toEqual([{ uri: 'http://o.example/copy', similarity: 1, published: null }])
    expect(explanationText(again)).toContain('1 like http://o.example/copy')
  })
})

describe('a page of the web is asked for as a miner does', () => {
  const asked: string[] = []
  const server = createServer((request, response) => {
    asked.push(request.url ?? '')
    if (request.url === '/robots.txt') response.end('User-agent: *\nDisallow: /private\nContent-Signal: ai-train=yes')
    else if (request.url === '/old') response.writeHead(301, { location: '/story' }).end()
    else if (request.url === '/story' || request.url === '/view?id=7&a=%u011f') response.writeHead(200, { 'content-type': 'text/html' }).end(page())
    else response.writeHead(404).end()
  })
  let origin: string
  beforeAll(async () => {
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    origin = `http://127.0.0.1:${port}`
  })
  afterAll(() => void server.close())
  const ofWeb = (path: string) =>
    explained(
      `${origin}${path}`,
      {},
      settings({ sources: [{ label: 'x', include: [origin], seeds: [`${origin}/`] }], 'miner.ports': [new URL(origin).port].map(Number) }),
      signal,
    )

  test('robots.txt first, redirects followed, with what the host says of learning', async () => {
    const explanation = await ofWeb('/old')
    const { url: found, rights, label } = explanation
    expect(found).toBe(`${origin}/story`)
    expect(rights).toMatchObject({ robots: 'allowed', tdm_reservation: null, ai_train: 'allowed' })
    expect(explanationText(explanation)).toContain('training of models: allowed (robots-content-signal)')
    expect(label).toBe('x')
    expect(asked).toEqual(['/robots.txt', '/old', '/story', '/.well-known/tdmrep.json', '/ai.txt'])
  })

  test('as its address is written', async () => {
    asked.length = 0
    expect((await ofWeb('/view?id=7&a=%u011f#top')).url).toBe(`${origin}/view?id=7&a=%u011f`)
    expect(asked).toContain('/view?id=7&a=%u011f')
  })

  test.each([
    ['/private/x', /robots_disallowed/],
    ['/none', /http_404/],
  ])('%s: one line says why not', async (path, message) => {
    await expect(ofWeb(path)).rejects.toMatchObject({ code: 'invalid_argument', exitCode: 2, message: expect.stringMatching(message) })
  })
})

test('what is on the block list is not asked for', async () => {
  const list = join(folder, 'blocked.txt')
  await writeFile(list, 'h.example\n')
  await expect(explained(url, {}, settings({ 'miner.block_list': list, 'miner.contact': 'https://o.example/' }), signal)).rejects.toThrow(/block list/)
})

test.each([
  ['http://public.example.org/x', {}, 'invalid_config'],
  ['http://[', {}, 'invalid_argument'],
  ['no-such-file.html', {}, 'invalid_argument'],
  ['.', {}, 'invalid_argument'],
])('%s is refused before anything is asked', async (page, flags, code) => {
  await expect(explained(page, flags, settings(), signal)).rejects.toMatchObject({ code, exitCode: 2 })
})
