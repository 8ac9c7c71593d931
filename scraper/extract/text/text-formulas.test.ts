import { describe, expect, test } from 'vitest'
import { mainMarkdown } from '../content/main-markdown.ts'
import { mainText } from '../content/main-text.ts'
import { parseHtml } from '../html/dom.ts'
import { readBlocks } from './text-reader.ts'

const nothing = () => false
const blocks = (html: string) => readBlocks({ root: parseHtml(html).root, isDropped: nothing, isTextDropped: nothing })
const text = (html: string) => mainText(blocks(html))
const markdown = (html: string) => mainMarkdown(blocks(html), 'http://h.example/')
const annotated = (tex: string, encoding: string) => `<math><semantics><mi>v</mi><annotation encoding="${encoding}">${tex}</annotation></semantics></math>`

/** A cell and a row of an equation as LaTeXML lays them out. */
const cell = (tex: string) => `<td class="ltx_eqn_cell"><math alttext="\\displaystyle ${tex}" display="inline"><mi>v</mi></math></td>`
const row = (cells: string, tag: string) =>
  `<tr class="ltx_equation ltx_eqn_row">${cells}<td class="ltx_eqn_eqno"><span class="ltx_tag">${tag}</span></td></tr>`

describe('where the source of a formula is found', () => {
  test.each([
    [
      'annotations, whatever they call TeX',
      `${annotated('v_1', 'application/x-tex')} ${annotated('v_2', 'LaTeX')} ${annotated('v_3', 'TeX')}`,
      '$v_1$ $v_2$ $v_3$',
    ],
    ['an annotation in another format', annotated('v size 12', 'StarMath 5.0'), '$v$'],
    [
      'an annotation before what is read out',
      '<math alttext="v squared"><semantics><mi>v</mi><annotation encoding="application/x-tex">v^2</annotation></semantics></math>',
      '$v^2$',
    ],
    ['alttext', '<math alttext="v = at"><mi>v</mi></math>', '$v = at$'],
    ['names with a prefix', '<mml:math><mml:mi>v</mml:mi><mml:mo>=</mml:mo><mml:mn>3</mml:mn></mml:math>', '$v=3$'],
    [
      'attributes with the source',
      '<span data-tex="v^2"><svg></svg></span> <span class="math" data-math="u_1">u1</span> <span data-latex="\\pi">π</span>',
      '$v^2$ $u_1$ $\\pi$',
    ],
    ['attributes that only say how to show it', '<span data-math="true">free</span> <div data-latex="inline">fall</div>', 'free\n\nfall'],
    ['attributes of what holds a text', `<div data-expr="n">${'A long day at the mill. '.repeat(20)}</div>`, 'A long day at the mill. '.repeat(20).trim()],
    [
      'WeChat, once',
      '<p>a <span data-formula="x_1"> <span data-formula="x_1"><svg></svg></span> </span> b</p><section data-formula="E=mv"><svg></svg></section>',
      'a $x_1$ b\n\n$$E=mv$$',
    ],
    [
      'KaTeX',
      `<span class="katex"><span class="katex-mathml">${annotated('\\lambda', 'application/x-tex')}</span><span class="katex-html" aria-hidden="true">λ</span></span>`,
      '$\\lambda$',
    ],
    [
      'KaTeX, displayed',
      `a<span class="katex-display"><span class="katex"><span class="katex-mathml">${annotated('k', 'application/x-tex')}</span><span class="katex-html">k</span></span></span>b`,
      'a\n\n$$k$$\n\nb',
    ],
    [
      'KaTeX without MathML',
      '<span class="katex"><span class="katex-html"><span class="mord">m</span><span class="mbin">+</span><span class="mord">n</span></span></span>',
      '$m+n$',
    ],
    [
      'MathJax 2, drawn and not',
      '<span class="MathJax_Preview">q</span><span class="MathJax">q</span><script type="math/tex">q_0</script> <script type="math/tex">r_0</script>',
      '$q_0$ $r_0$',
    ],
    [
      'MathJax 2, displayed',
      'so<div class="MathJax_Display"><span class="MathJax">s</span></div><script type="math/tex; mode=display">s_0</script>',
      'so\n\n$$s_0$$',
    ],
    [
      'MathJax 2 without its script',
      '<span class="MathJax" data-mathml="&lt;math&gt;&lt;mi&gt;t&lt;/mi&gt;&lt;mo&gt;&amp;lt;&lt;/mo&gt;&lt;mn&gt;1&lt;/mn&gt;&lt;/math&gt;"><nobr>t&lt;1</nobr></span>',
      '$t<1$',
    ],
    ['MathML in a script', '<script type="math/mml"><math><mi>w</mi><mo>=</mo><mn>2</mn></math></script>', '$w=2$'],
    [
      'MathJax 3',
      '<mjx-container><mjx-math aria-hidden="true"><mjx-mi><mjx-c class="mjx-c1D465"></mjx-c></mjx-mi></mjx-math><mjx-assistive-mml><math><mi>x</mi></math></mjx-assistive-mml></mjx-container>',
      '$x$',
    ],
    [
      'glyphs of MathJax 3 alone',
      '<mjx-container display="true"><mjx-math><mjx-msup><mjx-mi><mjx-c class="mjx-c1D465 TEX-I"></mjx-c></mjx-mi><mjx-script><mjx-mn><mjx-c class="mjx-c32"></mjx-c></mjx-mn></mjx-script></mjx-msup></mjx-math></mjx-container>',
      '$$x^2$$',
    ],
    [
      'Temml',
      `<math class="tml-display" display="block"><semantics><mi>y</mi><annotation encoding="application/x-tex">y_9</annotation></semantics></math>`,
      '$$y_9$$',
    ],
    [
      'Wikipedia, once',
      '<p>is <span class="mwe-math-element"><span style="display: none;"><math alttext="{\\displaystyle z^{2}}"><mi>z</mi></math></span><img class="mwe-math-fallback-image-inline" aria-hidden="true" alt="{\\displaystyle z^{2}}" src="z.svg"></span>, so',
      'is $z^{2}$, so',
    ],
    ["Wikipedia's image alone", '<img class="mwe-math-fallback-image-display" alt="{\\displaystyle a}" src="a.svg">', '$$a$$'],
    [
      'images of a class',
      '<p><img class="latex" alt="\\beta" src="b.png"> <img class="wp-katex-eq" alt="c" src="c.png"> <img class="photo" alt="a mill" src="d.png"></p>',
      '$\\beta$ $c$',
    ],
    [
      'images by who draws them',
      '<p><img src="https://latex.codecogs.com/png.image?d%5E2" alt="equation"> <img src="https://site.example/cgi-bin/mathtex.cgi?e%2Bf"> <img src="/formula/%5Cfrac%7Bg%7D%7Bh%7D"></p>',
      '$d^2$ $e+f$ $\\frac{g}{h}$',
    ],
    [
      'images by their own text',
      '<p><img alt="\\frac{1}{x_0}" src="1.png"> <img alt="x_{1}" src="2.png"> <img alt="a \\ b" src="3.png"></p>',
      '$\\frac{1}{x_0}$ $x_{1}$',
    ],
    ['WIRIS', '<img class="Wirisformula" data-mathml="«math»«mi»j«/mi»«mo»=«/mo»«mn»1«/mn»«/math»" alt="j equals one" src="j.png">', '$j=1$'],
    [
      'delimiters that the source has itself',
      '<p><amp-mathml data-formula="\\[k\\]"></amp-mathml> <img class="tex" alt="$l$" src="l.png"> <span data-tex="$m$ and $n$"></span></p>',
      '$$k$$\n\n$l$ $$m$ and $n$$',
    ],
    [
      'what a script would draw',
      '<p>a <span class="math math-inline">x^2</span> <code class="language-math">y_1</code> <span class="math">z</span></p><pre class="code math js-render-math">w</pre><pre><code class="language-math">v</code></pre>',
      'a $x^2$ $y_1$ z\n\n$$w$$\n\n$$v$$',
    ],
    ['TeX in text stays as it is', '<p>If \\(a = b\\) and $$c_1 = 2$$ cost $5</p>', 'If \\(a = b\\) and $$c_1 = 2$$ cost $5'],
  ])('%s', (_, html, expected) => expect(text(html)).toBe(expected))

  test('rows of equations of LaTeXML are formulas with their numbers, no table', () => {
    expect(
      text(`<p>So</p><table class="ltx_equationgroup ltx_eqn_table"><tbody>${row(cell('f') + cell('=g,'), '(3)')}${row(cell('h'), '')}</tbody></table>`),
    ).toBe('So\n\n$$f =g, \\tag{3}$$\n\n$$h$$')
  })
})

