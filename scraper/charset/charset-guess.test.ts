import { expect, test } from 'vitest'
import { likelyCharset } from './charset-guess.ts'
import { guessCharset } from './charset-kernel.ts'

const latin1 = (text: string) => Buffer.from(text, 'latin1')
const english = 'The minister said that the plans would cost the country more than anybody had thought. '

test.each([
  ['windows-1250', 'It comes to \xa34.50 a head.', 2],
  ['big5', 'Bake it at 180\xbaC for an hour.', 20],
  ['iso-8859-2', 'More \xbb', 2],
  ['iso-8859-4', 'That was na\xefve.', 2],
])('a text in plain letters is Western, though its few others are most like %s: %s', (charset, text, times) => {
  const bytes = latin1(`${text} ${english.repeat(times)}`)
  expect(guessCharset(bytes)).toBe(charset)
  expect(likelyCharset(bytes)).toBe('windows-1252')
})

test('markup and scripts are no text', () => {
  const polish = latin1('Wszyscy ludzie rodz\xb1 si\xea wolni i r\xf3wni pod wzgl\xeadem swej godno\xb6ci i swych praw.')
  const page = (text: Uint8Array) =>
    Buffer.concat([latin1(`<script>${'code '.repeat(2000)}</script><div class="${'name '.repeat(500)}">`), text, latin1('</div>')])
  expect(likelyCharset(page(polish))).toBe('iso-8859-2')
  expect(likelyCharset(page(latin1('Da\xdfel')))).toBe('windows-1252')
  expect(likelyCharset(Buffer.concat([latin1(`<p>${english}<![CDATA[`), polish, latin1(`]]></p>${english}`)]))).toBe('iso-8859-2')
})

test('text of another script among much that is plain stays what it is', () => {
  const korean = Uint8Array.of(0xb8, 0xf0, 0xb5, 0xe7, 0x20, 0xc0, 0xce, 0xb0, 0xa3, 0xc0, 0xba)
  expect(likelyCharset(Buffer.concat([latin1(english.repeat(6)), korean]))).toBe('euc-kr')
  expect(likelyCharset(latin1(`${english.repeat(40)}\x1b$B$9$Y$F\x1b(B`))).toBe('iso-2022-jp')
})

test('no markup makes it slow', () => {
  for (const piece of ['<', '<script', '<script></', '\xe9', '<!-- '])
    expect(likelyCharset(latin1(`\xe9${piece.repeat((1 << 20) / piece.length)}`))).toBeTypeOf('string')
})
