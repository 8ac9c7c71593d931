import { describe, expect, test } from 'vitest'
import { extractionPages, extractionSample, hasExtractionPages, noDevelopmentSet } from './development-set.ts'

if (!hasExtractionPages) console.warn(`What benches take of the pages is not looked at: that ${noDevelopmentSet}.`)

describe.skipIf(!hasExtractionPages)('the sample of the development set', () => {
  test('is the same each time, in the order of the set, and has pages of all its sets, types and sizes', async () => {
    const sample = await extractionSample()
    const [ids, sets, types, sizes] = [[] as string[], new Set<string>(), new Set<string>(), new Set<number>()]
    for await (const page of extractionPages()) {
      ids.push(page.id)
      sets.add(page.set)
      types.add(page.page_type)
      sizes.add(sizeOf(page.html))
    }
    const chosen = new Set(sample.map(({ id }) => id))
    expect(sample).toHaveLength(600)
    expect(ids.filter((id) => chosen.has(id))).toEqual(sample.map(({ id }) => id))
    expect(new Set(sample.map(({ set }) => set))).toEqual(sets)
    expect(new Set(sample.map(({ page_type }) => page_type))).toEqual(types)
    expect(new Set(sample.map(({ html }) => sizeOf(html)))).toEqual(sizes)
    expect((await extractionSample(20)).map(({ id }) => id)).toEqual((await extractionSample(20)).map(({ id }) => id))
  })
})

/** Power of two of its length, from 64 K on. */
const sizeOf = (html: string): number => Math.max(16, Math.floor(Math.log2(html.length)))
