import { expect, test } from 'vitest'
import { contentKind, type ContentKind } from './content-kind.ts'

const latin1 = (text: string) => Buffer.from(text, 'latin1')
const cases: [ContentKind, string, string | undefined, Uint8Array][] = [
  ['html', 'declared', 'text/html; charset=utf-8', latin1('hello')],
  ['html', 'declared nothing', undefined, latin1('  <!-- x --><!DOCTYPE html><p>')],
  ['html', 'declared without a border', 'text/html charset=utf-8', latin1('hello')],
  ['html', 'declared as what is no type', 'html', latin1('<p class=x>')],
  ['text', 'declared as what is no type', '"text/html"', latin1('hello')],
  ['html', 'declared unknown', 'unknown/unknown', latin1('<p class=x>')],
  ['html', 'XHTML behind a prolog', 'application/xml', latin1('<?xml version="1.0"?><html xmlns="x">')],
  ['html', 'with a byte order mark', undefined, Buffer.from('\ufeff<html>')],
  ['html', 'declared, in UTF-16', 'text/html', Buffer.from('\ufeff<html>', 'utf16le')],
  ['html', 'declared, in UTF-16 without a mark', 'text/html', Buffer.from('<html>', 'utf16le').swap16()],
  ['html', 'declared nothing, in UTF-16', undefined, Buffer.from('\ufeff<html>', 'utf16le')],
  ['sitemap', 'in UTF-16', 'text/xml', Buffer.from('<?xml version="1.0"?><urlset>東京', 'utf16le')],
  ['text', 'markup meant to be shown', 'text/plain', latin1('<html>')],
  ['text', 'nothing known of it', undefined, latin1('hello')],
  ['feed', 'RSS declared as HTML', 'text/html', latin1('<?xml version="1.0"?>\n<rss version="2.0">')],
  ['feed', 'RSS declared as HTML, without an XML declaration', 'text/html', latin1('<!-- x -->\n<rss version="2.0">')],
  ['feed', 'Atom that nothing is declared of', undefined, latin1('<feed xmlns="http://www.w3.org/2005/Atom">')],
  ['feed', 'JSON Feed that nothing is declared of', undefined, latin1('{"version":"https://jsonfeed.org/version/1"')],
  ['html', 'a page whose first tag is another', 'text/html', latin1('<feedback><rss>')],
  ['feed', 'Atom declared as XML', 'application/xml', latin1('<?xml version="1.0"?><!-- c --><feed xmlns="http://www.w3.org/2005/Atom">')],
  ['feed', 'RSS 1.0', 'text/xml', latin1('<rdf:RDF xmlns:rdf="x">')],
  ['feed', 'declared', 'application/rss+xml', latin1('<x>')],
  ['sitemap', 'declared as text', 'text/plain', latin1('<?xml version="1.0"?><urlset>')],
  ['sitemap', 'an index', 'application/xml', latin1('<sitemapindex>')],
  ['xml', 'declared', 'image/svg+xml', latin1('<svg>')],
  ['json', 'declared', 'application/json', latin1('{}')],
  ['feed', 'JSON Feed, by its version', 'application/json', latin1('{ "title": "x", "version": "https:\\/\\/jsonfeed.org\\/version\\/1.1"')],
  ['feed', 'JSON Feed, declared', 'application/feed+json', latin1('{}')],
  ['pdf', 'declared as HTML', 'text/html', latin1('%PDF-1.7')],
  ['image', 'PNG', 'text/html', latin1('\x89PNG\r\n\x1a\n')],
  ['image', 'JPEG', undefined, latin1('\xff\xd8\xff\xe0')],
  ['image', 'declared', 'image/x-new', latin1('....')],
  ['media', 'MP4', 'text/html', latin1('\0\0\0\x18ftypmp42')],
  ['gzip', 'a file that was packed twice', 'text/html', latin1('\x1f\x8b\x08\0')],
  ['archive', 'ZIP', 'application/octet-stream', latin1('PK\x03\x04')],
  ['font', 'WOFF2', undefined, latin1('wOF2')],
  ['binary', 'bytes that text has not', 'text/html', latin1('<p>\x01\x02')],
  ['binary', 'declared as bytes', 'application/octet-stream', Buffer.alloc(100, 255)],
  ['binary', 'a program', undefined, latin1('\x7fELF')],
  ['empty', 'nothing', 'text/html', new Uint8Array()],
]

test.each(cases)('%s: %s', (kind, _, contentType, body) => expect(contentKind(body, contentType)).toBe(kind))

test('looks at the beginning only', () => expect(contentKind(latin1('x'.repeat(2000) + '\0'), 'text/html')).toBe('html'))

test('no beginning makes it slow', () => {
  for (const text of ['<!---->'.repeat(200), '<!--'.repeat(300), '<?x?>'.repeat(250), '<!doctype [ ] '.repeat(100)])
    expect(contentKind(latin1(`<?xml ?>${text}`), undefined)).toBe('xml')
})
