import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { prose } from '#test/golden/documents.ts'
import { story } from '#test/site/story.ts'
import { likeness } from './likeness.ts'

const article = story(1, 8)
const japanese = '昨日、市議会は新しい図書館の建設を承認した。完成は来年の春になる見込みだ。'

describe('how much of a row stands in its page', () => {
  test.each<[string, string, string]>([
    ['the same', article, article],
    [
      'with another date and a counter that went on',
      `Updated 3 May 2026, 12:41. 1,204 views. ${article}`,
      `Updated 28 June 2026, 07:02. 31,877 views. ${article}`,
    ],
    ['with comments below that came later', article, `${article}\n\n${story(5, 20)}`],
    ['without what a miner cut of its site', story(2), `${story(90)}\n\n${story(2)}\n\n${story(91)}`],
    ['with other capitals, quotes and spaces', `"It is late", SHE said. ${article}`, `“It is late,” she said.\n${article}`],
    ['with a typing error mended', article.replace('the', 'teh'), article],
    ['of a few words', 'Sunset over the bay', 'Sunset over the bay'],
    ['of a few words, with a credit that came', 'Sunset over the bay', 'Sunset over the bay. Photo: A. Author'],
    ['in a script without spaces', japanese, `${japanese}この記事は有料です。`],
  ])('all of one that is %s', async (_, row, page) => {
    expect(await likeness(row, page)).toBeGreaterThanOrEqual(0.8)
  })

  test.each<[string, string, string]>([
    ['another text of the same words', story(1), story(2)],
    ['another text, much longer', story(1), story(2, 60)],
    ['its words in another order', article, article.split(' ').toSorted().join(' ')],
    ['nothing', article, ''],
    ['a wall', article, 'Please accept our cookies to go on.'],
    ['another caption', 'Sunset over the bay', 'Harbour in the morning'],
    ['another text in a script without spaces', japanese, '彼は毎朝六時に起きて、川沿いの道を一時間ほど走ることにしている。'],
  ])('hardly any of one whose page holds %s', async (_, row, page) => {
    expect(await likeness(row, page)).toBeLessThan(0.3)
  })

  test('as large as what of it is there: padding is not, nor what is said twice', async () => {
    expect(await likeness(`${story(1)} ${story(2)}`, story(1))).toBeCloseTo(0.5, 1)
    expect(await likeness(Array(4).fill(story(1)).join('\n'), story(1))).toBeCloseTo(0.25, 1)
  })

  test('of a long text wherever it stands', async () => {
    const long = Array.from({ length: 60 }, (_, n) => prose(n, 800)).join('\n')
    expect(long.length).toBeGreaterThan(200_000)
    expect(await likeness(long, `${prose(99, 3000)}\n${long}`)).toBeGreaterThan(0.97)
    const headOnly = `${long.slice(0, 20_000)}${prose(7777, long.length / 7)}`
    expect(await likeness(headOnly, long)).toBeLessThan(0.3)
  })

  test('is a share, whatever the texts', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), async (row, page) => {
        const alike = await likeness(row, page)
        expect(alike >= 0 && alike <= 1).toBe(true)
        expect(await likeness(row, row)).toBe(1)
      }),
    )
  })
})
