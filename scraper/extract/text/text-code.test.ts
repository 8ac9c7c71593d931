import { describe, expect, test } from 'vitest'
import { mainText } from '../content/main-text.ts'
import { parseHtml } from '../html/dom.ts'
import { readBlocks } from './text-reader.ts'

const nothing = () => false
const text = (html: string) => mainText(readBlocks({ root: parseHtml(html).root, isDropped: nothing, isTextDropped: nothing }))
const wheel = 'turn(\n  3)'
const fenced = (language = '', code = wheel) => `\`\`\`${language}\n${code}\n\`\`\``

describe('code of highlighters is one block without its numbers', () => {
  test.each([
    [
      'Pygments, table',
      '<div class="highlight-python notranslate"><table class="highlighttable"><tr><td class="linenos"><div class="linenodiv"><pre><span class="normal">1</span>\n<span>2</span></pre></div></td><td class="code"><div><pre><span></span>turn(\n  <span class="mi">3</span>)\n</pre></div></td></tr></table></div>',
      fenced('python'),
    ],
    ['Pygments, inline', '<div class="highlight-c"><pre><span class="linenos">1</span>turn(\n<span class="linenos">2</span>  3)\n</pre></div>', fenced('c')],
    [
      'Rouge',
      '<div class="language-ruby highlighter-rouge"><pre class="highlight"><code><table class="rouge-table"><tbody><tr><td class="rouge-gutter gl"><pre class="lineno">1\n2\n</pre></td><td class="rouge-code"><pre>turn(\n  3)\n</pre></td></tr></tbody></table></code></pre></div>',
      fenced('ruby'),
    ],
    [
      'Hexo',
      '<figure class="highlight js"><table><tr><td class="gutter"><pre><span class="line">1</span><br><span class="line">2</span><br></pre></td><td class="code"><pre><span class="line">turn(</span><br><span class="line">  3)</span><br></pre></td></tr></table></figure>',
      fenced('js'),
    ],
    [
      'Chroma, inline',
      '<pre class="chroma"><code data-lang="go"><span class="line"><span class="ln">1</span><span class="cl">turn(\n</span></span><span class="line"><span class="ln">2</span><span class="cl">  3)\n</span></span></code></pre>',
      fenced('go'),
    ],
    [
      'Chroma, table',
      '<table class="lntable"><tr><td class="lntd">\n <pre class="chroma"><code><span class="lnt">1\n</span><span class="lnt">2\n</span></code></pre></td><td class="lntd">\n <pre class="chroma"><code class="language-go"><span class="line">turn(\n</span><span class="line">  3)\n</span></code></pre></td></tr></table>',
      fenced('go'),
    ],
    [
      'Prism',
      '<div class="code-toolbar"><pre class="line-numbers language-css"><code class="language-css">turn(\n  3)<span class="line-numbers-rows" aria-hidden="true"><span></span><span></span></span></code></pre><div class="toolbar"><div class="toolbar-item"><span>CSS</span></div><div class="toolbar-item"><button>Copy</button></div></div></div>',
      fenced('css'),
    ],
    [
      'highlight.js',
      '<pre><code class="hljs language-lua"><table class="hljs-ln"><tr><td class="hljs-ln-line hljs-ln-numbers" data-line-number="1"><div class="hljs-ln-n"></div></td><td class="hljs-ln-line hljs-ln-code">turn(</td></tr><tr><td class="hljs-ln-line hljs-ln-numbers"></td><td class="hljs-ln-line hljs-ln-code">  3)</td></tr></table></code></pre>',
      fenced('lua'),
    ],
    [
      'GitHub',
      '<table class="highlight js-file-line-container">\n<tr>\n <td class="blob-num" data-line-number="1"></td>\n <td class="blob-code">turn(</td>\n</tr>\n<tr>\n <td class="blob-num" data-line-number="2"></td>\n <td class="blob-code">  3)</td></tr></table>',
      fenced(),
    ],
    [
      'GitLab',
      '<div class="file-content code"><div class="line-numbers"><a href="#L1">1</a>\n<a href="#L2">2</a></div><pre class="code highlight"><code><span class="line" lang="rust">turn(</span>\n<span class="line" lang="rust">  3)</span></code></pre></div>',
      fenced('rust'),
    ],
    [
      'Crayon',
      '<div class="crayon-syntax"><div class="crayon-toolbar"><span class="crayon-language">PHP</span></div><div><textarea class="crayon-plain">turn(\n  3)</textarea></div><table class="crayon-table"><tr class="crayon-row"><td class="crayon-nums"><div class="crayon-num">1</div><div class="crayon-num">2</div></td><td class="crayon-code"><div class="crayon-pre"><div class="crayon-line">turn(</div><div class="crayon-line">  3)</div></div></td></tr></table></div>',
      fenced(),
    ],
    [
      'SyntaxHighlighter',
      '<div class="syntaxhighlighter java"><table><tr><td class="gutter"><div class="line number1">1</div><div class="line number2">2</div></td><td class="code"><div class="container"><div class="line number1"><code class="java plain">turn(</code></div><div class="line number2"><code class="java spaces">  </code><code class="java value">3</code><code class="java plain">)</code></div></div></td></tr></table></div>',
      fenced('java'),
    ],
    ['EnlighterJS', '<pre class="EnlighterJSRAW" data-enlighter-language="perl" data-enlighter-theme="x">turn(\n  3)</pre>', fenced('perl')],
    [
      'EnlighterJS, drawn',
      '<div class="enlighter-default enlighter-linenumbers"><div class="enlighter-toolbar-top"><div class="enlighter-btn">Raw</div></div><div class="enlighter"><div><div>turn(</div></div><div><div>  3)</div></div></div></div>',
      fenced(),
    ],
    [
      'Shiki without line feeds',
      '<pre class="shiki"><code class="language-ts"><span class="line">turn(</span><span class="line">  3)</span></code></pre>',
      fenced('ts'),
    ],
    [
      'lines by their style or class',
      '<pre>a()\n<span class="gatsby-highlight-code-line">turn(</span>  3)</pre><pre><code><span style="display:block">turn(</span><span style="display:block">  3)</span></code></pre>',
      `${fenced('', `a()\n${wheel}`)}\n\n${fenced()}`,
    ],
    [
      'empty lines of Shiki',
      '<pre class="shiki"><code><span class="line">a</span><span class="line"></span><span class="line">b</span></code></pre>',
      fenced('', 'a\n\nb'),
    ],
    [
      'Docusaurus',
      '<div class="language-jsx"><pre class="prism-code language-jsx"><code><span class="token-line">turn(<br></span><span class="token-line">  3)<br></span></code></pre><div><button>Copy</button></div></div>',
      fenced('jsx'),
    ],
    [
      'VitePress',
      '<div class="language-sh line-numbers-mode"><button class="copy"></button><span class="lang">sh</span><pre><code><span class="line">turn(</span>\n<span class="line">  3)</span></code></pre><div class="line-numbers-wrapper"><span class="line-number">1</span><br><span>2</span><br></div></div>',
      fenced('sh'),
    ],
    [
      'Expressive Code',
      '<figure><pre data-language="nix"><code><div class="ec-line"><div class="gutter"><div class="ln">1</div></div><div class="code">turn(</div></div><div class="ec-line"><div class="gutter"><div class="ln">2</div></div><div class="code">  3)</div></div></code></pre></figure>',
      fenced('nix'),
    ],
    [
      'React',
      '<pre><code class="language-java"><span class="linenumber" style="user-select: none;">1</span><span>turn(\n</span><span class="linenumber" style="user-select: none;">2</span><span>  3)</span></code></pre>',
      fenced('java'),
    ],
    [
      'numbers that nothing names',
      '<pre><div class="flex"><span class="c1">9</span><div>turn(</div></div><div class="flex"><span class="c1">10</span><div>  3)</div></div></pre>',
      fenced(),
    ],
    [
      'cgit and rustdoc',
      '<table class="blob"><tr><td class="linenumbers"><pre>1\n2</pre></td><td class="lines"><pre><code>turn(\n  3)</code></pre></td></tr></table><pre class="src-line-numbers"><a id="1">1</a>\n2</pre>',
      fenced(),
    ],
    [
      'Doxygen',
      '<div class="fragment"><div class="line"><span class="lineno">1</span>turn(</div>\n<div class="line"><span class="lineno">2</span>  3)</div>\n</div>',
      fenced(),
    ],
    [
      'an editor',
      '<pre><div><div>Python<button>Run</button></div><div class="cm-editor"><div class="cm-gutters">1</div><div class="cm-content"><div class="cm-line">turn(</div><div class="cm-line">  3)</div></div></div></div></pre>',
      fenced(),
    ],
    [
      'Lean',
      '<code class="hl lean block">turn(\n  3)</code><code class="hl lean block"><span class="hover-info">Nat : Type</span>eval</code>',
      `${fenced('lean')}\n\n${fenced('lean', 'eval')}`,
    ],
  ])('%s', (_, html, expected) => expect(text(html)).toBe(expected))
})

