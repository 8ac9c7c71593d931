import { hash } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { OrreryError } from '#schemas/errors.ts'
import { planTree, readTree, writeTree } from './list-tree.ts'

const Item = z.strictObject({ name: z.string(), value: z.int() })
type Item = z.infer<typeof Item>
const naming = { prefix: 'lists/', nameOf: ({ name }: Item) => name }
const numbered = (count: number, of = (_n: number): number => 0): Item[] =>
  Array.from({ length: count }, (_, n) => ({ name: `job-${String(n).padStart(6, '0')}`, value: of(n) }))

const sorted = (items: readonly Item[]): Item[] => items.toSorted((a, b) => (a.name < b.name ? -1 : 1))

/** Objects in memory, with what was asked of them. */
function memory() {
  const objects = new Map<string, Uint8Array>()
  const asked = { gets: 0, puts: 0, bytes: 0 }
  const store = {
    async get(key: string) {
      asked.gets++
      const bytes = objects.get(key)
      if (!bytes) throw new OrreryError('not_found', `There is no ${key}.`, { key })
      return bytes
    },
    async put(key: string, body: unknown) {
      const bytes = body as Uint8Array
      asked.puts++
      asked.bytes += bytes.length
      objects.set(key, bytes)
    },
  }
  return { objects, asked, store }
}

test('a list comes back as it was written, and the same list is the same tree whatever was written before', async () => {
  const some = fc.uniqueArray(fc.record({ name: fc.string({ maxLength: 6 }), value: fc.nat(3) }), { maxLength: 300, selector: ({ name }) => name })
  await fc.assert(
    fc.asyncProperty(some, some, async (first, second) => {
      const { store } = memory()
      const former = await readTree(store, await writeTree(store, sorted(first), naming), Item)
      expect(former.items).toEqual(sorted(first))
      // What stays is the same objects, so that their pages are taken as they are.
      const left = [...new Map([...former.items.filter(({ value }) => value > 0), ...second].map((item) => [item.name, item])).values()]
      const tree = await writeTree(store, sorted(left), { ...naming, former })
      expect((await readTree(store, tree, Item)).items).toEqual(sorted(left))
      expect(tree).toEqual(planTree(sorted(left), naming).tree)
      const grown = [...former.items, ...numbered(100)].toSorted((a, b) => (a.name < b.name ? -1 : 1))
      expect((await readTree(store, await writeTree(store, grown, { ...naming, former }), Item)).items).toEqual(grown)
    }),
    { numRuns: 60, seed: 7 },
  )
})

test('one item that changes, comes or goes costs the pages above it, however long the list is', async () => {
  const { store, asked } = memory()
  const items = numbered(10_000)
  const former = await readTree(store, await writeTree(store, items, naming), Item)
  Object.assign(asked, { gets: 0, puts: 0, bytes: 0 })
  const places = [3, 3000, 6000, 9000]
  for (const n of places)
    for (const next of [
      items.with(n, { ...(items[n] as Item), value: 1 }),
      items.toSpliced(n, 1),
      items.toSpliced(n, 0, { name: `${items[n]?.name} and more`, value: 1 }),
    ]) {
      const tree = await writeTree(store, next, { ...naming, former })
      expect((await readTree(store, tree, Item)).items).toHaveLength(next.length)
    }
  expect(asked.puts / (3 * places.length)).toBeLessThan(6)
  expect(asked.bytes / (3 * places.length)).toBeLessThan(8000)
  // What was read or written before is not read again.
  expect(asked.gets).toBe(0)
})

test('names that end no page make pages of a size all the same', () => {
  const all = numbered(2000)
  const alone = (name: string): boolean => planTree([...numbered(2), { name, value: 0 }, { name: '~', value: 0 }], naming).tree.height === 0
  const endless = all
    .values()
    .filter(({ name }) => alone(name))
    .take(1000)
    .toArray()
  expect(endless).toHaveLength(1000)
  const { pages } = planTree(endless, naming)
  expect(Math.max(...[...pages.values()].map(({ content }) => content.length))).toBe(64)
})

test('a page that is damaged, missing or longer than is said of it is told', async () => {
  const { store, objects } = memory()
  const tree = await writeTree(store, numbered(100), naming)
  const key = [...objects.keys()].find((each) => each !== tree.key) as string
  const page = objects.get(key) as Uint8Array
  objects.set(key, page.slice(1))
  await expect(readTree({ ...store }, tree, Item)).rejects.toMatchObject({ code: 'data_unreadable', details: { key } })
  objects.delete(key)
  await expect(readTree({ ...store }, tree, Item)).rejects.toMatchObject({ code: 'not_found' })
  objects.set(key, page)
  const long = Buffer.from(JSON.stringify(numbered(80)))
  const longKey = `lists/${hash('sha256', long)}.json`
  objects.set(longKey, long)
  for (const items of [80, 70])
    await expect(readTree({ ...store }, { key: longKey, items, height: 0 }, Item)).rejects.toMatchObject({ code: 'data_unreadable' })
  expect((await readTree(store, tree, Item)).items).toEqual(numbered(100))
})
