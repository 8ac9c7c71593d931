import { OrreryError } from '#schemas/errors.ts'
import type { EpochManifest, FormerEpochManifest, Geometry } from '#schemas/epoch-manifest.ts'

/** What a run keeps for good: its rows are made by it, and another would train some tokens twice and others never. How many rows are a batch, and of which sources, may change. */
const fixed = ['sequence_tokens', 'next_token', 'packing', 'validation_share'] as const

/** @throws OrreryError `invalid_config` that names what differs from the run */
export function refuseOtherGeometry(before: EpochManifest | FormerEpochManifest, wanted: Geometry): void {
  const has = before.algorithm === 3 ? before.geometry : formerGeometry(before)
  const other = fixed.filter((name) => has[name] !== wanted[name])
  if (other.length === 0) return
  const differences = other.map((name) => `bridge.${name} is ${wanted[name]}, not ${has[name]}`).join(', ')
  throw new OrreryError('invalid_config', `The open run has another geometry: ${differences}. Put it back, or name a new run in bridge.run.`, {
    settings: other,
  })
}

const formerGeometry = ({ geometry }: FormerEpochManifest): Geometry => ({
  ...geometry,
  next_token: false,
  packing: 'stream',
  batch_sources: 'one',
  validation_share: 0,
})