describe('what is code and what stands beside it', () => {
  test.each([
    ['code with lines of its own', '<p><code>turn(\n  3)</code></p>', fenced()],
    ['code with line breaks', '<div><code>turn(<br>  3)</code></div>', fenced()],
    ['code with line breaks on lines of their own', '<p><code>turn(<br />\n  3)</code></p>', fenced()],
    ['code that is shown as a block', '<p>Then <code style="display:block">stop()</code></p>', `Then\n\n${fenced('', 'stop()')}`],
    ['code in a line', '<p>Call <code>turn(\n 3)</code> now</p><h3><code>turn(a,\n b)</code></h3>', 'Call turn( 3) now\n\n### turn(a, b)'],
    ['old names of preformatted text', '<xmp>turn(\n  3)</xmp><listing>stop()</listing>', `${fenced()}\n\n${fenced('', 'stop()')}`],
    [
      'the head of a box',
      '<pre><div class="code-header"><span>bash</span><button>Copy code</button></div><code class="language-bash">turn(\n  3)</code></pre>',
      fenced('bash'),
    ],
    ['a label without a name', '<pre class="language-sh relative"><span class="float-end text-xs">sh</span>\n<code>turn(\n  3)\n</code></pre>', fenced('sh')],
    [
      'a label and a button before the box',
      '<div><div class="flex"><span>Bash</span><button>Copy code</button></div><div><pre>turn(\n  3)</pre></div></div>',
      fenced(),
    ],
    ['words before the box are none', '<div><div>How to turn it in Bash:</div><pre>turn(\n  3)</pre></div>', `How to turn it in Bash:\n\n${fenced()}`],
    ['code among text of a box', '<pre>git <code>turn</code> [-n]\n    <em>name</em></pre>', fenced('', 'git turn [-n]\n    name')],
    ['raised text', '<pre>2<sup>10</sup> h<sub>max</sub></pre>', fenced('', '2¹⁰ h_max')],
    ['lines that are numbers', '<pre>3\n5\n8</pre>', fenced('', '3\n5\n8')],
    ['headings of code', '<h4 class="code-header">fn <code>turn</code>() -> u8</h4>', '#### fn turn() -> u8'],
    ['columns of a page', '<div class="row no-gutters"><img src="a.png"><p>Far away</p></div><p class="ln">12</p>', 'Far away\n\n12'],
    ['long names of code in a line of their own', '<p><code class="docutils literal">turn(a,\nb)</code></p>', 'turn(a, b)'],
    [
      'classes that only sound like it',
      '<div class="gutter">The gutter of the roof</div><p class="code-header">Not <code>dropped</code></p>',
      'The gutter of the roof\n\nNot dropped',
    ],
  ])('%s', (_, html, expected) => expect(text(html)).toBe(expected))
})

