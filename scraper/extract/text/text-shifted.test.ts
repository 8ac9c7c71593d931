import { describe, expect, test } from 'vitest'
import { mainText } from '../content/main-text.ts'
import { parseHtml } from '../html/dom.ts'
import { readBlocks } from './text-reader.ts'

const nothing = () => false
const text = (html: string) => mainText(readBlocks({ root: parseHtml(`<p>${html}`).root, isDropped: nothing, isTextDropped: nothing }))

describe('raised and lowered text', () => {
  test.each([
    [
      'powers and formulas of matter',
      '10<sup>6</sup>, 10<sup>−3</sup>, x<sup>n+1</sup>, H<sub>2</sub>SO<sub>4</sub>, SO<sub>4</sub><sup>2-</sup>, <sup>14</sup>C',
      '10⁶, 10⁻³, xⁿ⁺¹, H₂SO₄, SO₄²⁻, ¹⁴C',
    ],
    ['letters keep their boundary', 'v<sub>max</sub>, V<sub>CC</sub>, e<sup>x</sup>, A<sup>T</sup>, 1998<sub>27ya</sub>', 'v_max, V_CC, e^x, A^T, 1998_27ya'],
    ['on both sides', 'x<sub>a</sub>y<sub>b</sub> and 2<sup>k</sup>m', 'x_a y_b and 2^k m'],
    ['what is composed stands in brackets', 'e<sup>−t/τ</sup>, a<sub>i,j</sub>, f<sup>(n)</sup>', 'e^(−t/τ), a_(i,j), f⁽ⁿ⁾'],
    ['other elements inside', 'x<sup><i>n</i></sup> y<sub><span>max</span></sub> z<sup><b>2</b></sup>', 'xⁿ y_max z²'],
    ['one over the other', 'x<sub>i</sub><sup>2</sup>', 'x_i²'],
    [
      'ordinals and abbreviations',
      '1<sup>st</sup> 22<sup>nd</sup> 1<sup>er</sup> XVII<sup>e</sup> 2<sup>o</sup> M<sup>me</sup> D<sup>r</sup> n<sup>o</sup> 7',
      '1st 22nd 1er XVIIe 2º Mme Dr nº 7',
    ],
    ['letters behind a number that are none', '7<sup>d</sup> 3<sup>r</sup> 12<sup>a</sup>', '7^d 3^r 12ª'],
    ['cents of a price', '$1,999<sup>00</sup> or <sup>$</sup>24<sup>99</sup> or €7.<sup>50</sup>', '$1,999.00 or $24.99 or €7.50'],
    ['words that are links', 'News<sup><a href="#v">video</a></sup>', 'News video'],
    ['towers and hours', '2<sup>2<sup>n</sup></sup>, x<sup>a<sub>i</sub></sup>, 12<sup>h</sup>30', '2^(2^n), x^(a_i), 12h30'],
    ['by style and class', '10<span style="vertical-align: super; font-size: 70%">6</span> v<span class="subscript">max</span>', '10⁶ v_max'],
    ['signs', 'Gate<sup>TM</sup> Lock<sup>®</sup> Miller<sup>1,2</sup> Baker<sup>1,*</sup> 20<sup>°</sup>', 'Gate™ Lock® Miller¹,² Baker¹,* 20°'],
    [
      'words that are small are words',
      'Sluice<sup>new in spring</sup> and rope<sup>sold out for ever and a day</sup>',
      'Sluice new in spring and rope sold out for ever and a day',
    ],
    ['after white space it is itself', 'see <sup>a</sup> and <sub>b</sub>', 'see a and b'],
    ['in code', '<code>x<sup>2</sup> + y<sub>k</sub></code>', 'x² + y_k'],
  ])('%s', (_, html, expected) => expect(text(html)).toBe(expected))
})

