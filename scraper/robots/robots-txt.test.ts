import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { atOnce } from './in-turns.ts'
import { robotsText } from './robots-lines.ts'
import { parseRobots, readRobots, robotsBytesMax, robotsRules } from './robots-txt.ts'

const rules = (text: string) => parseRobots(text, 'Orrery', 'http://h.example/robots.txt')
const regExp = (pattern: string) => new RegExp(`^${pattern.replaceAll('*', '.*').replace(/\$$/, '(?![^])')}`)
const lines = (...parts: string[]) => parts.join('\n')
const letters = (i: number) => i.toString(2).replaceAll('0', 'a').replaceAll('1', 'b')

/** As many whole lines as are read. */
function file(line: (i: number) => string): string {
  let text = 'User-agent: *\n'
  for (let i = 0; text.length + line(i).length < robotsBytesMax; i++) text += `${line(i)}\n`
  return text
}

describe('RFC 9309', () => {
  test.each([
    ['§2.1 user-agent lines in a row share a group', 'User-agent: other\nUser-agent: orrery\nDisallow: /a', '/a', false],
    ['§2.1 a rule closes the list of names', 'User-agent: other\nDisallow: /a\nUser-agent: orrery\nDisallow: /b', '/a', true],
    ['§2.1 blank lines and comments separate nothing', 'User-agent: orrery\n\n# x\n\nDisallow: /a', '/a', false],
    ['§2.1 rules before any group belong to nobody', 'Disallow: /a\nUser-agent: *\nDisallow: /b', '/a', true],
    ['§2.2 line ends are CR, LF or both', 'User-agent: *\rDisallow: /a\r\nDisallow: /b', '/b', false],
    ['§2.2 directives in any case, with white space around', '  uSeR-AgEnT :\t*  \n DISALLOW :  /a ', '/a', false],
    ['§2.2 a byte order mark is no part of the first line', '\uFEFFUser-agent: *\nDisallow: /a', '/a', false],
    ['§2.2.1 our token in any case', 'User-agent: *\nAllow: /\nUser-agent: oRRERy\nDisallow: /', '/a', false],
    ['§2.2.1 with a version behind it', 'User-agent: Orrery/2.0 (x)\nDisallow: /', '/a', false],
    ['§2.2.1 a token that only begins like ours is another', 'User-agent: OrreryNews\nDisallow: /', '/a', true],
    ['§2.2.1 groups that name us count as one', 'User-agent: orrery\nDisallow: /a\nUser-agent: x\nDisallow: /c\nUser-agent: orrery\nDisallow: /b', '/b', false],
    ['§2.2.1 our own group replaces the one for all', 'User-agent: *\nDisallow: /\nUser-agent: orrery\nDisallow: /a', '/x', true],
    ['§2.2.1 groups for all count as one, too', 'User-agent: *\nDisallow: /a\nUser-agent: *\nDisallow: /b', '/a', false],
    ['§2.2.1 neither us nor all named: all is allowed', 'User-agent: other\nDisallow: /', '/a', true],
    ['§2.2.2 nothing said: allowed', '', '/a', true],
    ['§2.2.2 a pattern matches from the start of the path', 'User-agent: *\nDisallow: /private', '/a/private', true],
    ['§2.2.2 and as a prefix', 'User-agent: *\nDisallow: /private', '/private/x', false],
    ['§2.2.2 in the case it has', 'User-agent: *\nDisallow: /Private', '/private', true],
    ['§2.2.2 the most octets decide', 'User-agent: *\nDisallow: /\nAllow: /open/', '/open/x', true],
    ['§2.2.2 in any order of lines', 'User-agent: *\nAllow: /open/\nDisallow: /\nDisallow: /open/not', '/open/not', false],
    ['§2.2.2 allow between equals', 'User-agent: *\nDisallow: /page\nAllow: /page', '/page', true],
    ['§2.2.2 an empty pattern forbids nothing', 'User-agent: *\nDisallow:', '/x', true],
    ['§2.2.2 the file itself is allowed', 'User-agent: *\nDisallow: /', '/robots.txt', true],
    ['§2.2.2 the query is part of it', 'User-agent: *\nDisallow: /a?b=quz', '/a?b=quz', false],
    ['§2.2.2 octets beyond ASCII are encoded', 'User-agent: *\nDisallow: /foo/bar/\u30c4', '/foo/bar/%E3%83%84', false],
    ['§2.2.2 on both sides', 'User-agent: *\nDisallow: /caf%c3%a9', '/café', false],
    ['§2.2.2 unreserved ones are not', 'User-agent: *\nDisallow: /foo/bar/%62%61%7A', '/foo/bar/baz', false],
    ['§2.2.2 reserved ones of a query are the same either way', 'User-agent: *\nDisallow: /a?b=https://foo.bar', '/a?b=https%3A%2F%2Ffoo.bar', false],
    ['§2.2.2 an encoded slash is no slash in a path', 'User-agent: *\nDisallow: /a/b', '/a%2Fb', true],
    ['§2.2.3 "#" begins a comment', 'User-agent: * # all\nDisallow: /x # not this', '/x', false],
    ['§2.2.3 "*" is any run', 'User-agent: *\nDisallow: /*.gif', '/a/b.gif?x', false],
    ['§2.2.3 an empty one, too', 'User-agent: *\nDisallow: /a*b', '/ab', false],
    ['§2.2.3 several', 'User-agent: *\nDisallow: /a*b*c', '/a1b2c3', false],
    ['§2.2.3 "$" is the end', 'User-agent: *\nDisallow: /*.gif$', '/b.gif?x', true],
    ['§2.2.3 met', 'User-agent: *\nDisallow: /*.gif$', '/b.gif', false],
    ['§2.2.3 a tail may not overlap', 'User-agent: *\nDisallow: /ab*ba$', '/aba', true],
    ['§2.2.3 "$" elsewhere is itself', 'User-agent: *\nDisallow: /a$b', '/a$b/c', false],
    ['§2.2.3 an encoded star is a star', 'User-agent: *\nDisallow: /a-%2A.html', '/a-*.html', false],
    ['§2.2.3 and no wildcard', 'User-agent: *\nDisallow: /a-%2A.html', '/a-x.html', true],
    ['§2.2.3 an encoded dollar is a dollar', 'User-agent: *\nDisallow: /foo-%24', '/foo-$x', false],
    ['§2.2.4 other records do not interfere', 'User-agent: orrery\nSitemap: /s.xml\nCrawl-delay: 1\nUser-agent: other\nDisallow: /a', '/a', false],
    ['§2.3.1.5 lines that are none are passed over', 'User-agent: *\n\u0000???\nDisallow here /x\n: /y\nDisallow: /a', '/a', false],
  ])('%s', (_, text, path, allowed) => expect(rules(text).allows(path)).toBe(allowed))

  test('§2.2.2 of all patterns that match, one with the most octets decides', () => {
    const end = fc.constantFrom('', '', '$')
    const start = fc.constantFrom('/', '/', '*')
    const middle = fc.array(fc.constantFrom('a', 'b', '/', '*'), { maxLength: 7 })
    const pattern = fc.tuple(start, middle, end).map(([first, parts, last]) => first + parts.join('') + last)
    // Long enough for more than one word of places.
    const path = fc.array(fc.constantFrom('a', 'b', '/', 'abab'), { maxLength: 40 }).map((parts) => `/${parts.join('')}`)
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.boolean(), pattern), { maxLength: 20 }), path, (list, path) => {
        const matching = list.filter(([, text]) => regExp(text).test(path))
        const longest = Math.max(...matching.map(([, text]) => text.length))
        const expected = matching.length === 0 || matching.some(([allow, text]) => allow && text.length === longest)
        const text = lines('User-agent: *', ...list.map(([allow, text]) => `${allow ? 'Allow' : 'Disallow'}: ${text}`))
        expect(rules(text).allows(path)).toBe(expected)
      }),
      { numRuns: 1000 },
    )
  })

  test('a pattern of many stars is not a trap, and no text is an error', () => {
    expect(rules(`User-agent: *\nDisallow: /${'*a'.repeat(2000)}$`).allows(`/${'a'.repeat(2000)}b`)).toBe(true)
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), fc.string(), (text, path) => typeof rules(`User-agent:*\n${text}`).allows(path) === 'boolean'),
    )
  })
})

