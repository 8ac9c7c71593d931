import { expect, test } from 'vitest'
import { parseAiTxt } from './ai-txt.ts'

const everything = '# Spawning AI\n# Prevent datasets from using the following file types\n\nUser-Agent: *\nDisallow: /\nDisallow: *\n'
const text = 'User-Agent: *\nDisallow: *.txt\nDisallow: *.pdf\nDisallow: *.html\nAllow: *.jpg\n'
const images = 'User-Agent: *\nDisallow: *.jpg\nDisallow: *.png\nAllow: *.html\nAllow: *.txt\n'

test.each([
  ['all is refused', everything, '/a/b', false],
  ['text is refused', text, '/a/b', false],
  ['text is refused at the root', text, '/', false],
  ['text is refused, whatever the query', text, '/a?b=c.jpg', false],
  ['text is refused by its own ending', text, '/a/b.html', false],
  ['only plain text is named', 'User-Agent: *\nDisallow: *.txt', '/a/b', false],
  ['images are refused, text is not', images, '/a/b', true],
  ['images are refused, nothing is said of text', 'User-Agent: *\nDisallow: *.jpg', '/a/b', undefined],
  ['all but web pages is refused', 'User-Agent: *\nDisallow: /\nAllow: *.html', '/a/b', true],
  ['a folder is refused', 'User-Agent: *\nDisallow: /private/', '/private/x', false],
  ['another is refused', 'User-Agent: GPTBot\nDisallow: /', '/a', undefined],
  ['we are refused', 'User-Agent: Orrery\nDisallow: /\nUser-Agent: *\nAllow: /', '/a', false],
  ['nothing', '', '/a', undefined],
  ['a page that answers everything', '<!doctype html>\nUser-Agent: *\nDisallow: /', '/a', undefined],
])('%s', (_, file, path, allowed) => expect(parseAiTxt(file, 'Orrery', 'http://h.example/ai.txt').allowsText(path)).toBe(allowed))
