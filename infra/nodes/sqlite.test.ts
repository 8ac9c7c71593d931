import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, test } from 'vitest'
import { namesMax, openNamesMax, type NodeOwner } from '#schemas/nodes.ts'
import { nodesSuite } from '#test/conformance/nodes.ts'
import { temporaryFolder } from '#test/conformance/temporary-folder.ts'
import { manualClock } from '#test/manual-clock.ts'
import { sqliteNodes } from './sqlite.ts'

const freeOf = (name: string): NodeOwner => ({ id: `name ${name}`, operator: name, via: 'token' })
const module = new URL('sqlite.ts', import.meta.url).href

describe('sqliteNodes', () => {
  nodesSuite(async () => ({ module, factory: 'sqliteNodes', args: [join(await temporaryFolder(), 'nodes.sqlite')] }))

  test('who has as many names as it may loses one that is long silent, never one of another', async () => {
    const path = join(await temporaryFolder(), 'nodes.sqlite')
    const clock = manualClock()
    await using nodes = sqliteNodes(path, { clock })
    const [many, other]: [NodeOwner, NodeOwner] = [
      { id: 'key m', operator: 'm', via: 'token' },
      { id: 'key o', operator: 'o', via: 'token' },
    ]
    await nodes.bind('other', other)
    clock.advance(1)
    await nodes.bind('first', many)
    using raw = new DatabaseSync(path)
    raw.exec(`with recursive n(i) as (select 2 union all select i + 1 from n where i < ${namesMax})
      insert into nodes (node, owner, operator, via, joined_at, seen_at) select 'm' || i, 'key m', 'm', 'token', ${clock.now()}, ${clock.now() + 1} from n`)
    await expect(nodes.bind('one-more', many)).rejects.toMatchObject({ code: 'rate_limited', details: { retry_after_seconds: 3600 } })
    clock.advance(86_400_002)
    expect(await nodes.bind('one-more', many)).toMatchObject({ node: 'one-more' })
    expect((await nodes.find(['first', 'm2', 'other'])).map(({ node }) => node)).toEqual(['m2', 'other'])
  })

  test('names that cost nothing are counted together, however many owners they have', async () => {
    const path = join(await temporaryFolder(), 'nodes.sqlite')
    const clock = manualClock()
    await using nodes = sqliteNodes(path, { clock })
    using raw = new DatabaseSync(path)
    raw.exec(`with recursive n(i) as (select 1 union all select i + 1 from n where i < ${openNamesMax})
      insert into nodes (node, owner, operator, via, joined_at, seen_at) select 'm' || i, 'name m' || i, 'm', 'token', ${clock.now()}, ${clock.now()} + i from n`)
    await expect(nodes.bind('x', freeOf('x'))).rejects.toMatchObject({ code: 'rate_limited' })
    await nodes.bind('vouched', { id: 'key o', operator: 'o', via: 'token' })
    clock.advance(86_400_002)
    expect(await nodes.bind('x', freeOf('x'))).toMatchObject({ node: 'x' })
    expect((await nodes.find(['m1', 'm2', 'vouched'])).map(({ node }) => node)).toEqual(['m2', 'vouched'])
  })
})
