import { describe, expect, test } from 'vitest'
import { extractPage } from '../extract-page.ts'

const base = 'http://h.example/dir/page'
const licence = (html: string) => extractPage(html, base).licence
const cc = (path: string) => `https://creativecommons.org/${path}`

const both = (one: string, other: string) => licence(`<a rel=license href="${one}">a</a><a rel=license href="${other}">b</a>`)

describe('the licence of a page', () => {
  test.each([
    [`<a rel="license" href="${cc('licenses/by-sa/4.0/deed.de')}">x</a>`, 'CC-BY-SA-4.0'],
    [`<a rel="license" href="//creativecommons.org/licenses/by/4.0/">x</a>`, 'CC-BY-4.0'],
    [`<a href="${cc('licenses/by-nc-nd/3.0/us/')}">x</a>`, 'CC-BY-NC-ND-3.0'],
    [`<link rel="license" href="${cc('publicdomain/zero/1.0/')}">`, 'CC0-1.0'],
    [`<a href="${cc('publicdomain/mark/1.0/')}">x</a>`, 'CC-PDM-1.0'],
    ['<link rel="license" href="/terms">', 'http://h.example/terms'],
    ['<a href="https://www.apache.org/licenses/LICENSE-2.0.html">x</a>', 'Apache-2.0'],
    ['<a href="https://www.gnu.org/licenses/gpl-3.0.html">x</a>', 'GPL-3.0-only'],
    ['<a href="https://opensource.org/licenses/MIT">x</a>', 'MIT'],
    ['<a href="https://spdx.org/licenses/bsd-3-clause.html">x</a>', 'BSD-3-Clause'],
    ['<a href="https://opendatacommons.org/licenses/odbl/1-0/">x</a>', 'ODbL-1.0'],
    ['<a href="https://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/">x</a>', 'OGL-UK-3.0'],
    ['<meta name="dcterms.license" content="CC BY 4.0">', 'CC-BY-4.0'],
    ['<meta name="license" content="mit">', 'MIT'],
    ['<meta name="copyright" content="Somebody, all rights reserved">', undefined],
    ['<script type="application/ld+json">{"@type":"Article","license":{"@id":"https://creativecommons.org/licenses/by/4.0/"}}</script>', 'CC-BY-4.0'],
    ['<pre>// SPDX-License-Identifier: apache-2.0</pre>', 'Apache-2.0'],
    ['<p>This text is licensed under CC BY-NC-SA 4.0.</p>', 'CC-BY-NC-SA-4.0'],
    ['<p>Content is under a Creative Commons license.</p>', undefined],
    [`<figure><a rel="license" href="${cc('licenses/by/2.0/')}">photo</a></figure>`, undefined],
  ])('%s', (html, expected) => expect(licence(html)).toBe(expected))

  test('of the page goes before that of the site', () => {
    const site = `<footer><a rel="license" href="${cc('licenses/by/4.0/')}">site</a></footer>`
    expect(licence(site)).toBe('CC-BY-4.0')
    expect(licence(`<a href="${cc('licenses/by-nc/4.0/')}">this page</a>${site}`)).toBe('CC-BY-NC-4.0')
  })

  test('of several the most restrictive, or none when that cannot be told', () => {
    expect(both(cc('licenses/by/4.0/'), cc('licenses/by-nc-sa/3.0/'))).toBe('CC-BY-NC-SA-3.0')
    expect(both(cc('licenses/by/4.0/'), 'https://opensource.org/licenses/MIT')).toBeUndefined()
    expect(both(cc('licenses/by/3.0/'), cc('licenses/by/4.0/'))).toBe('CC-BY-3.0')
  })
})
