import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Fingerprinter, SeenSet, toInteger } from './seen-set.ts'

const seed = [0x0123abcd, 0x89ef4567] as const
function fingerprint(text: string, by = new Fingerprinter(seed)): string {
  by.read(text)
  return `${by.hi.toString(16).padStart(8, '0')}${by.lo.toString(16).padStart(8, '0')}`
}

test.each([
  ['', '78d23058d33690f0'],
  ['a', '6fe5fc2866a54054'],
  ['http://h.example/', 'ae6c4c7f3465006c'],
  ['http://h.example/\u{1f680}', 'eb51c38f1ab0ab24'],
])('is what it always was: %j', (text, expected) => expect(fingerprint(text)).toBe(expected))

test('differs by seed, and changes about half of its bits with any one bit of the text', () => {
  expect(fingerprint('http://h.example/')).not.toBe(fingerprint('http://h.example/', new Fingerprinter([1, 2])))
  const bitsOf = (text: string) => BigInt(`0x${fingerprint(text)}`)
  let flipped = 0
  const texts = Array.from({ length: 500 }, (_, i) => `http://h.example/page-${i}`)
  for (const text of texts) {
    const last = text.charCodeAt(text.length - 1)
    const other = text.slice(0, -1) + String.fromCharCode(last ^ 1)
    flipped += (bitsOf(text) ^ bitsOf(other)).toString(2).replaceAll('0', '').length
  }
  expect(flipped / texts.length).toBeGreaterThan(30)
  expect(flipped / texts.length).toBeLessThan(34)
})

test('tells 200,000 like URLs apart, in all of its bits alike', () => {
  const by = new Fingerprinter(seed)
  const [all, ones] = [new Set<bigint>(), Array.from({ length: 64 }, () => 0)]
  for (let i = 0; i < 200_000; i++) {
    by.read(`https://h.example/p/${i}?page=${i % 7}`)
    all.add(toInteger(by.lo, by.hi))
    for (let bit = i % 8; bit < 64; bit += 8) ones[bit] = (ones[bit] ?? 0) + (((bit < 32 ? by.lo : by.hi) >>> (bit % 32)) & 1)
  }
  expect(all.size).toBe(200_000)
  for (const count of ones) expect(Math.abs(count - 12_500)).toBeLessThan(500)
})

test('a set finds what was put in and nothing else, in at most 35 bytes each', () => {
  const set = new SeenSet()
  const by = new Fingerprinter(seed)
  const put = (i: number) => set.insert(by.lo, by.hi, { priority: i, classId: i % 65_536, depth: i % 256, freshAt: i })
  const at = (text: string) => (by.read(text), set.find(by.lo, by.hi))
  let before = 0
  for (let i = 0; i < 100_000; i++) {
    if (at(`${i}`)) before++
    put(i)
  }
  expect(before).toBe(0)
  for (let i = 0; i < 100_000; i += 97) {
    expect(at(`${i}`)).toBe(true)
    expect(set.read()).toEqual({ priority: i, classId: i % 65_536, depth: i % 256, freshAt: i })
  }
  expect(at('no')).toBe(false)
  expect(set.count).toBe(100_000)
  expect(set.bytes / set.count).toBeLessThan(35.1)
  set.clear()
  expect(at('1')).toBe(false)
})

test('a set holds fingerprints that differ in one half only', () => {
  const word = fc.integer({ min: 0, max: 3 }).map((i) => [0, 1, 2 ** 31, 2 ** 32 - 1][i] ?? 0)
  const pair = fc.tuple(word, word).filter(([lo, hi]) => lo !== 0 || hi !== 0)
  fc.assert(
    fc.property(fc.uniqueArray(pair, { selector: String, maxLength: 15 }), (pairs) => {
      const set = new SeenSet()
      for (const [i, [lo, hi]] of pairs.entries()) {
        expect(set.find(lo, hi)).toBe(false)
        set.insert(lo, hi, { priority: i, classId: 0, depth: 0, freshAt: 0 })
      }
      for (const [i, [lo, hi]] of pairs.entries()) expect(set.find(lo, hi) && set.read().priority === i).toBe(true)
    }),
  )
})

test('knows what would be news', () => {
  const set = new SeenSet()
  set.insert(1, 2, { priority: 5, classId: 1, depth: 3, freshAt: 100 })
  set.find(1, 2)
  expect([set.isNews(5, 3, 100, 100), set.isNews(4, 9, 0, 99), set.isNews(5 + 1e-9, 3, 0, 100)]).toEqual([false, false, false])
  expect([set.isNews(6, 3, 0, 100), set.isNews(0, 2, 0, 100), set.isNews(0, 9, 101, 101), set.isNews(0, 9, 50, 99)]).toEqual([true, true, true, true])
})