const encoded = (letter: string) => Array.from(Buffer.from(letter), (octet) => `%${octet.toString(16).padStart(2, '0')}`).join('')
const plain = (list: [string, boolean][]) => list.map(([letter]) => letter).join('')

/** As a browser resolves a link and sends it. */
function sent(link: string): string {
  const { pathname, search } = new URL(link, 'http://h.example/')
  return pathname + search
}

describe('§2.2.2 a rule and a URL are compared after one encoding', () => {
  test.each([
    ['/list?f[0]=', '/list?f[0]=colour'],
    ['/list?f[0]=', '/list?f%5b0%5D=colour'],
    ['/list?f%5B0%5D=', '/list?f[0]=colour'],
    ['/*?*f[', '/list?page=2&f%5B1%5D=x'],
    ['/a|b', '/a|b/c'],
    ['/a|b', '/a%7Cb/c'],
    ['/out<tpl>', '/out<tpl>/x'],
    ['/*{{', '/p/{{item.url}}'],
    ['/%7B%7B', '/{{item.url}}'],
    ['/a^b', '/a^b'],
    ['/a^b', '/a%5Eb'],
    ['/a`b', '/a`b'],
    ['/say"no"', '/say"no"'],
    ['/?q="', '/?q="x"'],
    ["/?q='", "/?q='x'"],
    ['/my page', '/my page/x'],
    ['/my%20page', '/my page'],
    ['/c:\\temp', '/c:%5Ctemp'],
    ['/wiki/Special:Search', '/wiki/Special%3ASearch?x'],
    ['/wiki/Special%3ASearch', '/wiki/Special:Search'],
    ['/~joe', '/%7Ejoe'],
    ['/%7ejoe', '/~joe'],
    ['/a(b)', '/a%28b%29'],
    ['/sale-50%-off/', '/sale-50%-off/shoes'],
    ['/sale-50%-off/', '/sale-50%25-off/shoes'],
    ['/%u011f', '/%u011fx'],
    ['/100%', '/100%'],
    ['/caf\u00e9', '/caf%c3%a9'],
    ['/%e9t%E9', '/%E9t%e9'],
    ['/?u=http://x/', '/?u=http%3A%2F%2Fx%2F'],
    ['/?u=http%3a%2f%2fx', '/?u=http://x'],
    ['*u=%2Fa', '/?u=%2Fa'],
    ['*u=/a', '/?u=%2Fa'],
    ['/*?sort=', '/list?sort=price&page=2'],
    ['/forum/index.php?topic=*&prev_next', '/forum/index.php?topic=12.0&prev_next=prev&amp=1'],
  ])('Disallow: %s closes %s', (pattern, link) => expect(rules(`User-agent: *\nDisallow: ${pattern}`).allows(sent(link))).toBe(false))

  test.each([
    ['/a/b', '/a%2Fb'],
    ['/a?b', '/a%3Fb'],
    ['/?a=1&b', '/?a=1%26b'],
    ['/?q=a+b', '/?q=a%2Bb'],
    ['/a;b', '/a%3Bb'],
    ['/a%2Ab', '/axb'],
    ['/caf\u00e9', '/caf%E9'],
    ['/*?replytocom=', '/post/?cpage=2&replytocom=44'],
  ])('Disallow: %s does not close %s: encoded, it means another thing', (pattern, link) => {
    expect(rules(`User-agent: *\nDisallow: ${pattern}`).allows(sent(link))).toBe(true)
  })

  test('whoever encoded what', () => {
    // No "-": a rule closes whatever begins with it, and each ends in one.
    const character = fc.constantFrom(...'abz09._~!"\'(),:<>@[]^`{|}\u00e9\u4e2d ')
    const parts = fc.array(fc.tuple(character, fc.boolean()), { minLength: 1, maxLength: 12 })
    fc.assert(
      fc.property(parts, parts, fc.constantFrom('/', '/?q='), (rule, link, start) => {
        const spelt = (list: [string, boolean][]) => `${start}-${list.map(([letter, isEncoded]) => (isEncoded ? encoded(letter) : letter)).join('')}-`
        expect(rules(`User-agent: *\nDisallow: ${spelt(rule)}`).allows(sent(spelt(link)))).toBe(plain(rule) !== plain(link))
        expect(rules(`User-agent: *\nDisallow: ${spelt(rule)}`).allows(sent(spelt(rule.map(([letter, is]) => [letter, !is]))))).toBe(false)
      }),
    )
  })
})

