import { describe, expect, test } from 'vitest'
import { explainPage, extractPage } from '../extract-page.ts'

const base = 'http://h.example/dir/page'
const cc = (path: string) => `https://creativecommons.org/${path}`
const by = cc('licenses/by/4.0/')
const shareAlike = cc('licenses/by-sa/4.0/')
const jsonLd = (value: unknown) => `<script type="application/ld+json">${JSON.stringify(value)}</script>`
const story = (html: string, head = '') => extractPage(`<head>${head}</head><article><h1>The ferry</h1><p>It crosses every hour.</p>${html}</article>`, base)
const licence = (html: string) => story(html).licence
const found = (html: string, head = '') => {
  const { licence: given, licenceScope } = story(html, head)
  return given ?? licenceScope
}
const offer = (one: string, other: string) => found(`<footer>Content is available under ${one} ${other}</footer>`)

describe('the licence that a page states', () => {
  test.each([
    [`<a rel="license" href="${cc('licenses/by-sa/4.0/deed.de')}">x</a>`, 'CC-BY-SA-4.0'],
    [`<a rel="license" href="//creativecommons.org/licenses/by/4.0/">x</a>`, 'CC-BY-4.0'],
    [`<a rel="cc:license" href="${cc('licenses/by-nc-nd/3.0/us/')}">x</a>`, 'CC-BY-NC-ND-3.0'],
    [`<a rel="license" href="${cc('licenses/by-nd-nc/2.0/')}">x</a>`, 'CC-BY-NC-ND-2.0'],
    [`<a rel="license" href="${cc('licenses/by-sa/2.1/jp/')}">x</a>`, 'CC-BY-SA-2.1-JP'],
    [`<link rel="license" href="${cc('publicdomain/zero/1.0/')}">`, 'CC0-1.0'],
    [`<a rel=license href="${cc('publicdomain/mark/1.0/')}">x</a>`, 'CC-PDM-1.0'],
    ['<a rel=license href="https://www.apache.org/licenses/LICENSE-2.0.html">x</a>', 'Apache-2.0'],
    ['<a rel=license href="https://www.gnu.org/licenses/gpl-3.0.html">x</a>', 'GPL-3.0-only'],
    ['<a rel=license href="https://opensource.org/licenses/MIT">x</a>', 'MIT'],
    ['<a rel=license href="https://spdx.org/licenses/bsd-3-clause.html">x</a>', 'BSD-3-Clause'],
    ['<a rel=license href="https://opendatacommons.org/licenses/odbl/1-0/">x</a>', 'ODbL-1.0'],
    ['<a rel=license href="https://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/">x</a>', 'OGL-UK-3.0'],
    ['<a rel=license href="https://rights.example/std/1/">x</a>', 'https://rights.example/std/1/'],
    ['<a rel=license href="https://www.gnu.org/copyleft/fdl.html">GNU Free Documentation License 1.3 or later</a>', 'GFDL-1.3-or-later'],
    ['<meta name="dcterms.license" content="CC BY 4.0">', 'CC-BY-4.0'],
    ['<meta name="license" content="mit">', 'MIT'],
    [`<div itemscope itemtype="https://schema.org/Article"><meta itemprop="license" content="${by}"></div>`, 'CC-BY-4.0'],
    [`<div about="/dir/page" typeof="foaf:Document"><a rel=license href="${by}">x</a></div>`, 'CC-BY-4.0'],
    [jsonLd({ '@type': 'Article', license: { '@id': by } }), 'CC-BY-4.0'],
    [jsonLd({ '@type': 'WebPage', license: 'CC BY-SA 4.0' }), 'CC-BY-SA-4.0'],
    ['<p>SPDX-License-Identifier: CC-BY-4.0', 'CC-BY-4.0'],
  ])('%s', (html, expected) => expect(licence(html)).toBe(expected))

  test.each([
    ['no name in it', '<meta name="copyright" content="Somebody, all rights reserved">', undefined],
    ['no version', '<p>This text is under a Creative Commons BY-SA license.</p>', undefined],
    ['an address that is not called a licence', '<footer><a rel=license href="https://big.example/privacy">privacy</a></footer>', 'page'],
    [
      'an unknown address, and a name beside it',
      '<link rel=license href="https://www.gnu.org/copyleft/fdl.html"><footer>Content is available under <a href="https://www.gnu.org/copyleft/fdl.html">GNU Free Documentation License 1.3 or later</a></footer>',
      'GFDL-1.3-or-later',
    ],
    ['an address of its own', '<footer><a rel=license href="/terms">terms</a></footer>', 'page'],
    ['a place in itself', '<footer>Under a <a rel=license href="#licence">licence</a></footer>', 'page'],
    ['an address of its own in JSON-LD', jsonLd({ '@type': 'Article', license: 'http://www.h.example/terms' }), 'page'],
    [
      'its own copy of a deed',
      '<footer>Text under the <a rel=license href="/wiki/Text_of_the_deed">Creative Commons Attribution-ShareAlike 3.0 License</a></footer>',
      'CC-BY-SA-3.0',
    ],
    ['its own copy, by the address', '<footer><a rel=license href="/CC_BY-SA_3.0">licence</a></footer>', 'CC-BY-SA-3.0'],
    [
      'its own copy, by the picture',
      '<footer><a rel=license href="/l"><img src="https://i.creativecommons.org/l/by-nc/3.0/80x15.png"></a></footer>',
      'CC-BY-NC-3.0',
    ],
  ])('%s', (_, html, expected) => expect(found(html)).toBe(expected))
})

