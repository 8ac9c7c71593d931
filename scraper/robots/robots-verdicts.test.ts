import { describe, expect, test } from 'vitest'
import { parseRobots } from './robots-txt.ts'

/** What a file lets an agent ask for and what not, by path. */
interface Verdicts {
  file: readonly string[]
  agent?: string
  open?: readonly string[]
  closed?: readonly string[]
}

const lineChars = 2083 * 8
const long = (rule: string, letter: string) => `/x/${letter.repeat(lineChars - rule.length - '/x/'.length - 1)}`
const bot = 'user-agent: FooBot'

/** The verdicts that Google's parser is tested by (github.com/google/robotstxt, robots_test.cc), all but one: see below. */
const verdicts: Readonly<Record<string, readonly Verdicts[]>> = {
  'an agent or a file that says nothing': [
    { file: [], open: ['/'] },
    { file: [], agent: '', open: ['/'] },
    { file: [bot, 'disallow: /'], agent: '', open: ['/'] },
    { file: [bot, 'disallow: /'], closed: ['/'] },
  ],
  'the colon, which some forget': [
    { file: [bot, 'disallow: /'], closed: ['/x/y'] },
    { file: ['foo: FooBot', 'bar: /'], open: ['/x/y'] },
    { file: ['user-agent FooBot', 'disallow /'], closed: ['/x/y'] },
  ],
  'groups: those of one name are one, and what stands before them is nobody’s': ['FooBot', 'BarBot', 'BazBot'].map((agent) => ({
    agent,
    file: `allow: /foo/bar/||${bot}|disallow: /|allow: /x/|user-agent: BarBot|disallow: /|allow: /y/|||allow: /w/|user-agent: BazBot||${bot}|allow: /z/|disallow: /`.split(
      '|',
    ),
    open: { FooBot: ['/x/b', '/z/d'], BarBot: ['/y/c', '/w/a'], BazBot: ['/z/d'] }[agent] ?? [],
    closed: { FooBot: ['/y/c', '/foo/bar/'], BarBot: ['/z/d', '/foo/bar/'], BazBot: ['/foo/bar/'] }[agent] ?? [],
  })),
  'names of rules in any case': [
    { file: ['USER-AGENT: FooBot', 'ALLOW: /x/', 'DISALLOW: /'], open: ['/x/y'], closed: ['/a/b'] },
    { file: [bot, 'allow: /x/', 'disallow: /'], open: ['/x/y'], closed: ['/a/b'] },
    { file: ['uSeR-aGeNt: FooBot', 'AlLoW: /x/', 'dIsAlLoW: /'], open: ['/x/y'], closed: ['/a/b'] },
  ],
  'names of agents in any case, as far as their first space': ['FOO BAR', 'foo bar', 'FoO bAr'].flatMap((name) =>
    ['Foo', 'foo'].map((agent) => ({ agent, file: [`User-Agent: ${name}`, 'Allow: /x/', 'Disallow: /'], open: ['/x/y'], closed: ['/a/b'] })),
  ),
  'a name with a space is that of nobody': [
    { agent: 'Foo', file: ['User-Agent: *', 'Disallow: /', 'User-Agent: Foo Bar', 'Allow: /x/', 'Disallow: /'], open: ['/x/y'] },
    { agent: 'Foo Bar', file: ['User-Agent: *', 'Disallow: /', 'User-Agent: Foo Bar', 'Allow: /x/', 'Disallow: /'], closed: ['/x/y'] },
  ],
  'the group for all is for those who have none': [
    { file: [''], open: ['/x/y'] },
    { file: ['user-agent: *', 'allow: /', bot, 'disallow: /'], closed: ['/x/y'] },
    { file: ['user-agent: *', 'allow: /', bot, 'disallow: /'], agent: 'BarBot', open: ['/x/y'] },
    { file: [bot, 'allow: /', 'user-agent: BarBot', 'disallow: /', 'user-agent: BazBot', 'disallow: /'], agent: 'QuxBot', open: ['/x/y'] },
  ],
  'the case of a path': [
    { file: [bot, 'disallow: /x/'], closed: ['/x/y'] },
    { file: [bot, 'disallow: /X/'], open: ['/x/y'] },
  ],
  'the longest match, and of equals the one that allows': [
    { file: [bot, 'disallow: /x/page.html', 'allow: /x/'], closed: ['/x/page.html'] },
    { file: [bot, 'allow: /x/page.html', 'disallow: /x/'], open: ['/x/page.html'], closed: ['/x/'] },
    { file: [bot, 'disallow: ', 'allow: '], open: ['/x/page.html'] },
    { file: [bot, 'disallow: /', 'allow: /'], open: ['/x/page.html'] },
    { file: [bot, 'disallow: /x', 'allow: /x/'], open: ['/x/'], closed: ['/x'] },
    { file: [bot, 'disallow: /x/page.html', 'allow: /x/page.html'], open: ['/x/page.html'] },
    { file: [bot, 'allow: /page', 'disallow: /*.html'], open: ['/page'], closed: ['/page.html'] },
    { file: [bot, 'allow: /x/page.', 'disallow: /*.html'], open: ['/x/page.html'], closed: ['/x/y.html'] },
    { file: ['User-agent: *', 'Disallow: /x/', bot, 'Disallow: /y/'], open: ['/x/page'], closed: ['/y/page'] },
  ],
  encoding: [
    { file: [bot, 'Disallow: /', 'Allow: /foo/bar?qux=taz&baz=http://foo.bar?tar&par'], open: ['/foo/bar?qux=taz&baz=http://foo.bar?tar&par'] },
    { file: [bot, 'Disallow: /', 'Allow: /foo/bar/ツ'], open: ['/foo/bar/%E3%83%84'], closed: ['/foo/bar/ツ'] },
    { file: [bot, 'Disallow: /', 'Allow: /foo/bar/%E3%83%84'], open: ['/foo/bar/%E3%83%84'], closed: ['/foo/bar/ツ'] },
    { file: [bot, 'Disallow: /', 'Allow: /foo/bar/%62%61%7A'], open: ['/foo/bar/%62%61%7A'] },
  ],
  'characters that mean something': [
    { file: [bot, 'Disallow: /foo/bar/quz', 'Allow: /foo/*/qux'], open: ['/foo/quz', '/foo//quz', '/foo/bax/quz'], closed: ['/foo/bar/quz'] },
    { file: [bot, 'Disallow: /foo/bar$', 'Allow: /foo/bar/qux'], open: ['/foo/bar/qux', '/foo/bar/', '/foo/bar/baz'], closed: ['/foo/bar'] },
    { file: [bot, '# Disallow: /', 'Disallow: /foo/quz#qux', 'Allow: /'], open: ['/foo/bar'], closed: ['/foo/quz'] },
  ],
  'index.html is its folder, where it is allowed': [
    {
      file: ['User-Agent: *', 'Allow: /allowed-slash/index.html', 'Disallow: /'],
      open: ['/allowed-slash/', '/allowed-slash/index.html'],
      closed: ['/allowed-slash/index.htm', '/anyother-url'],
    },
  ],
  'a line counts as far as eight long URLs': [
    { file: [bot, `disallow: ${long('disallow: ', 'a')}/qux`], open: ['/fux'], closed: [`${long('disallow: ', 'a')}/fux`] },
    {
      file: [bot, 'disallow: /', `allow: ${long('allow: ', 'a')}/qux`, `allow: ${long('allow: ', 'b')}/qux`],
      open: [`${long('allow: ', 'a')}/qux`, `${long('allow: ', 'b')}/fux`],
      closed: ['/'],
    },
  ],
  'the examples of Google’s documentation': [
    ...['/fish', '/fish*'].map((rule) => ({
      file: [bot, 'disallow: /', `allow: ${rule}`],
      open: ['/fish', '/fish.html', '/fish/salmon.html', '/fishheads', '/fishheads/yummy.html', '/fish.html?id=anything'],
      closed: ['/bar', '/Fish.asp', '/catfish', '/?id=fish'],
    })),
    {
      file: [bot, 'disallow: /', 'allow: /fish/'],
      open: ['/fish/', '/fish/salmon', '/fish/?salmon', '/fish/salmon.html', '/fish/?id=anything'],
      closed: ['/bar', '/fish', '/fish.html', '/Fish/Salmon.html'],
    },
    {
      file: [bot, 'disallow: /', 'allow: /*.php'],
      open: [
        '/filename.php',
        '/folder/filename.php',
        '/folder/filename.php?parameters',
        '//folder/any.php.file.html',
        '/filename.php/',
        '/index?f=filename.php/',
      ],
      closed: ['/bar', '/php/', '/index?php', '/windows.PHP'],
    },
    {
      file: [bot, 'disallow: /', 'allow: /*.php$'],
      open: ['/filename.php', '/folder/filename.php'],
      closed: ['/bar', '/filename.php?parameters', '/filename.php/', '/filename.php5', '/php/', '/filename?php', '/aaaphpaaa', '//windows.PHP'],
    },
    { file: [bot, 'disallow: /', 'allow: /fish*.php'], open: ['/fish.php', '/fishheads/catfish.php?parameters'], closed: ['/bar', '/Fish.PHP'] },
    { file: [bot, 'allow: /p', 'disallow: /'], open: ['/page'] },
    { file: [bot, 'allow: /folder', 'disallow: /folder'], open: ['/folder/page'] },
    { file: [bot, 'allow: /page', 'disallow: /*.htm'], closed: ['/page.htm'] },
    { file: [bot, 'allow: /$', 'disallow: /'], open: ['/'], closed: ['/page.html'] },
  ],
}

describe.each(Object.entries(verdicts))('%s', (_, cases) => {
  test.each(cases)('$file', ({ file, agent = 'FooBot', open = [], closed = [] }) => {
    const { allows } = parseRobots(file.join('\n'), agent, 'http://shop.example/robots.txt')
    expect({ open: open.filter(allows), closed: closed.filter((path) => !allows(path)) }).toEqual({ open, closed })
  })
})

test('unlike Google’s parser, what need not be encoded is compared as if it were not, in the rule and in the URL (RFC 9309 §2.2.2)', () => {
  const { allows } = parseRobots('User-agent: *\nDisallow: /\nAllow: /a/%62%61%7A', 'FooBot', 'http://shop.example/robots.txt')
  expect(['/a/baz', '/a/ba'].map(allows)).toEqual([true, false])
})
