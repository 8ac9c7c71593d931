import { expect, test } from 'vitest'
import { temporaryFolder } from '../conformance/temporary-folder.ts'
import { liveMonth } from './month.ts'

test('thirty days of a steady web of 1,000 hosts: revisits follow change, nothing is lost, and nothing grows', { timeout: 1_800_000 }, async () => {
  const report = await liveMonth({ hosts: 1000, days: 30, outageDay: 8, jumpDay: 12, folder: await temporaryFolder() })
  process.stdout.write(`${JSON.stringify(report)}\n`)
  expect(report).toMatchObject({ lost: 0, staleDays: { still: 0, nonce: 0 }, versions: { still: 1, nonce: 1 } })
  expect(report.staleDays.daily).toBeLessThan(5)
  expect(report.staleDays.weekly).toBeLessThan(10)
  expect(report.visits.daily).toBeGreaterThan(2 * report.visits.weekly)
  expect(report.visits.weekly).toBeGreaterThan(report.visits.still)
  expect(Math.abs(report.visits.nonce - report.visits.still)).toBeLessThan(2)
  expect(report.liedAboutInAWeek).toBeLessThan(170)
  expect(report.requestsInOutage).toBeLessThan(150)
  for (const [name, { bytes, bytesPerDay }] of Object.entries(report.slopes)) expect(bytesPerDay, name).toBeLessThan(Math.max(65_536, 0.01 * bytes))
})
