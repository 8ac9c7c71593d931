import { describe, expect, test } from 'vitest'
import { parseHtml } from '../html/dom.ts'
import { mainText } from './main-text.ts'
import { readBlocks } from '../text/text-reader.ts'

const nothing = () => false
const text = (html: string) => mainText(readBlocks({ root: parseHtml(html).root, isDropped: nothing, isTextDropped: nothing }))

describe('the text to train on', () => {
  test.each([
    ['headings have their level', '<h1>One</h1><h3>Three\n<br>more</h3><p>text', '# One\n\n### Three more\n\ntext'],
    ['white space is collapsed, line breaks stay', '<p> a  b\n c<br> d </p>', 'a b c\nd'],
    ['two line breaks end a paragraph', 'a<br><b> </b><br>b', 'a\n\nb'],
    ['emphasis, links and images leave their text only', '<p>a <b>b</b><a href="/x">c</a><img src="/i" alt="no">', 'a bc'],
    ['nothing is escaped', '<p>*a* [b] <code>&lt;c&gt;</code> 1. x', '*a* [b] <c> 1. x'],
    ['lists are indented below their item', '<ul><li>a<ul><li>b</ul><li>c</ul>', '- a\n  - b\n- c'],
    ['ordered lists are counted', '<ol start=3><li>a<li>b<li value=9>c</ol>', '3. a\n4. b\n9. c'],
    ['blocks of an item stand below it', '<ul><li><p>a</p><p>b</p><li>c</ul>', '- a\n\n  b\n- c'],
    ['two lists in a row are two', '<ul><li>a</ul><ul><li>b</ul>', '- a\n\n* b'],
    ['quotes', '<blockquote><p>a<br>b</p><p>c</p></blockquote>d', '> a\n> b\n>\n> c\n\nd'],
    ['tables', '<table><tr><th>A<th>B<tr><td>1|<td><p>2</p><p>3</p></table>', '| A | B |\n| --- | --- |\n| 1\\| | 2 3 |'],
    [
      'cells that span others leave room',
      '<table><tr><th>A<th>B<th>C<tr><td rowspan=2>1<td colspan=2>2<tr><td>3<td>4</table>',
      '| A | B | C |\n| --- | --- | --- |\n| 1 | 2 |  |\n|  | 3 | 4 |',
    ],
    ['a caption goes before its table', '<table><caption>C</caption><tr><td>1<td>2<tr><td>3<td>4</table>', 'C\n\n| 1 | 2 |\n| --- | --- |\n| 3 | 4 |'],
    ['tables for the layout are read as blocks', '<table><tr><td><h2>a</h2><td>b<tr><td>c<td>d</table>', '## a\n\nb\n\nc\n\nd'],
    ['code stands as it is', '<pre class="language-py">\n  a\n\n    b\n</pre>', '```py\n  a\n\n    b\n```'],
    ['code with fences in it has a longer one', '<pre>```\nx</pre>', '````\n```\nx\n````'],
    ['line numbers are no code', '<pre><span class="lineno">1 </span>a<br><span class="lineno">2 </span>b</pre><pre>1\n2\n3</pre>', '```\na\nb\n```'],
    ['definitions', '<dl><dt>a<dd>b<dt>c<dd>d</dl>', 'a\n\nb\n\nc\n\nd'],
    ['figures and their captions', '<figure><img src="/i"><figcaption>caption</figcaption></figure>', 'caption'],
    ['details', '<details><summary>a</summary>b</details>', 'a\n\nb'],
    ['raised and lowered digits', '<p>10<sup>6</sup> H<sub>2</sub>O 1<sup>st</sup>', '10⁶ H₂O 1st'],
    ['formulas are LaTeX where the page has it', '<p>a <math alttext="x^2"><mi>x</mi></math> b <math display=block><mi>y</mi></math>', 'a $x^2$ b\n\n$$y$$'],
    ['formulas of MathJax', '<p>a <script type="math/tex">\\pi</script><script type="math/tex; mode=display">e</script>', 'a $\\pi$\n\n$$e$$'],
    ['what is shown of a formula is not repeated', '<p><span class="katex"><math alttext="z"></math><span class="katex-html">z</span></span>', '$z$'],
    ['quotation marks and readings', '<p><q>a</q> <ruby>漢<rp>(</rp><rt>kan</rt><rp>)</rp></ruby>', '"a" 漢(kan)'],
    ['a link to the heading itself says nothing', '<h2>a<a href="#a">¶</a></h2>', '## a'],
    ['nor does a link back from a note', '<ol><li>b <a href="#r1">↩︎</a></li><li><a href="#r2">^</a> c</li></ol>', '1. b\n2. c'],
    ['nothing is no text', '<p> <br> <b></b></p><ul><li></ul><table><tr><td></table><blockquote></blockquote><h1></h1>', ''],
  ])('%s', (_, html, expected) => expect(text(html)).toBe(expected))

  test('text of dropped parents and dropped elements is left out', () => {
    const { root } = parseHtml('<div>away<p>stays</p></div><nav>gone</nav>')
    const content = { root, isDropped: ({ name }: { name: string }) => name === 'nav', isTextDropped: (parent: unknown) => parent === root.children[0] }
    expect(mainText(readBlocks(content))).toBe('stays')
  })

  test('a table that asks for more cells than it has gets few of them', () => {
    const rows = '<tr><td rowspan=9999 colspan=9999>x'.repeat(5000)
    expect(text(`<table><tr><td>a<td>b${rows}</table>`).length).toBeLessThan(200_000)
  })

  test('deep nesting costs no indentation without end', () => {
    expect(text(`${'<ul><li>'.repeat(500)}x`)).toBe(`${'- '.repeat(8)}x`)
  })
})