describe('MathML without a source is written in a line', () => {
  test.each([
    ['<mfrac><mrow><mi>a</mi><mo>+</mo><mi>b</mi></mrow><mi>c</mi></mfrac>', '(a+b)/(c)'],
    ['<mfrac linethickness="0"><mi>n</mi><mi>k</mi></mfrac>', '(n; k)'],
    ['<msup><mi>x</mi><mn>2</mn></msup><msup><mi>e</mi><mrow><mi>i</mi><mi>t</mi></mrow></msup>', 'x^2e^it'],
    ['<msup><mi>x</mi><mrow><mi>n</mi><mo>+</mo><mn>1</mn></mrow></msup>', 'x^(n+1)'],
    ['<msub><mi>h</mi><mi>max</mi></msub>', 'h_max'],
    ['<msubsup><mi>a</mi><mi>i</mi><mn>2</mn></msubsup>', 'a_i^2'],
    ['<munderover><mo>∑</mo><mrow><mi>i</mi><mo>=</mo><mn>1</mn></mrow><mi>n</mi></munderover><mi>i</mi>', '∑_(i=1)^ni'],
    ['<msqrt><mi>a</mi><mo>+</mo><mn>1</mn></msqrt><mroot><mi>b</mi><mn>3</mn></mroot>', '√(a+1)3√(b)'],
    ['<mover><mi>x</mi><mo>^</mo></mover><mover><mi>v</mi><mo>→</mo></mover>', 'x\u0302v\u20d7'],
    ['<mfenced open="[" close="]"><mi>a</mi><mi>b</mi></mfenced>', '[a, b]'],
    ['<mtable><mtr><mtd><mn>1</mn></mtd><mtd><mn>0</mn></mtd></mtr><mtr><mtd><mn>0</mn></mtd><mtd><mn>1</mn></mtd></mtr></mtable>', '[1, 0; 0, 1]'],
    ['<mmultiscripts><mi>C</mi><mprescripts/><mn>6</mn><mn>14</mn></mmultiscripts>', '_6^14C'],
    ['<mi>sin</mi><mo>&#x2061;</mo><mi>x</mi><mo>&#x2062;</mo><mi>y</mi>', 'sin xy'],
    ['<mi>log</mi><mi>n</mi><mspace width="1em"/><mtext>for all</mtext><mi>n</mi>', 'log n for all n'],
    ['<semantics><mi>p</mi><annotation-xml><apply><eq/></apply></annotation-xml></semantics><mphantom><mi>q</mi></mphantom>', 'p'],
  ])('%s', (html, expected) => expect(text(`<math>${html}</math>`)).toBe(`$${expected}$`))

  test('no more of it than a formula has', () => {
    expect(text(`<math>${'<mrow>'.repeat(1000)}<mi>x</mi></math>`)).toBe('')
    expect(text(`<math>${'<mi>x</mi>'.repeat(100_000)}</math>`).length).toBeLessThan(20_000)
  })
})

