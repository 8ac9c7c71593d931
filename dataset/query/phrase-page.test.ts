import { setImmediate as nextTurn } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { hasPhrases } from './phrase-page.ts'
import { soughtWords } from './words/words.ts'

const has = (text: string, typed: string) => hasPhrases(text, soughtWords(typed).phrases)

/** Longer than what is looked through at once, whichever way it is cut. */
const long = 200_000

test.each([
  ['words', (n: number) => `${'moss '.repeat(n)}the sharp needle${' moss'.repeat(long / 5)}`, '"sharp needle"', '"needle sharp"'],
  ['Han', (n: number) => `${'東'.repeat(n)}京都に${'東'.repeat(long)}`, '"京都に"', '"都京に"'],
  ['marks', (n: number) => `${'か\u3099'.repeat(n)}き\u3099く\u3099け${'か\u3099'.repeat(long)}`, '"ぎぐけ"', '"きぐけ"'],
  ['no spaces', (n: number) => `${'x'.repeat(long)}-a${'-b'.repeat(n)}-c`, '"b c"', '"c b"'],
])('a phrase is found wherever it stands in a text of %s', async (_, textOf, there, missing) => {
  for (const n of [13_105, 32_767, 32_768, 65_534, 65_535]) {
    expect([n, await has(textOf(n), there)]).toEqual([n, true])
    expect([n, await has(textOf(n), missing)]).toEqual([n, false])
  }
})

test('all of several phrases are wanted, each wherever', async () => {
  const text = `one two ${'moss '.repeat(long / 5)} three four`
  expect(await has(text, '"three four" "one two"')).toBe(true)
  expect(await has(text, '"three four" "one moss"')).toBe(false)
})

test('others have their turns while a long text is looked through', async () => {
  let turns = 0
  const looking = has('moss '.repeat(long), '"sharp needle"').finally(() => (turns = Number.NaN))
  for (; !Number.isNaN(turns) && turns < 5; turns++) await nextTurn()
  expect(turns).toBe(5)
  await looking
})
