import { describe, expect, test } from 'vitest'
import { openTaskReader } from '#scraper/document/page-document.ts'
import { pageTask } from '#scraper/document/page-task.fixture.ts'
import { namedValues } from '#schemas/named-values.ts'
import { z } from 'zod'

/** What a plain object has without being given it, each with a name of the same form that none has. */
const names = [
  ['constructor', 'xonstructor'],
  ['__proto__', '__prowo__'],
  ['toString', 'woString'],
  ['hasOwnProperty', 'hasOwnPrioperty'],
  ['valueOf', 'walueOf'],
] as const

const story = 'The old mill by the river was built of grey stone and stood there for two hundred years before anyone wrote of it. '.repeat(4)

/** A page that says one word wherever the reader looks something up by a word of the page. */
const page = (word: string): string => `<!doctype html><html lang="${word}"><head><title>The mill</title>
  <meta name="${word}" content="${word}"><meta property="${word}" content="${word}"><meta http-equiv="${word}" content="${word}">
  <meta name="robots" content="${word}: ${word}"><meta name="author" content="${word}"><link rel="${word}" href="/${word}"><meta name="date" content="${word}">
  <script type="application/ld+json">{"@type":"${word}","${word}":{"@type":"${word}"},"@graph":[{"${word}":"${word}","datePublished":"${word}"}]}</script></head>
  <body class="${word}"><${word}>${story}</${word}><main role="${word}" id="${word}" itemscope itemtype="${word}"><h1>The mill</h1>
  <p class="${word}" itemprop="${word}" ${word}="${word}">${story}<span class="${word}">2</span> <sup>${word}</sup> <span style="${word}:${word}">3</span></p>
  <p><math><mover><mi>x</mi><mo>${word}</mo></mover><msup><mi>y</mi><mi>${word}</mi></msup><${word}>z</${word}></math></p>
  <p><time datetime="${word}">${word} 3, 2025 10:00 ${word}</time> <a rel="${word}" href="/x?${word}=${word}">${story}</a></p></main></body></html>`

describe('a word of a page is never taken for what an object inherits', async () => {
  const read = await openTaskReader()
  const documentOf = (word: string): unknown => {
    const headers = {
      'content-type': `text/html; charset=${word}`,
      'x-robots-tag': `${word}: ${word}`,
      'content-language': word,
      link: `<${word}>; rel=${word}`,
    }
    const { document } = read(pageTask(page(word), headers))
    if (typeof document !== 'object') return document
    // Letters that are others are counted otherwise.
    const { html_sha256: _, id: __, minhash: ___, text_bytes: ____, quality: _____, lang_score: ______, languages: _______, ...shown } = document
    const spellings = [word.replaceAll('_', String.raw`\\_`), word, word.toLowerCase()]
    return spellings.reduce((text, spelling) => text.replaceAll(spelling, 'WORD'), JSON.stringify(shown))
  }
  test.each(names)('%s', (inherited, other) => {
    const expected = documentOf(other)
    expect(expected).toContain('WORD')
    expect(documentOf(inherited)).toBe(expected)
  })
})

test('an answer keeps each name that it is given', () => {
  const counts = namedValues(z.int().nonnegative())
  const given = Object.fromEntries(names.map(([name], at) => [name, at]))
  expect(JSON.parse(JSON.stringify(counts.parse(JSON.parse(JSON.stringify(given)))))).toEqual(given)
  expect(Object.keys(counts.parse(given))).toEqual(names.map(([name]) => name))
  for (const wrong of [null, [], 1, 'x', { a: -1 }, JSON.parse('{"__proto__":"1"}')]) expect(counts.safeParse(wrong).success).toBe(false)
})
