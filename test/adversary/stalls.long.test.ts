import { afterAll, expect, test } from 'vitest'
import { moreStallInputs } from './stall-inputs.ts'
import { openStallScenes, rssBytesMax } from './stall-scene.ts'

const scenes = await openStallScenes()
afterAll(() => scenes[Symbol.asyncDispose]())

test.each(Object.keys(moreStallInputs))(
  'nothing waits for %s',
  async (name) => {
    const { longestTurnMs, turnMsMax, rssBytes } = await scenes.visit(name)
    expect(longestTurnMs).toBeLessThan(turnMsMax)
    expect(rssBytes).toBeLessThan(rssBytesMax)
  },
  300_000,
)