describe('the language of code is one that is known', () => {
  test.each([
    ['<pre class="language-c++">x</pre>', 'c++'],
    ['<pre><code class="lang-py">x</code></pre>', 'py'],
    ['<div class="highlight highlight-source-shell"><pre>x</pre></div>', 'shell'],
    ['<pre class="brush: java; gutter: true">x</pre>', 'java'],
    ['<pre class="sourceCode haskell"><code class="sourceCode haskell">x</code></pre>', 'haskell'],
    ['<pre class="src src-emacs-lisp">x</pre>', 'emacs-lisp'],
    ['<pre><code class="hljs typescript">x</code></pre>', 'typescript'],
    ['<pre class="prettyprint lang-go">x</pre>', 'go'],
    ['<pre class="language-shellsession">x</pre>', 'shellsession'],
    ['<pre data-syntaxhighlighter-params="brush: sql; gutter: false">x</pre>', 'sql'],
    ['<pre lang="ruby">x</pre>', 'ruby'],
    ['<div language="tsx"><div><pre><code>x</code></pre></div></div>', 'tsx'],
    ['<pre class="code-wrap language-wrap">x</pre>', ''],
    ['<pre class="language-plaintext nowrap inline block numbers">x</pre>', ''],
    ['<pre class="highlight default"><code>x</code></pre>', ''],
    ['<pre lang="cs">x</pre>', ''],
    ['<div class="basic"><pre class="clean box">x</pre></div>', ''],
  ])('%s', (html, language) => expect(text(html)).toBe(fenced(language, 'x')))
})