describe('what was meant is read as Google’s parser reads it', () => {
  test.each([
    ['User-agent: *WordPress*\nDisallow: /', true],
    ['User-agent: *\nDisallow: /private/\n\nUser-agent: *bot*\nDisallow: /', true],
    ['User-agent: * everybody\nDisallow: /', false],
    ['User-agent: *\u00a0\nDisallow: /', true],
    ['user-agent orrery\ndisallow: /', false],
    ['User-agent\t*\nDisallow   /a', false],
    ['User-agent: *\nDisallow /b /a', true],
    ['Useragent: *\nDisallow: /', false],
    ['User agent: *\nDisallow: /', false],
    ['User-agents: *\nDisallow: /', false],
    ['User-agent: *\nDisalow: /', false],
    ['User-agent: *\nDissallow: /', false],
    ['User-agent: *\nDissalow: /', false],
    ['User-agent: *\nDiasllow: /', false],
    ['User-agent: *\nDisallaw: /', false],
    ['User-agent: *\nDisallowed: /', false],
    ['User-agent: *\nNoindex: /', true],
    ['User-agent: *\nDisallow: /x/index.html\nDisallow: /\nAllow: /a/index.html', true],
    ['<HTML><BODY>\nUser-agent: *<BR>\nDisallow: /<BR>\n</BODY></HTML>', false],
    ['<pre>User-agent: *<br />Disallow: /</pre>', false],
    ['<table><tr><td>User-agent: *</td></tr><tr><td>Disallow: /</td></tr></table>', false],
    ['<font face="Arial"><span>User-agent: *</span><br><span>Disallow: /</span></font>', false],
    ['<p>User-agent: *</p><p class="x">Disallow: /</p>', false],
    ['User-agent: *\r\rDisallow: /', false],
  ])('%j opens /a/: %s', (text, allowed) => expect(rules(text).allows('/a/')).toBe(allowed))

  test('a site map by its misspelt name', () => {
    expect(rules('Site-map: /a.xml\nsite map: /b.xml\nSitemap /c.xml').sitemaps).toEqual(
      ['a', 'b', 'c'].map((name) => ({ url: `http://h.example/${name}.xml` })),
    )
  })
})

