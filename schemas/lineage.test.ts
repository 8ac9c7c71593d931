import { expect, test } from 'vitest'
import { families, lineage } from './lineage.ts'

test('the lines of a catalog have names of their own', () => {
  const { desirability, turn, gravity, shard, snapshot, verdict, ...named } = lineage
  const lines = [desirability, turn, gravity, shard('a', 'b'), snapshot('a', 'b'), verdict('a', 'b'), ...Object.values(named).map((line) => line('a'))]
  const names = lines.map(({ name }) => name)
  expect(new Set(names).size).toBe(names.length)
  for (const name of names) expect(name).toMatch(/^[a-z]+(\/[a-z]+)*$/)
})

test('a family has the lines of its kind', () => {
  const pairs = [
    [families.shards, lineage.shard('a', 'b')],
    [families.shardsOf('a'), lineage.shard('a', 'b')],
    [families.snapshots, lineage.snapshot('a', 'b')],
    [families.snapshotsOf('a'), lineage.snapshot('a', 'b')],
    [families.verdictsOf('a'), lineage.verdict('a', 'b')],
    [families.datasets, lineage.dataset('a')],
  ] as const
  for (const [family, line] of pairs) {
    expect(line.name.startsWith(family.prefix)).toBe(true)
    expect([line.kind, line.former]).toEqual([family.kind, family.former])
  }
})
