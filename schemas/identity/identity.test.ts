import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { canonicalUrl } from './canonical-url.ts'
import { contentId, normalizeText } from './content-id.ts'
import { plainMinhash } from './minhash-plain.ts'
import { minhash } from './minhash.ts'

/** For other implementations too; the texts and signatures were checked against one in Python. */
const vectors = JSON.parse(readFileSync(new URL('vectors.json', import.meta.url), 'utf8')) as {
  canonical_url: { url: string; base?: string; canonical: string | null }[]
  content_id: { text: string; normalized: string; id: string }[]
  minhash: { text?: string; repeat?: number; signature_sha256: string; first_row: number }[]
}

describe('the test vectors of identity hold', () => {
  test.each(vectors.canonical_url)('canonical URL of $url', ({ url, base, canonical }) => {
    expect(canonicalUrl(url, base) ?? null).toBe(canonical)
    expect(canonicalUrl(canonical ?? '') ?? null).toBe(canonical)
  })

  test.each(vectors.content_id)('id of $text', ({ text, normalized, id }) => {
    expect(normalizeText(text)).toBe(normalized)
    expect([contentId(text), contentId(normalized)]).toEqual([id, id])
    expect(createHash('sha256').update(normalized, 'utf8').digest('hex')).toBe(id)
  })

  test.each(vectors.minhash)('signature of $text', ({ text, repeat, signature_sha256, first_row }) => {
    const given = text ?? Array.from({ length: repeat ?? 0 }, (_, i) => `word${i}`).join(' ')
    for (const sign of [minhash, plainMinhash]) {
      expect(createHash('sha256').update(sign(given)).digest('hex')).toBe(signature_sha256)
      expect(Buffer.from(sign(given)).readUInt32LE(0)).toBe(first_row)
    }
  })
})

describe('identity', () => {
  const texts = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 200 }),
    fc.string({ unit: fc.constantFrom(...'aIiİıSς \n\r\t\u0301\u00AD\uD800\uDC00\u1100\u1161漢'.split('')), maxLength: 200 }),
  )

  test('is the same in another process, of another language and time zone', () => {
    const inputs = fc.sample(texts, { numRuns: 300, seed: 7 })
    const program = `
      import { readFileSync } from 'node:fs'
      const [{ canonicalUrl }, { contentId }, { minhash }] = await Promise.all(['canonical-url', 'content-id', 'minhash'].map((name) => import(new URL(name + '.ts', process.argv[1]).href)))
      const inputs = JSON.parse(readFileSync(0, 'utf8'))
      console.log(JSON.stringify(inputs.map((text) => [canonicalUrl('http://e.com/?' + text) ?? null, contentId(text), Buffer.from(minhash(text)).toString('base64')])))`
    const output = execFileSync(process.execPath, ['--input-type=module', '-e', program, new URL('here.ts', import.meta.url).href], {
      // JSON spells lone surrogates as escapes, so that they arrive as they are.
      input: JSON.stringify(inputs),
      env: { ...process.env, LC_ALL: 'tr_TR.UTF-8', LANG: 'tr_TR.UTF-8', TZ: 'Asia/Kathmandu' },
      encoding: 'utf8',
      maxBuffer: 2 ** 26,
    })
    expect(JSON.parse(output)).toEqual(
      inputs.map((text) => [canonicalUrl(`http://e.com/?${text}`) ?? null, contentId(text), Buffer.from(minhash(text)).toString('base64')]),
    )
  })

  test('of a text with lone surrogates is that of the text with U+FFFD in their place', () => {
    fc.assert(
      fc.property(texts, (text) => {
        expect(contentId(text)).toBe(contentId(text.toWellFormed()))
        expect(minhash(text)).toEqual(minhash(text.toWellFormed()))
        expect(normalizeText(text).isWellFormed()).toBe(true)
        expect((canonicalUrl(`http://e.com/${text}`) ?? '').isWellFormed()).toBe(true)
      }),
    )
  })

  test('is the same for a text that was normalized before', () => {
    fc.assert(
      fc.property(texts, (text) => {
        expect(contentId(normalizeText(text))).toBe(contentId(text))
        expect(minhash(normalizeText(text))).toEqual(minhash(text))
      }),
    )
  })

  test('by signature hangs on which words follow each other, not on where or how often', () => {
    const [one, two] = ['one two three four five. ', 'six seven eight nine ten. ']
    // Each of the two stands behind each of them: the rest adds nothing.
    const every = `${one}${one}${two}${two}${one}`
    fc.assert(
      fc.property(fc.array(fc.constantFrom(one, two)), (more) => {
        expect(minhash(every + more.join(''))).toEqual(minhash(every))
      }),
    )
  })
})