describe('formulas in their places', () => {
  test('in a cell, where a bar would end it', () => {
    const table = '<table><tr><th>a</th><th>b</th></tr><tr><td><math alttext="|x| \\| y"></math></td><td>c</td></tr></table>'
    expect(text(table)).toBe('| a | b |\n| --- | --- |\n| $\\vert x\\vert \\Vert y$ | c |')
  })

  test('in a heading, which stays one', () => expect(text('<h2>On <math display="block" alttext="x"></math></h2>')).toBe('## On $x$'))

  test('with the space that the page writes into it', () => {
    expect(text('<p>for <mjx-container><math><mi>k</mi></math>\n </mjx-container>heads, the <math><mi>n</mi></math>th')).toBe('for $k$ heads, the $n$th')
  })

  test('Markdown has them as text has', () => expect(markdown('<p>a <math alttext="\\frac{a_1}{b_2}*c"></math></p>')).toBe('a $\\frac{a_1}{b_2}*c$'))

  test('in Markdown they open no tag, no link and no code', () => {
    expect(markdown('<p><math alttext="a<b> [c](d) `e`"></math></p>')).toBe("$a\\lt b> [c] (d) 'e'$")
    expect(markdown('<math display="block" alttext="&lt;script>"></math>')).toBe('$$\\lt script>$$')
  })
})
