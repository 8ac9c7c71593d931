import { describe, expect, test } from 'vitest'
import { extractPage } from '../extract-page.ts'
import { parseHtml } from '../html/dom.ts'
import { mainContent } from './main-content.ts'

const story = [
  'The clock in the tower of the town hall has been wound by hand since it was built, and the man who does so climbs two hundred steps every third day with a lamp on his belt.',
  'Its hands were gilded for the visit of a king who never came, and the gold has been kept on them ever since, although the council votes on it every other year.',
  'When the great bell cracked in a hard winter it was taken down in three pieces, and the founder who cast it anew put a coin of every member of the guild into the bronze.',
]
  .map((text) => `<p>${text}</p>`)
  .join('')
const page = (title: string, head: string, text = story) => `<title>${title}</title><body>${head}<main><article>${text}</article></main></body>`

describe('the headline is part of the text', () => {
  test.each([
    [
      'outside of the article',
      page('Who winds the clock | Town News', '<header><h1>Who winds the clock</h1></header>'),
      /^# Who winds the clock\n\nThe clock in/,
    ],
    [
      'below the name of the site',
      page('Who winds the clock - Town News', '<h1><a href="/">Town News</a></h1><h2>Who winds the clock</h2>'),
      /^## Who winds the clock\n\nThe clock in/,
    ],
    ['inside of the article', page('Who winds the clock', '', `<p>Monday</p><h1>Who winds the clock</h1>${story}`), /^# Who winds the clock\n\nThe clock in/m],
  ])('%s', (_, html, expected) => expect(extractPage(html, 'https://town.example/clock').text).toMatch(expected))

  test.each([
    ['a heading that the title does not name', page('Who winds the clock', '<header><h1>All about our town</h1></header>')],
    ['one behind the text', page('Who winds the clock', '', `${story}${story}<footer><h2>Who winds the clock</h2></footer>`)],
    ['a page of which nothing is kept', '<title>Log in</title><body><h1>Log in</h1><form><input></form></body>'],
  ])('%s is none', (_, html) => {
    const content = mainContent(parseHtml(html).root, 'https://town.example/clock')
    expect(content.decisions().map(({ reason }) => reason)).not.toContain('headline')
  })
})
