import { expect, test } from 'vitest'
import { canonicalHost } from './host-name.ts'

test.each([
  ['HOST1.EXAMPLE', 'host1.example'],
  ['host1.example.', 'host1.example'],
  [' host1.example:', 'host1.example'],
  ['host1.example:0080', 'host1.example'],
  ['host1.example.:8080', 'host1.example:8080'],
  ['https://HOST1.example.:443/a?b#c', 'host1.example'],
  ['http://host1.example:443/', 'host1.example:443'],
  ['//host1.example/', 'host1.example'],
  ['MÜNCHEN.de', 'xn--mnchen-3ya.de'],
  ['XN--MNCHEN-3YA.DE', 'xn--mnchen-3ya.de'],
  ['mu\u0308nchen.de', 'xn--mnchen-3ya.de'],
  ['host1。example', 'host1.example'],
  ['ｈｏｓｔ1.example', 'host1.example'],
  ['127.1', '127.0.0.1'],
  ['[2001:DB8:0::1]:8080', '[2001:db8::1]:8080'],
  ['2001:DB8::1', '[2001:db8::1]'],
  ['::ffff:1.2.3.4', '[::ffff:102:304]'],
])('%j is %s', (typed, expected) => {
  expect(canonicalHost(typed)).toBe(expected)
})

test.each(['', ' ', '.', 'no host', 'host1.example:99999', 'host1.example:x', '[::1', ':::', 'http://', 'a\0b', 'user@host1.example'])(
  '%j is none',
  (typed) => {
    expect(canonicalHost(typed)).toBeUndefined()
  },
)