describe('a notice in words', () => {
  test.each([
    ['This text is licensed under CC BY-NC-SA 4.0.', 'CC-BY-NC-SA-4.0'],
    [`This text is licensed under <a href="${by}">a licence</a>.`, 'CC-BY-4.0'],
    ['This is an open access article distributed under the terms of the Creative Commons Attribution License 4.0.', 'CC-BY-4.0'],
    ['To the extent possible under law, Ann Lee has waived all copyright to this work (CC0).', 'CC0-1.0'],
    ['Except where otherwise noted, content on this site is available under the Open Government Licence v3.0.', 'OGL-UK-3.0'],
    ['All text and photos are licensed under CC BY-SA 4.0.', 'CC-BY-SA-4.0'],
    ['Dieser Text steht, soweit nicht anders angegeben, unter Creative Commons Namensnennung – Weitergabe unter gleichen Bedingungen 4.0.', 'CC-BY-SA-4.0'],
    ['Cet article est sous licence Creative Commons Attribution - Pas d’Utilisation Commerciale - Pas de Modification 4.0.', 'CC-BY-NC-ND-4.0'],
    ['Esta obra está bajo una licencia Creative Commons Reconocimiento-NoComercial-CompartirIgual 3.0.', 'CC-BY-NC-SA-3.0'],
    ["Quest'opera è distribuita con licenza Creative Commons Attribuzione - Condividi allo stesso modo 4.0.", 'CC-BY-SA-4.0'],
    ['Este artigo está licenciado sob Creative Commons Atribuição-CompartilhaIgual 4.0.', 'CC-BY-SA-4.0'],
    ['Dit werk is beschikbaar onder Creative Commons Naamsvermelding-GelijkDelen 4.0.', 'CC-BY-SA-4.0'],
    ['Ten tekst jest dostępny na licencji Creative Commons Uznanie autorstwa-Na tych samych warunkach 4.0.', 'CC-BY-SA-4.0'],
    ['Этот текст доступен по лицензии Creative Commons «С указанием авторства — С сохранением условий» 4.0.', 'CC-BY-SA-4.0'],
    ['この記事はクリエイティブ・コモンズ 表示-非営利-改変禁止 4.0 国際ライセンスの下に提供されています。', 'CC-BY-NC-ND-4.0'],
    ['本文采用知识共享署名-相同方式共享 4.0 国际许可协议进行许可。', 'CC-BY-SA-4.0'],
    ['本文遵循 CC 4.0 BY-SA 版权协议。', 'CC-BY-SA-4.0'],
    ['This text is under CC&nbsp;BY‑SA&nbsp;v4.0.', 'CC-BY-SA-4.0'],
    ['This text is under <abbr>CC</abbr> BY-SA 4.0.', 'CC-BY-SA-4.0'],
    ['This text is under the GNU Free Documentation License, Version 1.2 or any later version.', 'GFDL-1.2-or-later'],
    ['This text is under the Lesser General Public License 3.', 'LGPL-3.0-only'],
    ['This text is under Creative Commons 4.0 BY-NC-SA.', 'CC-BY-NC-SA-4.0'],
    ['This page is shared under a CC BY-NC-SA 4.0 license and was authored by Ann Lee.', 'CC-BY-NC-SA-4.0'],
  ])('%s', (text, expected) => expect(licence(`<p>${text}</p>`)).toBe(expected))

  test.each([
    'This text is not licensed under CC BY 4.0.',
    'This text was formerly licensed under CC BY 4.0.',
    `This page will be licensed under <a href="${by}">CC BY 4.0</a> one day.`,
    'This text is not licensed under Attribution 4.0 International (CC BY 4.0).',
    'This text was once available under CC BY 4.0.',
    'Dieser Text steht nicht unter CC BY 4.0.',
    'Ce texte n’est pas sous licence CC BY 4.0.',
    'Este texto no está bajo licencia CC BY 4.0.',
    'この記事はCC BY 4.0の下で提供されていません。',
    '本文不采用 CC BY 4.0 许可协议。',
  ])('denied: %s', (text) => expect(found(`<footer><p>${text}</p></footer>`)).toBeUndefined())
})