const fileOf = (octets: (string | number)[]) =>
  rules(robotsText(Buffer.concat(octets.map((part) => (typeof part === 'string' ? Buffer.from(part) : Buffer.of(part))))))

describe('the octets of a file', () => {
  test.each([
    ['UTF-8', ['User-agent: *\nDisallow: /caf\u00e9'], '/caf%C3%A9'],
    ['Latin-1, as the URLs of the site have it', ['User-agent: *\nDisallow: /caf', 0xe9], '/caf%E9'],
    ['a byte order mark', ['\uFEFFUser-agent: *\nDisallow: /'], '/'],
    ['the first octet of one', [0xef, 'User-agent: *\nDisallow: /'], '/'],
    ['two of them', [0xef, 0xbb, 'User-agent: *\nDisallow: /'], '/'],
    ['cut within a letter', ['User-agent: *\nDisallow: /caf\u00e9\nDisallow: /x', 0xc3], '/caf%C3%A9'],
  ])('%s', (_, octets, path) => expect(fileOf(octets).allows(path)).toBe(false))

  test.each([
    ['utf16le', '\uFEFF'],
    ['utf16le', ''],
    ['utf-16be', '\uFEFF'],
    ['utf-16be', ''],
  ])('%s is told by its byte order mark, or without one: %j', (encoding, mark) => {
    const octets = Buffer.from(`${mark}User-agent: *\nDisallow: /`, 'utf16le')
    expect(rules(robotsText(encoding === 'utf16le' ? octets : octets.swap16())).allows('/')).toBe(false)
  })
})

