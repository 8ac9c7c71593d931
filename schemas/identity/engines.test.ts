import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { kindsOfUnits, unicodeVersion } from './unicode.ts'

/** Other releases of Node, as paths with colons between; what they know of Unicode differs. */
const others = process.env['OTHER_NODES']?.split(':') ?? []
if (others.length === 0) console.warn('identity is held against its vectors by this Node alone: name others in OTHER_NODES, with colons between')

const vectors = JSON.parse(readFileSync(new URL('vectors.json', import.meta.url), 'utf8')) as {
  every_code_point: string
  canonical_url: { url: string; base?: string; canonical: string | null }[]
  content_id: { text: string; id: string }[]
  minhash: { text?: string; repeat?: number; signature_sha256: string }[]
}

/** Says what it makes of the vectors, of every code point, and how each UTF-16 code unit counts by its own tables. */
const program = `
  import { createHash } from 'node:crypto'
  import { readFileSync } from 'node:fs'
  const [{ canonicalUrl }, { contentId }, { minhash }] = await Promise.all(['canonical-url', 'content-id', 'minhash'].map((name) => import(new URL(name + '.ts', process.argv[1]).href)))
  const vectors = JSON.parse(readFileSync(new URL('vectors.json', process.argv[1]), 'utf8'))
  const alone = /[\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}\\p{Script=Thai}\\p{Script=Lao}\\p{Script=Khmer}\\p{Script=Myanmar}]/u
  const kind = (unit) => {
    const character = String.fromCharCode(unit)
    if (/\\p{L}/u.test(character)) return unit > 127 && alone.test(character) ? 2 : 1
    return /[\\p{M}\\p{N}\\p{Cs}]/u.test(character) ? 1 : 0
  }
  // Each code point as a mark, between letters, before marks and by itself.
  const every = createHash('sha256')
  for (let first = 0; first < 0x110000; first += 256) {
    const points = Array.from({ length: 256 }, (_, n) => String.fromCodePoint(first + n))
    const text = points.map((point) => 'a' + point + '\u0301b ' + point + '\u0323\u0301 e\u0301' + point).join('\\n')
    every.update(contentId(text)).update(minhash(text))
  }
  console.log(JSON.stringify({
    every_code_point: every.digest('hex'),
    unicode: process.versions.unicode,
    canonical_url: vectors.canonical_url.map(({ url, base }) => canonicalUrl(url, base) ?? null),
    content_id: vectors.content_id.map(({ text }) => contentId(text)),
    minhash: vectors.minhash.map(({ text, repeat }) => createHash('sha256').update(minhash(text ?? Array.from({ length: repeat }, (_, i) => 'word' + i).join(' '))).digest('hex')),
    kinds: Array.from({ length: 65536 }, (_, unit) => kind(unit)).join(''),
  }))`

const saidBy = (node: string): { unicode: string; kinds: string; every_code_point: string } =>
  JSON.parse(
    execFileSync(node, ['--no-warnings', '--input-type=module', '-e', program, new URL('here.ts', import.meta.url).href], {
      encoding: 'utf8',
      maxBuffer: 2 ** 26,
    }),
  ) as never

describe.each([process.execPath, ...others])('%s', (node) => {
  const { unicode, kinds, ...identities } = saidBy(node)

  test('gives the identities of the vectors', () => {
    expect(identities).toEqual({
      every_code_point: vectors.every_code_point,
      canonical_url: vectors.canonical_url.map(({ canonical }) => canonical),
      content_id: vectors.content_id.map(({ id }) => id),
      minhash: vectors.minhash.map(({ signature_sha256 }) => signature_sha256),
    })
  })

  test('has our tables for its own, where its Unicode is ours; another differs', () => {
    expect(kinds === kindsOfUnits().join('')).toBe(unicodeVersion.startsWith(`${unicode}.`))
  })
})
