import { afterAll, expect, test } from 'vitest'
import { stallInputs } from './stall-inputs.ts'
import { openStallScenes, rssBytesMax } from './stall-scene.ts'

const scenes = await openStallScenes()
afterAll(() => scenes[Symbol.asyncDispose]())

/** What becomes of each, where it does not depend on how fast the machine is. */
const outcomes: Readonly<Record<string, string>> = {
  'a gzip file in a gzip encoding': 'failed ratio_too_high',
  'a sitemap with 125,000 dates in one entry': 'stored ',
  'a sitemap of 50,000 URLs': 'stored ',
  'a robots.txt of rules': 'rejected gopher_too_short',
}

test.each(Object.keys(stallInputs))('nothing waits for %s', async (name) => {
  const { outcome, reason, longestTurnMs, turnMsMax, rssBytes } = await scenes.visit(name)
  expect(`${outcome} ${reason}`).toBe(outcomes[name] ?? `${outcome} ${reason}`)
  expect(longestTurnMs).toBeLessThan(turnMsMax)
  expect(rssBytes).toBeLessThan(rssBytesMax)
})
