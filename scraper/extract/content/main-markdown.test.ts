import fc from 'fast-check'
import MarkdownIt from 'markdown-it'
import { describe, expect, test } from 'vitest'
import { collapse, parseHtml, textOf } from '../html/dom.ts'
import { mainMarkdown } from './main-markdown.ts'
import { readBlocks } from '../text/text-reader.ts'

const nothing = () => false
const base = 'http://h.example/dir/page'
const markdown = (html: string) => mainMarkdown(readBlocks({ root: parseHtml(html).root, isDropped: nothing, isTextDropped: nothing }), base)
const reader = new MarkdownIt({ html: false })
const roundTrip = (html: string) => reader.render(markdown(html)).replace(/\n/g, '')

/** Whether items are loose, and white space before a tag, are not the point. */
const plain = (html: string) => html.replace(/<\/?p>/g, '').replace(/\s+(?=<)/g, '')
const charactersOf = (html: string) => collapse(textOf(parseHtml(html).root)).replace(/ /g, '')

describe('the content for people', () => {
  test.each([
    ['links are absolute', '<p><a href="b_(c)?x=1&amp;y#z">a</a>', '[a](http://h.example/dir/b_%28c%29?x=1&y#z)'],
    ['links that lead nowhere leave their text', '<p><a href="javascript:x()">a</a> <a href="http://[">b</a>', 'a b'],
    ['a link over blocks is one in each', '<a href="/x"><h2>a</h2><p>b</p></a>', '## [a](http://h.example/x)\n\n[b](http://h.example/x)'],
    ['images', '<p><img src="/i.png" alt="an [i]"> <img src="data:x" alt="none">', '![an \\[i\\]](http://h.example/i.png)'],
    ['emphasis begins and ends at a word', '<p>a<b> b </b>c <i><b>d</b></i> <s>e</s>', 'a **b** c ***d*** ~~e~~'],
    ['emphasis that could not be read back is left out', '<p><b>a.</b>b', 'a.b'],
    ['neighbours of one kind are one', '<p><b>a</b><b>b</b>', '**ab**'],
    ['code', '<p><code>a*b</code> <code>`</code>', '`a*b` `` ` ``'],
    ['line breaks', '<p>a<br>b', 'a\\\nb'],
    ['an exclamation mark before a link', '<p>Ho!<a href="/x">ho</a> <img src="/i" alt="i">', 'Ho\\![ho](http://h.example/x) ![i](http://h.example/i)'],
    ['rules', 'a<hr>b', 'a\n\n___\n\nb'],
  ])('%s', (_, html, expected) => expect(markdown(html)).toBe(expected))

  test.each([
    '<p>* a</p><p>- b</p><p>1. c</p><p># d</p><p>&gt; e</p><p>+ f</p><p>===</p><p>---</p><p>| g |</p><p>2) h</p><p>~~~</p><p>```</p>',
    '<p>*a* _b_ `c` [d](e) ![f](g) &lt;h&gt; ~~i~~ \\j k_l_m</p>',
    '<ul><li>a<ul><li>b<ul><li>c</li></ul></li></ul></li><li>d</li></ul>',
    '<ol><li>a</li><li>b</li></ol>',
    '<ul><li>a</li></ul><ul><li>b</li></ul>',
    '<blockquote><p>a</p><blockquote><p>b</p></blockquote></blockquote><blockquote><p>c</p></blockquote>',
    '<h1>a</h1><h6>b # c ##</h6><h2>1. d</h2>',
    '<table><thead><tr><th>A</th><th>B</th></tr></thead><tbody><tr><td>a|b</td><td><strong>c</strong></td></tr></tbody></table>',
    '<p><strong>a</strong>b <em>c</em>, <em><strong>d</strong></em> <em>e <strong>f</strong></em></p>',
    '<p><a href="http://o.example/a">b <strong>c</strong></a></p>',
    '<ul><li><pre><code class="language-js">a```  b</code></pre></li></ul>',
  ])('reads back as it was: %s', (html) => {
    expect(plain(roundTrip(html))).toBe(plain(html))
  })

  test('any text reads back as itself, in any place', () => {
    const text = fc.stringMatching(/^[ -~]{1,30}$/)
    const place = fc.constantFrom('p', 'li', 'blockquote', 'h2', 'td', 'strong', 'a', 'em')
    fc.assert(
      fc.property(fc.array(fc.tuple(place, text), { minLength: 1, maxLength: 5 }), (pieces) => {
        const html = pieces.map(([tag, words]) => `<${tag}${tag === 'a' ? ' href="/x"' : ''}>${reader.utils.escapeHtml(words)}</${tag}>`).join('')
        expect(charactersOf(reader.render(markdown(html)))).toBe(charactersOf(html))
      }),
      { numRuns: 300 },
    )
  })
})
