import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { frontierSuite } from '#test/conformance/frontier.ts'
import { temporaryFolder } from '#test/conformance/temporary-folder.ts'
import { manualClock } from '#test/manual-clock.ts'
import { threadedFrontier } from './threaded.ts'

const module = new URL('threaded.ts', import.meta.url).href

describe('threadedFrontier', () => {
  frontierSuite(async () => ({ module, factory: 'threadedFrontier', args: [join(await temporaryFolder(), 'frontier.sqlite')] }))

  test('has the limits it was given', async () => {
    await using frontier = threadedFrontier(join(await temporaryFolder(), 'frontier.sqlite'), { clock: manualClock(), depthMax: 2 })
    const targets = [2, 3].map((depth) => ({ url: `http://h.example/${depth}`, kind: 'page' as const, label: 'a', priority: 0, depth }))
    expect(await frontier.add(targets)).toEqual({ added: 1, refused: [{ url: 'http://h.example/3', reason: 'depth' }] })
  })
})