describe('marks of notes stand in brackets', () => {
  test.each([
    ['a raised link', 'in 1412<sup><a href="#n1">1</a></sup> and', 'in 1412[1] and'],
    ['a link around it', 'in 1412<a href="#n2"><sup>2</sup></a> and', 'in 1412[2] and'],
    ['several', 'in 1412<sup><a href="#n1">1</a>, <a href="#n2">2</a></sup>.', 'in 1412[1, 2].'],
    ['one that has its own', 'water<sup class="reference"><a href="#c"><span>[</span>7<span>]</span></a></sup>', 'water[7]'],
    ['by its class', 'water<sup class="footnote-ref">8</sup> and salt<sup class="endnote">†</sup>', 'water[8] and salt[†]'],
    ['a link that is not raised', 'the mill.”<span><a href="#note3">3</a></span>', 'the mill.”[3]'],
    ['a link by its role', 'the mill<a role="doc-noteref" href="#n5">5</a>.', 'the mill[5].'],
    ['a link to what is numbered is none', 'see <a href="#section4">4</a>, m<a href="/unit"><sup>2</sup></a>', 'see 4, m²'],
    [
      'notes in the line, once',
      'Rope<span class="ltx_note ltx_role_footnote"><sup class="ltx_note_mark">1</sup><span class="ltx_note_outer"><span class="ltx_note_content"><sup class="ltx_note_mark">1</sup><span class="ltx_tag ltx_tag_note">1</span>Of hemp.</span></span></span> is old.',
      'Rope[1] (Of hemp.) is old.',
    ],
    [
      'marks that repeat a note',
      'Ida<span class="ltx_note ltx_role_footnotemark"><sup class="ltx_note_mark">2</sup><span class="ltx_note_outer"><span class="ltx_note_content"><sup class="ltx_note_mark">2</sup><span class="ltx_note_type">footnotemark: </span></span></span></span>, Jon',
      'Ida[2], Jon',
    ],
  ])('%s', (_, html, expected) => expect(text(html)).toBe(expected))
})

describe('readings, emoji and first letters', () => {
  test.each([
    ['readings', '<ruby>漢字<rp>(</rp><rt>かんじ</rt><rp>)</rp></ruby><ruby>水<rt></rt>車<rt>ぐるま</rt></ruby>', '漢字(かんじ)水車(ぐるま)'],
    ['emoji as images', 'so <img class="emoji" alt="😀" src="1.svg"> and <img alt="👍🏽" src="2.png"> <img alt="❤️" src="3.png">', 'so 😀 and 👍🏽 ❤️'],
    [
      'smileys by their class or look',
      '<img class="wp-smiley" alt="grin" src="1"> <img alt=":-)" src="2"> <img alt=":tada:" src="3"> <g-emoji>🎉</g-emoji>',
      'grin :-) :tada: 🎉',
    ],
    [
      'pictures are none',
      '<img class="reaction reaction--emoji" alt="Like" src="0">a <img alt="A wheel" src="1"> b <img alt="7" src="2"> c <img class="emoji" src="3">',
      'a b c',
    ],
    ['a first letter', '<span class="dropcap">O</span>nce', 'Once'],
    ['with white space behind it', '<span class="drop-cap"><b>T</b></span>\n  he mill', 'The mill'],
    ['with a quotation mark', '<span class="first-letter">“I</span> t rains', '“It rains'],
    ['that is a word', '<span class="dropcap">A</span> long day; <span class="dropcap">I</span> slept', 'A long day; I slept'],
    ['as a block', '<div class="dropcap">O</div><p>nce more', 'Once more'],
    ['as an image', '<img class="dropcap" alt="W" src="w.png">ater', 'Water'],
    ['that is a heading of a list', '<ul><li class="first-letter">A</li><li>Apple</li></ul><span class="first-letter">B</span> Bean', '- A\n- Apple\n\nB Bean'],
    ['of a paragraph that is styled so', '<span class="has-drop-cap">Once upon a day</span>', 'Once upon a day'],
    ['with nothing behind it', '<span class="dropcap">Z</span>', 'Z'],
  ])('%s', (_, html, expected) => expect(text(html)).toBe(expected))
})
