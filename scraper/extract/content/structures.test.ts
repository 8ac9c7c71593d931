import { describe, expect, test } from 'vitest'
import { extractPage } from '../extract-page.ts'

const paragraphs = [
  'The ferry has crossed the sound since the bridge of boats was taken away, and it still leaves when the bell on the pier is rung twice. In winter the ice is broken by a tug that belongs to the harbour, and on such days the crossing takes an hour instead of twenty minutes.',
  'Her engine was built by two brothers who had never been to sea, and it has been taken apart only once, when a piece of rope had found its way into the pump. The boiler is younger, and the brass plate beside it names the smith who riveted it together.',
  'Those who work on her learn the currents from an old chart on which every skipper has written what surprised him. It hangs in the wheelhouse under glass, and nobody has thrown away the pencil, since the sound goes on changing its mind about where it is deep.',
  'Passengers sit on benches along the rail, and when it rains they stand close together under the roof of the engine house. A ticket costs as much as a loaf of bread, children travel for nothing, and a goat pays half, as it has done for as long as anyone can say.',
].map((text) => `<p>${text}</p>`)
const [first = '', second = '', third = '', fourth = ''] = paragraphs
const page = (middle: string, end = '') =>
  `<!doctype html><html lang="en"><head><title>The ferry across the sound</title></head><body><article><h1>The ferry across the sound</h1>${first}${second}${middle}${third}${fourth}${end}</article></body></html>`
const url = 'https://sound.example/ferry'
const textOf = (middle: string, end = '') => extractPage(page(middle, end), url).text
const row = (cells: string[], name = 'td') => `<tr>${cells.map((cell) => `<${name}>${cell}</${name}>`).join('')}</tr>`
const table = (head: string[], rows: string[][]) => `<table><thead>${row(head, 'th')}</thead><tbody>${rows.map((cells) => row(cells)).join('')}</tbody></table>`
const line = (cells: string[]) => `| ${cells.join(' | ')} |`

const widget = (html: string) => `<div class="elementor-widget"><div class="elementor-widget-container">${html}</div></div>`
const section = (name: string, html: string) => `<div class="sect"><h2>${name}</h2><div class="body">${html}</div></div>`

describe('a data table is kept with every cell in its place', () => {
  test.each([
    ['with the same value many times', ['Month', 'Monday', 'Sunday'], [['May', 'yes', 'no'], ['June', 'yes', 'yes'], ['July', 'yes', 'yes'], ['August', 'yes', 'no']]], // prettier-ignore
    [
      'with empty cells',
      ['Boat', 'Built', 'Lost'],
      [
        ['Anna', '1911', ''],
        ['Berta', '', '1940'],
        ['Clara', '1922', ''],
      ],
    ],
    [
      'of numbers alone',
      ['n', '2n', '3n'],
      [
        ['1', '2', '3'],
        ['2', '4', '6'],
        ['3', '6', '9'],
      ],
    ],
    [
      'of one word a cell',
      ['Key', 'Value'],
      [
        ['port', '80'],
        ['host', 'local'],
        ['user', '—'],
        ['port', '—'],
      ],
    ],
    [
      'with cells of which a template was never filled in',
      ['Boat', 'Crew'],
      [
        ['Anna', '4'],
        ['Berta', '{{ crew }}'],
        ['Clara', '2'],
      ],
    ],
  ])('%s', (_, head, rows) => {
    const text = textOf(table(head, rows))
    for (const cells of [head, ...rows]) expect(text).toContain(line(cells.map((cell) => (cell.startsWith('{{') ? '' : cell))))
  })

  test('two tables of the same columns', () => {
    const [north, south] = [['Anna', '1911'], ['Berta', '1911']].map((cells) => table(['Boat', 'Built'], [cells, ['Nobody', '1911']])) // prettier-ignore
    const lines = textOf(`<h2>North</h2>${north}<h2>South</h2>${south}`).split('\n')
    for (const part of ['| Boat | Built |', '| Nobody | 1911 |']) expect(lines.filter((at) => at === part)).toHaveLength(2)
  })

  test('with lists in its cells', () => {
    const text = textOf(`<table>${row(['May', '<ul><li>at eight</li><li>at noon</li></ul>'])}${row(['June', '<ul><li>at eight</li></ul>'])}</table>`)
    for (const part of ['May', 'at noon', 'June', 'at eight']) expect(text).toContain(part)
  })

  test('of navigation it is cut as one', () => {
    const lines = page(
      `<nav>${table(['Prev', 'Up', 'Next'], [['<a href="/1">Chapter one</a>', '<a href="/">Contents</a>', '<a href="/3">Chapter three</a>']])}</nav>`,
    )
    for (const part of ['Prev', 'Contents']) expect(extractPage(lines, url).text).not.toContain(part)
  })
})