describe('what is not of the page', () => {
  const link = `<a rel=license href="${by}">CC BY 4.0</a>`
  test.each([
    ['a photo in its figure', `<figure><img src=x><figcaption>${link}</figcaption></figure>`, 'image'],
    ['a photo credited in a paragraph', `<p>Photo: Ann Lee via Flickr, ${link}</p>`, 'image'],
    ['a photo, in German', `<p>Foto: Ann Lee, lizenziert unter ${link}</p>`, 'image'],
    ['a photo, in Chinese', `<p>图片来源：Ann Lee（${link}）</p>`, 'image'],
    ['a photo, by RDFa', `<p about="/ferry.jpg">${link}</p>`, 'image'],
    ['a photo, by microdata', `<div itemscope itemtype="https://schema.org/ImageObject"><meta itemprop="license" content="${by}"></div>`, 'image'],
    [
      'a photo, by its Dublin Core type',
      `<p><a rel=license href="${by}">x</a> <span rel="dct:type" href="http://purl.org/dc/dcmitype/StillImage">Ferry</span></p>`,
      'image',
    ],
    ['a photo, by JSON-LD', jsonLd([{ '@type': 'Article' }, { '@type': 'ImageObject', license: by }]), 'image'],
    ['the icons of a site', `<footer>Icons by Ann Lee, ${link}</footer>`, 'image'],
    ['a program that is spoken of', '<p>The program is free software under the <a href="https://opensource.org/licenses/MIT">MIT licence</a>.</p>', 'software'],
    ['the program that runs a site', '<footer><a href="https://www.gnu.org/licenses/old-licenses/gpl-2.0.html">GPL</a> by the Society</footer>', 'software'],
    ['its theme', '<footer>Theme by Ann Lee, under the MIT License</footer>', 'software'],
    ['code', '<pre>// SPDX-License-Identifier: apache-2.0</pre>', 'software'],
    ['a program, by JSON-LD', jsonLd({ '@type': 'SoftwareApplication', license: 'https://opensource.org/licenses/MIT' }), 'software'],
    ['a data set', `<p>The tide tables are published under the <a href="https://opendatacommons.org/licenses/odbl/1-0/">ODbL</a>.</p>`, 'unknown'],
    ['a data set, by JSON-LD', jsonLd({ '@type': 'Dataset', license: by }), 'unknown'],
    ['a font', '<p>Set in a typeface under the SIL Open Font License.</p>', 'unknown'],
    ['map data', '<footer>Map data © contributors, <a href="https://opendatacommons.org/licenses/odbl/1-0/">ODbL</a></footer>', 'unknown'],
    ['another article, by JSON-LD', jsonLd([{ '@type': 'Article' }, { '@type': 'Article', license: by }]), 'unknown'],
    ['what it is about, by JSON-LD', jsonLd({ '@type': 'Article', about: { '@type': 'CreativeWork', license: by } }), 'unknown'],
    ['another article, by RDFa', `<div about="/other" typeof="schema:Article">${link}</div>`, 'unknown'],
    ['a teaser', `<div class="card"><h3>Other</h3>${link}</div>`, 'unknown'],
    ['a comment', `<ol class="comment-list"><li>This text is licensed under ${link}</li></ol>`, 'unknown'],
    ['a list in the sidebar', `</article><aside><ul><li>${link}</li></ul></aside>`, 'unknown'],
    ['another article', `<article><h2>Other</h2>${link}</article>`, 'unknown'],
    ['a photo above it', `<p><img src=x><br>Ann Lee, ${link}</p>`, 'image'],
    ['a theme, in the sentence before', '<footer>Theme: Ferry. Licensed under the MIT License.</footer>', 'software'],
    [
      'the data of it',
      `<p>This article is open. The <a rel=license href="${by}">CC BY 4.0</a> waiver applies to the data made available in it.</p>`,
      'unknown',
    ],
    ['another work', `<p>Her first book was published under <a href="${by}">CC BY 4.0</a>.</p>`, 'unknown'],
    ['what it is adapted from', `<p>This article uses material of an encyclopedia, which is under <a href="${by}">CC BY 4.0</a>.</p>`, 'unknown'],
    ['licences as such', `<p>They had to choose between <a href="${by}">CC BY</a> and <a href="${shareAlike}">CC BY-SA</a>.</p>`, 'unknown'],
    ['nothing', '<footer>All rights reserved</footer>', undefined],
  ])('%s', (_, html, expected) => expect(found(html)).toBe(expected))

  test('is not what stands aside in the article', () => {
    expect(found(`<aside>${link}</aside>`)).toBe('CC-BY-4.0')
    expect(found(`<div class="has-post-thumbnail page-with-sidebar">${link}</div>`)).toBe('CC-BY-4.0')
  })

  test('is told from the page in one sentence', () => {
    const both = 'The content of this page is licensed under CC BY 4.0, and code samples are licensed under the Apache 2.0 License.'
    expect(found(`<footer>${both}</footer>`)).toBe('CC-BY-4.0')
    expect(found('<footer>Code licensed MIT, docs CC BY 3.0.</footer>')).toBe('CC-BY-3.0')
    expect(found(`<footer>Powered by a program | <a href="${shareAlike}">CC BY-SA 4.0</a></footer>`)).toBe('CC-BY-SA-4.0')
    expect(found('<footer>Copyright 2026 The Software Foundation.<br>Licensed under the Apache License, Version 2.0.</footer>')).toBe('Apache-2.0')
    expect(found(`<aside>This blog is licensed under <a rel=license href="${by}">CC BY 4.0</a>.</aside>`)).toBe('CC-BY-4.0')
  })
})

