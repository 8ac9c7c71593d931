import { describe, expect, test } from 'vitest'
import { columnTable } from '#schemas/document-columns.ts'
import { Document } from '#schemas/document.ts'
import { testDocument } from '#test/golden/documents.ts'
import { openTaskReader } from './page-document.ts'
import { pageTask } from './page-task.fixture.ts'

const read = await openTaskReader()
const paragraph = `<p>${'The old mill by the river was built of grey stone and stood there for two hundred years before anyone wrote of it. '.repeat(4)}</p>`
const page = (head: string, body = paragraph): string =>
  `<!doctype html><html lang=en><head>${head}</head><body><main><h1>The mill</h1>${body}</main></body></html>`
const { label, job_id, hotkey, version } = testDocument(1)
const long = 'Wörter '.repeat(20_000)

describe('a page whose owner writes much', () => {
  test.each([
    ['title', page(`<title>${long}</title>`), {}],
    ['title', page(`<meta property="og:title" content="${long}">`), {}],
    ['author', page(`<meta name=author content="${long}">`), {}],
    ['site_name', page(`<meta property="og:site_name" content="${long}">`), {}],
    ['licence', page(`<link rel=license href="https://e.example/${'x'.repeat(100_000)}">`), {}],
    [
      'robots',
      page(`<meta name=robots content="${Array.from({ length: 3000 }, (_, n) => `max-snippet:${n}, unavailable_after: 1 jan ${3000 + n}`).join(', ')}">`),
      {},
    ],
    ['policy', page(`<meta name=tdm-reservation content=0><meta name=tdm-policy content="https://e.example/${'x'.repeat(100_000)}">`), {}],
    [
      'headers',
      page(''),
      { etag: 'é'.repeat(20_000), 'last-modified': 'x'.repeat(20_000), 'content-type': `text/html; charset=utf-8; x=${'é'.repeat(20_000)}` },
    ],
  ])('gives a document within its bounds: %s', (_, html, headers) => {
    const { document } = read(pageTask(html, headers))
    expect(Document.safeParse({ ...(document as object), label, job_id, hotkey, version }).error).toBeUndefined()
  })
})

test('a text that is longer than a shard takes is refused', () => {
  const words = '石の水車小屋は二百年のあいだ川のほとりに立っていた。'.repeat(columnTable.text.bytesMax / 70)
  expect(Buffer.byteLength(words)).toBeGreaterThan(columnTable.text.bytesMax)
  expect(read(pageTask(page('', `<p>${words}</p>`))).document).toBe('too_large')
})
