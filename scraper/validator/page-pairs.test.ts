import { beforeAll, describe, expect, test } from 'vitest'
import type { Document } from '#schemas/document.ts'
import { story } from '#test/site/story.ts'
import { openTaskReader, type PageDocument, type ReadTask } from '../document/page-document.ts'
import { judgePage, type Judgement } from './judge-page.ts'
import { likeness } from './likeness.ts'
import type { Refetched } from './refetch.ts'

/** Pages as sites write them, read when the miner came and read again by a validator. */
const hour = 3_600_000
const minedAt = Date.UTC(2026, 2, 10, 9)
const lookedAt = minedAt + 30 * hour
const url = 'https://paper.example/2026/03/bridge-opens'
let read: ReadTask
beforeAll(async () => {
  read = await openTaskReader()
})

interface Answer {
  headers?: Record<string, string>
  html: string
  nowMs?: number
}

function reading({ html, headers = {}, nowMs = minedAt }: Answer): PageDocument | string {
  const fetched = { url, status: 200, headers: { 'content-type': 'text/html; charset=utf-8', ...headers }, body: Buffer.from(html) }
  const quality = { gopher_quality: { words_min: 3, stop_words_min: 0 }, fineweb: { enabled: false } }
  return read({ fetched, rendered: undefined, robotsTxt: 'found', host: undefined, nowMs, obeyRights: false, keepsMarkdown: false, quality }).document
}
const rowOf = (answer: Answer): Document => {
  const page = reading(answer)
  if (typeof page === 'string') throw new Error(page)
  return { ...page, label: 'news', job_id: 'news', hotkey: '5A', version: 1 }
}

async function judge(mined: Answer, now: Answer, change: (row: Document) => Document = (row) => row): Promise<Judgement> {
  const row = change(rowOf(mined))
  const page = reading({ ...now, nowMs: lookedAt })
  const alike = async (text: string): Promise<number> => (typeof page === 'string' ? 0 : likeness(text, page.text))
  const found: Refetched = typeof page === 'string' ? { state: 'gone', reason: page } : { state: 'found', page }
  return judgePage({ row, found, at: lookedAt, alike: await alike(row.text), hasOpening: (await alike(row.text.slice(0, 400))) >= 0.8, earlier: [] })
}

const paragraphs = (from: number, count = 5): string => Array.from({ length: count }, (_, n) => `<p>${story(from + n, 4)}</p>`).join('\n')
const comments = (from: number, count: number): string =>
  `<section id="comments"><h2>${count} comments</h2>${Array.from({ length: count }, (_, n) => `<div class="comment"><b>Reader ${n}</b><p>${story(from + n, 2)}</p></div>`).join('')}</section>`

interface Article {
  body?: string
  token?: string
  aside?: string
  after?: string
  meta?: string
}
const article = ({ body = paragraphs(10), token = 'a1', aside = '', after = '', meta = '' }: Article = {}): string => `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Bridge opens after two years | The Paper</title>
<meta property="article:published_time" content="2026-03-09T06:00:00Z">${meta}
<meta name="csrf" content="${token}"><script>window.visit="${token}"</script></head>
<body><header><nav><a href="/">Home</a> <a href="/world">World</a> <a href="/sport">Sport</a></nav></header>
${aside}<main><article><h1>Bridge opens after two years</h1><p class="byline">By A. Author</p>${body}</article>${after}</main>
<footer><p>© 2026 The Paper. All rights reserved.</p></footer></body></html>`

const gallery = (credit: string): string =>
  article({ body: `<figure><img src="1.jpg" alt=""><figcaption>The new bridge at dawn, seen from the old harbour wall.</figcaption></figure>${credit}` })
const fabricate = (row: Document): Document => {
  const made = rowOf({ html: article({ body: paragraphs(900) }) })
  return { ...row, text: made.text, id: made.id, minhash: made.minhash, text_bytes: made.text_bytes }
}

