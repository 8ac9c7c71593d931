import { afterAll, expect, test } from 'vitest'
import { moreStallInputs } from './stall-inputs.ts'
import { openStallScene, rssBytesMax, turnMsMax } from './stall-scene.ts'

const scene = await openStallScene()
afterAll(() => scene[Symbol.asyncDispose]())

test.each(Object.keys(moreStallInputs))(
  'nothing waits for %s',
  async (name) => {
    const { longestTurnMs, rssBytes } = await scene.visit(name)
    expect(longestTurnMs).toBeLessThan(turnMsMax)
    expect(rssBytes).toBeLessThan(rssBytesMax)
  },
  300_000,
)
