import { expect, test } from 'vitest'
import { temporaryFolder } from '../conformance/temporary-folder.ts'
import { liveMonth } from './month.ts'

test('ten days of a steady web: revisits follow change, and an hour without network and a clock a year ahead lose nothing', async () => {
  const report = await liveMonth({ hosts: 60, days: 10, outageDay: 2, jumpDay: 4, folder: await temporaryFolder() })
  expect(report).toMatchObject({ lost: 0, staleDays: { still: 0, nonce: 0 }, versions: { still: 1, nonce: 1 } })
  expect(report.visits.daily).toBeGreaterThan(report.visits.weekly)
  expect(report.visits.nonce).toBeLessThan(9)
  expect(report.liedAboutInAWeek).toBeLessThan(170)
})