describe('an honest row stays the same when', () => {
  test.each<[string, Answer, Answer]>([
    ['each visit gets a token of its own', { html: article() }, { html: article({ token: 'zz9' }) }],
    ['comments were added', { html: article() }, { html: article({ after: comments(500, 12) }) }],
    [
      'a typing error was mended and a sentence added',
      { html: article() },
      {
        html: article({
          body: paragraphs(10)
            .replace('The', 'Teh')
            .replace('</p>', ` ${story(77, 1)}</p>`),
        }),
      },
    ],
    [
      'a ticker went on',
      { html: article({ body: `<p>Shares of the builder: 12.41 (+0.3 %), 1,204,331 traded.</p>${paragraphs(10)}` }) },
      { html: article({ body: `<p>Shares of the builder: 13.07 (−1.8 %), 998,120 traded.</p>${paragraphs(10)}` }) },
    ],
    [
      'a banner asks for consent above the text',
      { html: article() },
      { html: article({ aside: '<div class="consent"><p>We and our 812 partners use cookies. Accept all or manage.</p></div>' }) },
    ],
    [
      'the text of a test variant has another headline',
      { html: article() },
      { html: article().replace('<h1>Bridge opens after two years</h1>', '<h1>At last: the bridge is open</h1>') },
    ],
    [
      'other teasers stand beside it',
      { html: article({ aside: `<aside><h3>Read also</h3><ul><li><a href="/a">${story(60, 1)}</a></li></ul></aside>` }) },
      { html: article() },
    ],
  ])('%s', async (_, mined, now) => {
    expect(await judge(mined, now)).toMatchObject({ verdict: 'same', lost: 0 })
  })

  test('it is of pictures alone, with a few words', async () => {
    expect(await judge({ html: gallery('') }, { html: gallery('<p>Photos: B. Author</p>') })).toMatchObject({ verdict: 'same' })
  })
})

describe('an honest row is not contradicted, but has changed, when', () => {
  const before = {
    html: article({ body: paragraphs(10, 12) }),
    headers: { 'last-modified': new Date(minedAt - 20 * hour).toUTCString(), etag: '"5d8c72a5edda8"' },
  }
  test.each<[string, Answer]>([
    ['the story was written anew', { html: article({ body: paragraphs(300) }), headers: { 'last-modified': new Date(minedAt + 5 * hour).toUTCString() } }],
    [
      'the page is behind a login now',
      {
        html: `<html lang="en"><body><main><h1>Log in to read on</h1><form><input name="user"></form><p>Subscribers read all of it from three euros a month.</p></main></body></html>`,
      },
    ],
    [
      'a wall asks for consent in the place of the text',
      {
        html: `<html lang="en"><body><main><h1>Your privacy</h1><p>We value your privacy. Accept all cookies to go on reading, or manage them.</p></main></body></html>`,
        headers: before.headers,
      },
    ],
    [
      'readers get a teaser, and other stories below it',
      {
        html: article({ body: `${paragraphs(10, 1)}<p>Subscribe to read on.</p>${paragraphs(600, 4)}` }),
        headers: { 'last-modified': before.headers['last-modified'] },
      },
    ],
    [
      'robots are asked to prove that they are none',
      {
        html: `<html lang="en"><body><main><h1>Checking your browser</h1><p>This takes a moment. Please enable cookies and reload the page.</p></main></body></html>`,
      },
    ],
    [
      'readers of another country get their own edition',
      {
        html: article({
          body: `<p>${'Die Brücke wurde nach zwei Jahren Bauzeit am Morgen für den Verkehr freigegeben, sagte die Stadt. '.repeat(12)}</p>`,
        }).replace('lang="en"', 'lang="de"'),
        headers: before.headers,
      },
    ],
  ])('%s', async (_, now) => {
    const { verdict, again } = await judge(before, now)
    expect([verdict, again]).toEqual([expect.stringMatching(/^(?:changed|gone)$/), undefined])
  })
})

describe('a fabricated row is contradicted where', () => {
  test('the bytes are the very same', async () => {
    expect(await judge({ html: article() }, { html: article() }, fabricate)).toMatchObject({ verdict: 'contradicted', proof: 'bytes' })
  })

  test('the server names the file by the same tag', async () => {
    const headers = { etag: '"5d8c72a5edda8"' }
    expect(await judge({ html: article(), headers }, { html: article({ token: 'b2' }), headers }, fabricate)).toMatchObject({
      verdict: 'contradicted',
      proof: 'etag',
    })
  })

  test('and may be, by another look, where the page says when it was changed last', async () => {
    const meta = '<meta property="article:modified_time" content="2026-03-09T08:00:00Z">'
    expect(await judge({ html: article({ meta }) }, { html: article({ meta, token: 'b2' }) }, fabricate)).toMatchObject({ verdict: 'changed', again: true })
  })

  test('half of it is the page, and half is made up: half of it is lost', async () => {
    const pad = (row: Document): Document => ({
      ...row,
      text: `${row.text}\n\n${rowOf({ html: article({ body: paragraphs(900) }) }).text}`,
      id: 'f'.repeat(64),
    })
    const { verdict, lost } = await judge({ html: article() }, { html: article({ token: 'b2' }) }, pad)
    expect([verdict, lost > 0.4 && lost < 0.6]).toEqual(['changed', true])
  })
})
