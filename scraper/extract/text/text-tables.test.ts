import { describe, expect, test } from 'vitest'
import { mainText } from '../content/main-text.ts'
import { parseHtml } from '../html/dom.ts'
import { readBlocks } from './text-reader.ts'

const nothing = () => false
const read = (html: string, isDropped: (element: { attribs: Record<string, string> }) => boolean) =>
  mainText(readBlocks({ root: parseHtml(html).root, isDropped, isTextDropped: nothing }))
const text = (html: string) => read(html, nothing)

describe('cells keep their columns', () => {
  test.each([
    [
      'empty cells',
      '<table><tr><th>Day<th>Ebb<th>Flood<tr><td>Mon<td><td>7<tr><td>Tue<td>5<td></table>',
      '| Day | Ebb | Flood |\n| --- | --- | --- |\n| Mon |  | 7 |\n| Tue | 5 |  |',
    ],
    [
      'cells that are missing at the end',
      '<table><tr><th>a<th>b<th>c<tr><td>1<tr><td>2<td>3</table>',
      '| a | b | c |\n| --- | --- | --- |\n| 1 |  |  |\n| 2 | 3 |  |',
    ],
    ['cells that reach down in the last column', '<table><tr><td>a<td rowspan=2>b<tr><td>c</table>', '| a | b |\n| --- | --- |\n| c |  |'],
    [
      'lists in one line',
      '<table><tr><th>Day<th>Hours<tr><td>Mon<td><ul><li>8 to 10</li>\n<li>12 to <b>14</b></li></ul><tr><td>Tue<td>Only:<ol><li>by day.</li><li>by night</li></ol></table>',
      '| Day | Hours |\n| --- | --- |\n| Mon | 8 to 10; 12 to 14 |\n| Tue | Only: by day. by night |',
    ],
    ['paragraphs and line breaks in one line', '<table><tr><td><p>a</p><p>b</p><td>c<br>d<tr><td>e<td>f</table>', '| a b | c d |\n| --- | --- |\n| e | f |'],
    ['rows of nothing but images are none', '<table><tr><td><img src=a><td><img src=b><tr><td>c<td>d</table>', '| c | d |\n| --- | --- |'],
    [
      'headings and code in the cells of a table with a header',
      '<table><tr><th><h3>Call</h3><th>Gives<tr><td><pre>turn(\n3)</pre><td>a|b</table>',
      '| Call | Gives |\n| --- | --- |\n| turn( 3) | a\\|b |',
    ],
    [
      'a table of other elements, of which each row is a line',
      '<div role=table><div role=row><span role=cell>a</span><span role=cell>b</span></div><div role=row><span role=cell>c</span><span role=cell>d</span></div></div>',
      'a b\n\nc d',
    ],
    ['headings and code in a table for the layout', '<table><tr><td><h3>Call</h3><td>b<tr><td><pre>c</pre><td>d</table>', '### Call\n\nb\n\n```\nc\n```\n\nd'],
  ])('%s', (_, html, expected) => expect(text(html)).toBe(expected))

  test('a cell that is left out leaves its place', () => {
    const html = '<table><tr><th>a<th>b<th>c<tr><td>1<td class=away>2<td>3<tr class=away><td>4<td>5<td>6</table>'
    expect(read(html, ({ attribs }) => attribs['class'] === 'away')).toBe('| a | b | c |\n| --- | --- | --- |\n| 1 |  | 3 |')
  })

  test('short rows below a long one cost no cells without end', () => {
    const html = `<table><tr>${'<td>x'.repeat(3000)}${'<tr><td>y'.repeat(3000)}</table>`
    expect(text(html).length).toBeLessThan(100_000)
  })
})
