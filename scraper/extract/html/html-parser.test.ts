import fc from 'fast-check'
import { Parser } from 'htmlparser2'
import { describe, expect, test } from 'vitest'
import { HtmlParser } from './html-parser.ts'
import { HtmlTokenizer } from './html-tokenizer.ts'

type Kind = typeof Parser
function eventsOf(html: string, Kind: Kind, options: ConstructorParameters<Kind>[1]): unknown[] {
  const events: unknown[] = []
  const parser = new Kind(
    {
      onopentag: (name, attributes, isImplied) => void events.push(['open', name, { ...attributes }, isImplied]),
      onclosetag: (name, isImplied) => void events.push(['close', name, isImplied]),
      ontext: (data) => void events.push(['text', data]),
      oncomment: (data) => void events.push(['comment', data]),
      onprocessinginstruction: (name, data) => void events.push(['instruction', name, data]),
    },
    options,
  )
  parser.end(html)
  return events
}

const fragments = fc.array(
  fc.oneof(
    fc.constantFrom('<', '>', '</', '/>', '<!--', '-->', '<!', '<?', '=', '"', "'", '&', '&amp', '&#x41;', ';', ' ', '\n', '\f', '\v', '\0', 'é', '𝒳', '-', ']]>'),
    fc.constantFrom('<p>', '</p>', '<A HREF=x>', '<a b="c&lt;" d=\'e\' F>', '</svg>', '<foreignObject>', '<desc>', '<image src=1>', '<br/>', '<form>'),
    fc.constantFrom('<script>', '</script>', '<style', '</STYLE >', '<title>', '<textarea>', '</title', '<plaintext>', '<xmp>', '<b constructor=1 __proto__=2>'),
    fc.string({ maxLength: 6 }),
  ),
  { maxLength: 40 },
) // prettier-ignore

describe('the parser of pages', () => {
  test('tells the same as the one it is made from, for any text without drawings and formulas', () => {
    fc.assert(
      fc.property(fragments, (parts) => {
        const html = parts.join('')
        expect(eventsOf(html, HtmlParser, { Tokenizer: HtmlTokenizer })).toEqual(eventsOf(html, Parser, {}))
      }),
      { numRuns: 2000 },
    )
  })

  test.each([
    ['<svg><a href=/x>1</a><p>2</svg>3', ['svg', 'p'], '23'],
    ['<svg/>1<svg / >2', ['svg', 'svg'], '12'],
    ['<p><svg><desc><p>1</p><svg></svg></desc><style>2</style></svg>3', ['p', 'svg'], '3'],
    ['<div><svg><foreignObject><div></div><title></svg></title></foreignObject>1</div>2', ['div', 'svg'], '2'],
    ['<svg><title/><a title="</svg>"/><!--</svg>--><![CDATA[</svg>]]>1</SVG >2', ['svg'], '2'],
    ['<a><svg><a></a>1</a>2<svg><li>3', ['a', 'svg', 'svg', 'li'], '23'],
    ['<svg><g>1</g>', ['svg'], ''],
    ['<svg><![CDATA[1', ['svg'], ''],
    ['<svg><path d="1', ['svg'], ''],
  ])('passes over what is drawn: %s', (html, names, text) => {
    const events = eventsOf(html, HtmlParser, { Tokenizer: HtmlTokenizer }) as [string, string][]
    expect(events.filter(([kind]) => kind === 'open').map(([, name]) => name)).toEqual(names)
    expect(events.flatMap(([kind, data]) => (kind === 'text' ? data : [])).join('')).toBe(text)
  })

  test('reads `<![CDATA[` as a comment up to the next `>`, except in raw text', () => {
    const events = eventsOf('<p><![CDATA[<b>1]]>2<![CDATA[3><![>4<script><![CDATA[5]]></script>', HtmlParser, { Tokenizer: HtmlTokenizer })
    expect(events).toEqual([
      ['open', 'p', {}, false],
      ['comment', '[CDATA[<b'],
      ['text', '1]]>2'],
      ['comment', '[CDATA[3'],
      ['comment', '['],
      ['text', '4'],
      ['open', 'script', {}, false],
      ['text', '<![CDATA[5]]>'],
      ['close', 'script', false],
      ['close', 'p', true],
    ])
  })

  test('reads raw text in formulas as elsewhere, and closes their empty elements', () => {
    expect(eventsOf('<math><mspace/><style><b></style>1</math>', HtmlParser, { Tokenizer: HtmlTokenizer })).toEqual([
      ['open', 'math', {}, false],
      ['open', 'mspace', {}, false],
      ['close', 'mspace', true],
      ['open', 'style', {}, false],
      ['text', '<b>'],
      ['close', 'style', false],
      ['text', '1'],
      ['close', 'math', false],
    ])
  })

  test('gives the same string for the same name, however it is written', () => {
    const names = eventsOf('<DIV Class=a><div CLASS=b>', HtmlParser, { Tokenizer: HtmlTokenizer }).slice(0, 2)
    expect(names).toEqual([
      ['open', 'div', { class: 'a' }, false],
      ['open', 'div', { class: 'b' }, false],
    ])
  })
})
