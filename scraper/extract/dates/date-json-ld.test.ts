import { expect, test } from 'vitest'
import { jsonLdDates } from './date-json-ld.ts'

const bestOf = (text: string) => jsonLdDates(text).toSorted((a, b) => b.score - a.score)[0]?.value

test('the article comes before what is told of it', () => {
  const graph = [
    { '@type': 'Organization', datePublished: '2001-01-01' },
    { '@type': 'VideoObject', uploadDate: '2002-01-01' },
    { '@type': ['NewsArticle', 'Thing'], datePublished: '2003-01-01', comment: [{ '@type': 'Comment', datePublished: '2004-01-01' }] },
    { '@type': 'WebPage', datePublished: '2005-01-01' },
  ]
  expect(bestOf(JSON.stringify({ '@context': 'https://schema.org', '@graph': graph }))).toBe('2003-01-01')
})

test('what is published, created and changed is told apart', () => {
  expect(jsonLdDates('{"@type":"Article","dateModified":"b","dateCreated":"c","datePublished":"a"}').map(({ kind, value }) => [kind, value])).toEqual([
    ['modified', 'b'],
    ['published', 'c'],
    ['published', 'a'],
  ])
})

test.each([
  ['line breaks in strings', '{"@type":"Article","headline":"a\nb","datePublished":"2025-03-04"}'],
  ['a comma too many', '{"@type":"Article","datePublished":"2025-03-04",}'],
  ['a comment around it', '<!-- {"@type":"Article","datePublished":"2025-03-04"} -->'],
  ['CDATA', '//<![CDATA[\n{"@type":"Article","datePublished":"2025-03-04"}\n//]]>'],
  ['entities', '{&quot;@type&quot;:&quot;Article&quot;,&quot;datePublished&quot;:&quot;2025-03-04&quot;}'],
  ['its end missing', '{"@type":"Article","datePublished":"2025-03-04","author":{'],
])('with %s it is read', (_, text) => expect(bestOf(text)).toBe('2025-03-04'))

test.each(['', 'null', '[]', '"datePublished"', '{"__proto__":{"datePublished":1}}', '{"constructor":"2025-03-04","datePublished":[[]]}', '{'])(
  '%s names nothing',
  (text) => expect(jsonLdDates(text).filter(({ value }) => value.startsWith('2'))).toEqual([]),
)
