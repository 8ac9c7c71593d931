import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, test } from 'vitest'
import { staleMs, stateBytesMax, statesMax } from '#schemas/consumers.ts'
import { temporaryFolder } from '#test/conformance/temporary-folder.ts'
import { manualClock } from '#test/manual-clock.ts'
import { sqliteConsumers } from './sqlite.ts'
import { threadedConsumers } from './threaded.ts'

const a = { owner: 'key a' }

describe.each([
  ['sqliteConsumers', sqliteConsumers],
  ['threadedConsumers', threadedConsumers],
])('%s', (_, openConsumers) => {
  const opened = async () => {
    const path = join(await temporaryFolder(), 'consumers.sqlite')
    const clock = manualClock()
    return { path, clock, consumers: openConsumers(path, { clock }) }
  }

  test('a state is given back as it was, in every process; only its owner changes it', async () => {
    const { path, clock, consumers } = await opened()
    await using _ = consumers
    const state = '{"batch": 7,  "constructor": {"__proto__": null}}'
    expect(await consumers.get('web', '__proto__')).toBeUndefined()
    await consumers.put('web', '__proto__', state, a)
    await using other = openConsumers(path, { clock })
    expect(await other.get('web', '__proto__')).toEqual({ state, version: 1, updatedAt: clock.now() })
    await expect(other.put('web', '__proto__', '{}', { owner: 'key b' })).rejects.toMatchObject({ code: 'forbidden' })
    expect(await other.get('docs', '__proto__')).toBeUndefined()
  })

  test('of two that go on from the same state one is told', async () => {
    const { consumers } = await opened()
    await using _ = consumers
    await consumers.put('web', 'n', '1', { ...a, expected: 0 })
    const ends = await Promise.allSettled([2, 3].map((next) => consumers.put('web', 'n', String(next), { ...a, expected: 1 })))
    expect(ends.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
    await expect(consumers.put('web', 'n', '9', { ...a, expected: 0 })).rejects.toMatchObject({ code: 'precondition_failed', details: { version: 2 } })
  })

  test('states are bounded, in bytes and in number: one that is stale makes room', async () => {
    const { path, clock, consumers } = await opened()
    await using _ = consumers
    await consumers.put('web', 'n', `"${'x'.repeat(stateBytesMax - 2)}"`, a)
    await expect(consumers.put('web', 'n', `"${'x'.repeat(stateBytesMax - 1)}"`, a)).rejects.toMatchObject({ code: 'too_large' })
    using raw = new DatabaseSync(path)
    raw.exec(`with recursive n(i) as (select 2 union all select i + 1 from n where i < ${statesMax})
      insert into consumers select 'web', 'n' || i, 'key a', '1', 1, ${clock.now() + 1} from n`)
    await expect(consumers.put('web', 'more', '1', a)).rejects.toMatchObject({ code: 'rate_limited' })
    await consumers.put('web', 'of b', '1', { owner: 'key b' })
    clock.advance(staleMs + 1)
    await consumers.put('web', 'more', '1', a)
    expect(await consumers.get('web', 'n')).toBeUndefined()
    expect(await consumers.get('web', 'n2')).toBeDefined()
  })
})
