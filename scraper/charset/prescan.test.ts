import { describe, expect, test } from 'vitest'
import { declaredCharset, type Syntax } from './prescan.ts'

const declared = (markup: string, syntax: Syntax = 'html') => declaredCharset(Buffer.from(markup, 'latin1'), syntax)

describe('the charset that markup declares', () => {
  test.each([
    ['a charset attribute', '<meta charset="windows-1251">', 'windows-1251'],
    ['with white space, without quotes, in capitals', '<META\n\tCHARSET = Windows-1251 >', 'windows-1251'],
    ['a label that is an alias', "<meta charset=' latin1 '>", 'windows-1252'],
    ['the older form', '<meta http-equiv=Content-Type content="text/html; charset=koi8-r">', 'koi8-r'],
    ['the older form, the other way about', "<meta content='text/html;charset = \"euc-jp\"' http-equiv='CONTENT-TYPE'>", 'euc-jp'],
    ['the second that speaks of it', '<meta name=viewport content=x><meta charset=big5>', 'big5'],
    ['behind attributes of other tags', '<html data-x="<meta charset=koi8-r>" lang=de><meta charset=utf-8>', 'utf-8'],
    ['behind a comment', '<!-- <meta charset=koi8-r> --><meta charset=utf-8>', 'utf-8'],
    ['behind comments that end at once', '<!--><meta charset=utf-8>', 'utf-8'],
    ['behind a declaration, an instruction and a closing tag', '<!doctype html><?php x ?></p a="<meta charset=koi8-r>"><meta charset=utf-8>', 'utf-8'],
    ['a slash instead of white space', '<meta/charset=utf-8>', 'utf-8'],
    ['the first of two attributes', '<meta charset=big5 charset=utf-8>', 'big5'],
    ['UTF-16 that cannot be', '<meta charset=utf-16le>', 'utf-8'],
    ['x-user-defined', '<meta charset=x-user-defined>', 'windows-1252'],
    ['one that nobody knows, then another', '<meta charset=x-none><meta charset=big5>', 'big5'],
    ['an XML declaration', '<?xml version="1.0" encoding="ISO-8859-7"?><html>', 'iso-8859-7'],
    ['an XML declaration behind white space', "\r\n <?xml version='1.0' encoding='windows-1250' ?><rss>", 'windows-1250'],
    ['an XML declaration that cannot be', '<?xml version="1.0" encoding="UTF-16"?>', 'utf-8'],
    ['markup rather than the XML declaration', '<?xml version="1.0" encoding="koi8-r"?><meta charset=utf-8>', 'utf-8'],
    ['one after a long script that speaks of it', `<script>${'x'.repeat(5000)}</script><script>'<meta charset=koi8-r>'</script><meta charset=utf-8>`, 'utf-8'],
  ])('is read: %s', (_, markup, charset) => expect(declared(markup)).toBe(charset))

  test.each([
    ['a description that speaks of one', '<meta name="description" content="how to set charset=koi8-r">'],
    ['http-equiv of something else', '<meta http-equiv=refresh content="0; charset=koi8-r">'],
    ['content without http-equiv', '<meta content="text/html; charset=koi8-r">'],
    ['a comment that is not closed', '<!-- <meta charset=koi8-r>'],
    ['a quote that is not closed', '<p class="x><meta charset=koi8-r>'],
    ['another tag that begins so', '<metadata charset=koi8-r>'],
    ['text', 'charset=koi8-r &lt;meta charset=koi8-r>'],
    ['one behind the beginning of the body', `${' '.repeat(1200)}<body><meta charset=koi8-r>`],
    ['an XML declaration in the midst', 'x<?xml version="1.0" encoding="koi8-r"?>'],
    ['one that nobody knows', '<meta charset=x-none>'],
  ])('is not there: %s', (_, markup) => expect(declared(markup)).toBeUndefined())
})

test('XML declares its charset before a page does, and what is no page has no meta', () => {
  const both = '<?xml version="1.0" encoding="koi8-r"?><meta charset=utf-8>'
  expect(declared(both, 'xhtml')).toBe('koi8-r')
  expect(declared(both, 'other')).toBe('koi8-r')
  expect(declared('<meta charset=big5>', 'xhtml')).toBe('big5')
  expect(declared('<meta charset=big5>', 'other')).toBeUndefined()
})

test('no markup makes it slow', () => {
  const megabyte = 1 << 20
  for (const piece of ['<', '<meta ', '<!--', '<a b=', '<a b="', '< =', '<?xml encoding ', 'charset=', '<script>', '<meta content="charset'])
    expect(declared(piece.repeat(megabyte / piece.length))).toBeUndefined()
})
