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
    fc.constantFrom('<p>', '</p>', '<A HREF=x>', '<a b="c&lt;" d=\'e\' F>', '<svg><linearGradient/>', '</svg>', '<math>', '<foreignObject>', '<image src=1>', '<br/>'),
    fc.constantFrom('<script>', '</script>', '<style', '</STYLE >', '<title>', '<textarea>', '</title', '<plaintext>', '<xmp>', '<b constructor=1 __proto__=2>'),
    fc.string({ maxLength: 6 }),
  ),
  { maxLength: 40 },
) // prettier-ignore

describe('the parser of pages', () => {
  test('tells the same as the one it is made from, for any text', () => {
    fc.assert(
      fc.property(fragments, (parts) => {
        const html = parts.join('')
        expect(eventsOf(html, HtmlParser, { Tokenizer: HtmlTokenizer })).toEqual(eventsOf(html, Parser, {}))
      }),
      { numRuns: 2000 },
    )
  })

  test('gives the same string for the same name, however it is written', () => {
    const names = eventsOf('<DIV Class=a><div CLASS=b>', HtmlParser, { Tokenizer: HtmlTokenizer }).slice(0, 2)
    expect(names).toEqual([
      ['open', 'div', { class: 'a' }, false],
      ['open', 'div', { class: 'b' }, false],
    ])
  })
})
