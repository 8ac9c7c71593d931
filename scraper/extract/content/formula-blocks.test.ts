import { describe, expect, test } from 'vitest'
import { parseHtml } from '../html/dom.ts'
import { readBlocks } from './content-blocks.ts'

const blocksOf = (html: string) => readBlocks(parseHtml(`<body>${html}`).root).blocks.map(({ name, text }) => [name, text])

describe('formulas and code have a share in the blocks that are kept or cut', () => {
  test.each([
    ['in a sentence', '<p>The fall <math><mi>h</mi></math> of it</p>', [['p', 'The fall h of it']]],
    ['alone in a paragraph', '<p><math alttext="a=b"></math></p>', [['p', 'a=b']]],
    [
      'displayed between paragraphs',
      '<p>so</p><math display="block" alttext="a=b"></math><p>and</p>',
      [
        ['p', 'so'],
        ['math', 'a=b'],
        ['p', 'and'],
      ],
    ],
    ['displayed in a sentence', '<p>so <math display="block" alttext="a=b"></math> and</p>', [['p', 'so a=b and']]],
    ['shown twice', '<p><span class="MathJax">x</span><script type="math/tex">x_0</script></p>', [['p', 'x_0']]],
    ['an emoji', '<p><img alt="😀" src="e"> <img alt="A mill" src="m"></p>', [['p', '😀']]],
    [
      'a table of lines',
      '<table class="js-file-line-container"><tr><td class="blob-num">1</td><td class="blob-code">a</td></tr><tr><td class="blob-num">2</td><td class="blob-code">b</td></tr></table>',
      [['pre', 'ab']],
    ],
    ['code and what stands beside it', '<div><span>Bash</span><pre><span class="lineno">1</span>ls</pre><button>Copy</button></div>', [['pre', 'ls']]],
  ] as const)('%s', (_, html, expected) => expect(blocksOf(html)).toEqual(expected))
})