describe('more than one', () => {
  const site = `<footer>Except where otherwise noted: <a rel="license" href="${cc('licenses/by-nc/4.0/')}">CC BY-NC 4.0</a></footer>`
  const head = `<link rel="license" href="${by}">`

  test('a notice of the page goes before what is said of the site', () => {
    expect(found(site)).toBe('CC-BY-NC-4.0')
    expect(found(`<p>This article is licensed under <a rel=license href="${by}">CC BY 4.0</a>.</p>${site}`)).toBe('CC-BY-4.0')
  })

  test('that contradict each other are none, and it is said', () => {
    expect(found(site, head)).toBe('page')
    expect(found('', `${head}<link rel="license" href="${shareAlike}">`)).toBe('page')
    expect(explainPage(`${head}${site}`, base).licenceWhy).toBe('none: CC-BY-4.0, CC-BY-NC-4.0 contradict each other: said of the page and of the site (rel)')
  })

  test('that are offered for a choice are the one that asks for less', () => {
    const fdl = '<a rel=license href="https://www.gnu.org/licenses/fdl-1.3.html">GNU Free Documentation License 1.3</a>'
    const deed = `<a rel=license href="${cc('licenses/by-sa/3.0/')}">CC BY-SA 3.0</a>`
    expect(offer(`${fdl} and`, deed)).toBe('GFDL-1.3-only')
    expect(offer(`CC BY-NC-SA 3.0 or`, 'CC BY 3.0')).toBe('CC-BY-3.0')
  })

  test('of another thing do not speak against it', () => {
    const photo = `<figure><a rel=license href="${shareAlike}">CC BY-SA 4.0</a></figure>`
    expect(found(photo, head)).toBe('CC-BY-4.0')
    expect(explainPage(photo, base).licenceWhy).toBe('none of the page: CC-BY-SA-4.0 is that of an image')
  })
})
