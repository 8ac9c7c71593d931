import { describe, expect, test } from 'vitest'
import { replacePersonalData } from './personal-data.ts'

const clean = (text: string): string => replacePersonalData(text).text

test.each([
  ['Name ...... ada@lovelace.org', 'Name ...... [email]'],
  ['Ada Lovelace......ada@lovelace.org', 'Ada Lovelace......[email]'],
  ['.ada@lovelace.org, ada..l@lovelace.org', '.[email], ada..[email]'],
  ["o'hara@lovelace.ie 'ada@lovelace.org' -ada@lovelace.org", "[email] '[email]' -[email]"],
  ['ada.l+news_x@mail.lovelace.co.uk 1815@163.com', '[email] [email]'],
  ['jane\\_roe@lovelace.org \\*jane\\_r.roe@lovelace.org', '[email] \\*[email]'],
  ['мария@почта.рф jane@bücher.de jane@xn--bcher-kva.de', '[email] [email] [email]'],
  ['邮箱ada@lovelace.cn，或ada＠lovelace.jpまで 메일은 ada@lovelace.kr로', '邮箱[email]，或[email]まで 메일은 [email]로'],
  ['mailto:ada%40lovelace.org', 'mailto:[email]'],
  ['ada [at] lovelace [dot] org, ada(at)lovelace.org, ada {at} mail.lovelace.org', '[email], [email], [email]'],
  ['ada AT lovelace DOT org, ada.l at lovelace dot org, ada at gmail dot com', '[email], [email], [email]'],
  ['a@b@lovelace.org', 'a@[email]'],
  ['https://x:secret@lovelace.org/', 'https://x:[email]/'],
])('an address is replaced, and no more: %s', (text, expected) => expect(clean(text)).toBe(expected))

describe('no address is', () => {
  test.each([
    ['one with a dot at its end, or two', 'ada.@lovelace.org ada@lovelace..org ada@-lovelace.org ada@lovelace'],
    ['one of a house', 'root@db.internal pi@printer.local me@nas.home.arpa x@a.localdomain'],
    ['a package, a file, a repository', 'react@18.0.0-rc.one foo@1.2.3 @types/node icon@2x.png git@github.com:a/b.git ssh://git@github.com/a.git'],
    ['a handle or a place', 'https://medium.com/@ada/post https://maps.org/@52.52,13.40 @app.route'],
    ['prose with at and dot', 'look at the dot com bubble, at noon dot the i'],
    ['one spelled out of the reserved names', 'jane [at] example.org'],
  ])('%s', (_, text) => expect(clean(text)).toBe(text))
})