describe('what stands between kept neighbours is kept', () => {
  test.each([
    ['a list of equal steps', '<ol><li>ring the bell</li><li>wait</li><li>cast off</li><li>wait</li></ol>', '1. ring the bell\n2. wait\n3. cast off\n4. wait'],
    ['a list of links', '<p>Other ferries like her:</p><ul><li><a href="/a">Elin of Farsund</a></li><li><a href="/b">Karla of Assens</a></li></ul>', '- Elin of Farsund\n- Karla of Assens'], // prettier-ignore
    ['a list in a list', '<ul><li>Goats</li><li>Sheep<ul><li>with wool</li><li>shorn</li></ul></li></ul>', '  - with wool\n  - shorn'],
    ['short definitions', '<h2>Words</h2><dl><dt>Bow</dt><dd>the front</dd><dt>Stern</dt><dd>the back</dd></dl>', 'the back'],
    ['a quote', '<blockquote><p>She always comes home.</p></blockquote>', '> She always comes home.'],
    ['a few lines of code', '<pre><code>bell = 2\nwait(bell)</code></pre>', 'bell = 2\nwait(bell)'],
    ['a caption', '<figure><img src="/f.jpg"><figcaption>The ferry on a summer evening</figcaption></figure>', 'The ferry on a summer evening'],
    ['a quote that names who spoke', '<blockquote><p>She always comes home.</p><footer><cite>Her second skipper</cite></footer></blockquote>', '> She always comes home.\n>\n> Her second skipper'], // prettier-ignore
    ['a list of tasks', '<ul><li><input type="checkbox" disabled checked> oil the chain</li><li><input type="checkbox" disabled> ring twice</li></ul>', 'oil the chain'], // prettier-ignore
    ['code twice', '<p>Before noon:</p><pre>bell = 2</pre><p>and after it:</p><pre>bell = 2</pre>', 'and after it:\n\n```\nbell = 2'],
    ['a caption by its name', '<div class="wp-caption"><img src="/f.jpg"><p class="wp-caption-text">The ferry in ice</p></div>', 'The ferry in ice'],
    ['a box that warns', '<div class="alert alert-info">Hold the rail while she turns.</div>', 'Hold the rail while she turns.'],
    [
      'what a heading opens',
      '<div class="accordion"><h3><button class="accordion-button">Is there tea?</button></h3><div>In summer.</div></div>',
      'Is there tea?',
    ],
    ['a heading', '<h2>Engine</h2><p>She has but one, and it is never left alone while it runs.</p>', '## Engine'],
    ['questions and answers', '<div class="schema-faq"><div class="schema-faq-section"><strong class="schema-faq-question">May I bring a dog?</strong><p class="schema-faq-answer">Yes, it travels for nothing.</p></div></div>', 'May I bring a dog?'], // prettier-ignore
  ])('%s', (_, middle, part) => expect(textOf(middle)).toContain(part))

  test.each([
    ['navigation', '<nav><p><a href="/all">Ferries of this coast</a></p></nav>', 'Ferries of this coast'],
    ['a bar to share it', '<div class="share-buttons"><span>Tell your friends of her</span> <a href="#">Mail</a></div>', 'Tell your friends'],
    ['a box of other pages', '<div class="jp-relatedposts"><h3>Related</h3><h4><a href="/1">The last steam tug</a></h4><p>Her owner has asked everyone who knew her to write down what they remember of the winter when the sound froze.</p></div>', 'The last steam tug'], // prettier-ignore
  ])('but not %s', (_, middle, part) => expect(textOf(middle)).not.toContain(part))

  test('a name that what is around it bears, too, speaks against nothing', () => {
    const html = page('')
      .replace(second, '')
      .replace(first, widget(first) + widget('<ul><li>a coat</li><li>coins</li></ul>') + widget(second))
    expect(extractPage(html, url).text).toContain('- a coat\n- coins')
  })
})

describe('the end of a text', () => {
  test.each([
    ['a list', '<p>To bring along:</p><ul><li>a coat</li><li>coins</li></ul>', '- a coat\n- coins'],
    ['a table', table(['Month', 'Trips'], [['May', '9'], ['June', '9']]), '| June | 9 |'], // prettier-ignore
    ['code with its heading', '<h2>Her bell</h2><pre>bell = 2\nring(bell)</pre>', '## Her bell\n\n```\nbell = 2'],
    ['a quote', '<blockquote><p>Mind the gap, he said, and so we did.</p></blockquote>', '> Mind the gap'],
  ])('%s is part of it', (_, end, part) => expect(textOf('', end)).toContain(part))

  test('a section without any kept text is, when its siblings are', () => {
    const html = `<html><head><title>ferry(1)</title></head><body><div id="content">${section('NAME', '<p>ferry - carries goats, sheep and people over the sound, and back again at night</p>')}${section('DESCRIPTION', first + second)}${section('OPTIONS', third + fourth)}${section('EXAMPLES', '<ul><li><p>Ring twice:</p><pre>$ ferry --ring=2</pre></li></ul>')}</div></body></html>`
    expect(extractPage(html, 'https://sound.example/docs/ferry.html').text).toContain('$ ferry --ring=2')
  })

  test('its notes are part of it', () => {
    const notes = '<section class="footnotes"><ol><li id="fn1"><p>The bell was cast in the year of the great frost. <a href="#r1">↩</a></p></li></ol></section>'
    expect(textOf('', notes)).toContain('The bell was cast in the year of the great frost.')
  })

  test('an article that follows it is another page', () => {
    const other = `<article data-url="/tug"><h1>A tug is sold</h1><p>The harbour has sold its oldest tug to a museum, which will keep her in steam. She is to leave before the first frost comes.</p>${second}</article>`
    const { text } = extractPage(page('').replace('</article>', `</article>${other}`), url)
    expect(text).toContain('The ferry has crossed the sound')
    expect(text).not.toContain('A tug is sold')
    expect(text).not.toContain('sold its oldest tug')
  })
})