describe('a file of 500 KiB', () => {
  test.each<[string, (i: number) => string, string, boolean]>([
    ['rules of a few octets', (i) => `Allow:/${i}`, '/77777/x', true],
    ['long ones', (i) => `Disallow: /${i}${'x'.repeat(4000)}`, `/9${'x'.repeat(4000)}/y`, false],
    ['stars and what they share', (i) => `Disallow:*${letters(i)}c`, `/${'ab'.repeat(1000)}`, true],
    ['stars and what they share, met', (i) => `Disallow:*${letters(i)}`, `/${'ab'.repeat(1000)}`, false],
    ['more and more stars', (i) => `Disallow:/${'*a'.repeat(i % 2000)}b$`, `/${'a'.repeat(2000)}`, true],
    ['letters beyond ASCII', (i) => `Disallow: /${'\u00e9 \u4e2d'.repeat(9)}${i}`, `/${'%C3%A9%20%e4%b8%ad'.repeat(9)}7/x`, false],
    ['the same rule', () => 'Disallow:/*a*b', '/xaxb', false],
    ['nothing', () => '', '/', true],
    ['white space', () => ' '.repeat(4090), '/', true],
    ['other agents', (i) => `User-agent:x${letters(i)}`, '/', true],
    ['preferences that are none', (i) => `Content-Signal: ${'a'.repeat(4000)}${i}`, '/', true],
  ])('of %s is matched as any other and takes no more memory than itself', (_, line, path, allowed) => {
    const text = file(line)
    const { allows, bytes } = rules(text)
    expect(allows(path)).toBe(allowed)
    expect(bytes).toBeLessThan(1.2 * Buffer.byteLength(text))
  })

  test('repeats nothing that is said twice', () => expect(rules(file(() => 'Disallow: /a*b$')).bytes).toBeLessThan(2000))
})

test('what was read goes from thread to thread', () => {
  const { allows, crawlDelayMs, sitemaps } = robotsRules(
    structuredClone(atOnce(readRobots('User-agent: *\nCrawl-delay: 2\nDisallow: /a\nAllow: /a/b\nSitemap: /s.xml', 'orrery', 'http://h.example/robots.txt'))),
  )
  expect([allows('/a'), allows('/a/b'), crawlDelayMs, sitemaps]).toEqual([false, true, 2000, [{ url: 'http://h.example/s.xml' }]])
})

test('what is encoded counts as many octets as it has, and is as long as it is written', () => {
  const text = lines('User-agent: *', 'Disallow: /\u00e9\u00e9*', 'Allow: /*aaaaaaaaaa')
  expect(rules(text).allows('/\u00e9\u00e9aaaaaaaaaa')).toBe(false)
  expect(rules(text).allows('/xaaaaaaaaaa')).toBe(true)
})

test('an address longer than that of any page is allowed only where nothing is forbidden', () => {
  const path = `/${'a'.repeat(20_000)}`
  expect([rules('User-agent: *\nDisallow: /b').allows(path), rules('User-agent: other\nDisallow: /').allows(path)]).toEqual([false, true])
})

describe('beside the RFC', () => {
  test.each([
    ['2.5', 2500],
    ['0', 0],
    ['99999', 300_000],
    ['-1', undefined],
    ['soon', undefined],
    ['', undefined],
  ])('Crawl-delay: %s', (value, delayMs) => expect(rules(`User-agent: *\nCrawl-delay: ${value}\nDisallow: /x`).crawlDelayMs).toBe(delayMs))

  test('a delay is for those who were named above it', () => {
    const text = lines('User-agent: slow', 'Crawl-delay: 10', 'User-agent: *', 'Disallow: /x')
    expect(rules(text).crawlDelayMs).toBeUndefined()
    expect(parseRobots(text, 'slow', 'http://h.example/').crawlDelayMs).toBe(10_000)
  })

  test('a sitemap is asked for as it is named', () => {
    const { sitemaps } = rules('Sitemap: /s.php?type=page&part=1\nSitemap: /s.php?part=1&type=page')
    expect(sitemaps).toEqual([{ url: 'http://h.example/s.php?part=1&type=page', asked: 'http://h.example/s.php?type=page&part=1' }])
  })

  test('sitemaps are found anywhere', () => {
    const { sitemaps } = rules(lines('Sitemap: http://h.example/a.xml', 'User-agent: *', 'Sitemap: /b.xml', 'Disallow: /x', 'sitemap: http://h.example/a.xml'))
    expect(sitemaps).toEqual([{ url: 'http://h.example/a.xml' }, { url: 'http://h.example/b.xml' }])
  })
})
