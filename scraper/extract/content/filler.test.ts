import { describe, expect, test } from 'vitest'
import { extractPage } from '../extract-page.ts'
import { parseHtml } from '../html/dom.ts'
import { readBlocks } from './content-blocks.ts'
import { findFiller } from './filler.ts'

const fillerOf = (html: string): string[] => {
  const page = readBlocks(parseHtml(html).root)
  return page.blocks.flatMap(({ text }, i) => (findFiller(page).has(i) ? [text] : []))
}
const words = 'The orchard was planted by a teacher who had never owned a spade, and it has outlived everyone who laughed at him. '
const page = (middle: string) => `<title>The orchard</title><main><h1>The orchard</h1><p>${words.repeat(8)}</p>${middle}<p>${words.repeat(8)}</p></main>`

describe('what nobody wrote to be read', () => {
  test.each([
    '[vc_row full_width="stretch_row"][vc_column width="1/2"][vc_column_text]',
    '[/vc_column_text][/vc_column][/vc_row]',
    '[gallery ids="12,13,14" size="medium"]',
    '[contact-form-7 id="12" title="Write to us"]',
    '[post-views]',
    '[et_pb_section][et_pb_row]',
    'Please enable JavaScript to view the comments powered by Disqus.',
    'You need to enable JavaScript to run this app.',
    'JavaScript is disabled. For a better experience, please enable JavaScript in your browser before proceeding.',
    'Your browser does not support the video tag.',
    'We’re sorry but orchard doesn’t work properly without JavaScript enabled. Please enable it to continue.'.replaceAll('’', "'"),
  ])('%s', (text) => {
    expect(fillerOf(page(`<p>${text}</p>`))).toEqual([text])
    expect(extractPage(page(`<p>${text}</p>`), 'http://h.example/orchard').text).not.toContain(text)
  })

  test.each([
    '[sic]',
    '[1]',
    '[Smith_2020]',
    '[citation needed]',
    '[A pause.] Then he went on.',
    '[Editor’s note: the trees were felled in 1950.]',
    'JavaScript is disabled by default in the reader, which is why the page of the orchard is plain.',
    'Enable JavaScript only for pages that you trust.',
    'The answer was 404 Not Found.',
  ])('but not: %s', (text) => expect(fillerOf(page(`<p>${text}</p>`))).toEqual([]))

  test('is not cut where it is code', () => expect(fillerOf(page('<pre>[gallery ids="1,2"]</pre><p><code>[gallery ids="1,2"]</code></p>'))).toEqual([]))
})

describe('pages that are shown instead of what was asked for have no text', () => {
  test.each([
    ['Just a moment...', '<h1>orchard.example</h1><h2>Verifying you are human. This may take a few seconds.</h2><p>orchard.example needs to review the security of your connection before proceeding.</p>'], // prettier-ignore
    ['Attention Required! | Cloudflare', '<h1>Sorry, you have been blocked</h1><p>You are unable to access orchard.example. This website is using a security service to protect itself from online attacks.</p>'], // prettier-ignore
    ['Access Denied', '<h1>Access Denied</h1><p>You don’t have permission to access this page on this server. Reference #18.2d</p>'],
    ['orchard.example', '<h1>Pardon Our Interruption</h1><p>As you were browsing something about your browser made us think you were a bot.</p>'],
    ['404 Not Found', '<center><h1>404 Not Found</h1></center><hr><center>nginx</center>'],
    ['502 Bad Gateway', '<h1>502 Bad Gateway</h1><p>The server is resting.</p>'],
    [
      'Page not found – The orchard',
      '<main><h1>Oops! That page can’t be found.</h1><p>It looks like nothing was found at this location. Maybe try a search?</p></main>',
    ],
    ['Seite nicht gefunden', '<main><h1>Seite nicht gefunden</h1><p>Die angeforderte Seite gibt es nicht mehr oder es hat sie nie gegeben.</p></main>'],
    ['页面不存在', '<main><h1>页面不存在</h1><p>您访问的页面已被删除，请返回首页。</p></main>'],
  ])('%s', (title, body) => expect(extractPage(`<title>${title}</title><body>${body}</body>`, 'http://h.example/x').text).toBe(''))

  test.each([
    ['404 Not Found: what it means', `<main><h1>404 Not Found: what it means</h1><p>${words.repeat(16)}</p></main>`],
    ['Just in time', `<main><h1>Just in time</h1><p>${words.repeat(3)}</p></main>`],
    ['Access to water', `<main><h1>Access to water</h1><p>${words.repeat(3)}</p></main>`],
  ])('but not: %s', (title, body) =>
    expect(extractPage(`<title>${title}</title><body>${body}</body>`, 'http://h.example/x').text).toContain('The orchard was planted'),
  )
})
