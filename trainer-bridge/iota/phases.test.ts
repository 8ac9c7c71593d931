import { expect, test } from 'vitest'
import { openPhases } from './phases.ts'

const second = 1000
const times = { trainingMs: 100 * second, graceMs: 20 * second, uploadingMs: 30 * second, mergingMs: 10 * second }

function phasesAt(given: Partial<typeof times> = {}) {
  let now = 5
  const phases = openPhases({ ...times, ...given }, () => now)
  return (atSeconds: number, epoch: number | undefined) => {
    now = 5 + atSeconds * second
    const { phase, isOpen, isOver } = phases.at(epoch)
    return `${phase}${isOpen ? ' open' : ''}${isOver ? ' over' : ''}`
  }
}

test('training goes into its grace, is over, then weights are uploaded and merged, then the next epoch is trained', () => {
  const at = phasesAt()
  expect([
    at(0, 4),
    at(79, 4),
    at(80, 4),
    at(99, 4),
    at(100, 4),
    at(101, undefined),
    at(102, 5),
    at(130, 5),
    at(131, 5),
    at(140, 5),
    at(141, 5),
    at(220, 5),
    at(221, 5),
  ]).toEqual([
    'training open',
    'training open',
    'training',
    'training',
    'training over',
    'weights_uploading',
    'weights_uploading',
    'weights_uploading',
    'merging_partitions',
    'merging_partitions',
    'training open',
    'training open',
    'training',
  ])
})

test('an epoch that ends by itself ends its phase', () => {
  const at = phasesAt({ trainingMs: 0 })
  expect([at(0, 0), at(9999, 0), at(10_000, 1), at(10_030, 1), at(10_040, 1)]).toEqual([
    'training open',
    'training open',
    'weights_uploading',
    'merging_partitions',
    'training open',
  ])
})

test('while no epoch is open nothing is given out, and a restart is no change of phase', () => {
  const at = phasesAt()
  expect([at(0, undefined), at(1, 7), at(2, undefined), at(50, undefined), at(51, 7)]).toEqual([
    'training',
    'training open',
    'weights_uploading',
    'training',
    'training open',
  ])
})
