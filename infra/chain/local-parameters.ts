import { z } from 'zod'
import type { Hyperparameters } from '#schemas/chain.ts'
import { OrreryError } from '#schemas/errors.ts'

const u16 = z.int().min(0).max(65_535)
const blocks = z
  .int()
  .min(0)
  .max(2 ** 31)
const rao = z
  .bigint()
  .min(0n)
  .max(2n ** 63n)

/** What a local chain is started with and keeps for good. Defaults are Bittensor's, but for those that a subnet of a few neurons could not live with. */
export const LocalParameters = z.strictObject({
  netuid: u16,
  blockMs: z.number().min(1).max(86_400_000).transform(Math.round).default(12_000),
  /** Blocks between two epochs. */
  tempoBlocks: z.int().min(1).max(65_535).default(360),
  weightsRateLimitBlocks: blocks.default(100),
  servingRateLimitBlocks: blocks.default(50),
  /** rao a hotkey needs to set weights and to be a validator. */
  stakeThreshold: rao.default(1_000_000_000_000n),
  maxUids: z.int().min(1).max(65_536).default(256),
  maxValidators: z.int().min(1).max(65_536).default(64),
  minAllowedWeights: u16.default(1),
  maxWeightLimit: u16.default(65_535),
  versionKey: z.int().nonnegative().default(0),
  /** Whether weights are committed by their hash first, and revealed so many epochs later. */
  commitReveal: z.boolean().default(false),
  revealPeriodEpochs: z.int().min(1).max(100).default(1),
  /** A new neuron is not the first to lose its uid for so long. */
  immunityBlocks: blocks.default(4096),
  /** A validator whose weights are older does not count in an epoch. */
  activityCutoffBlocks: blocks.default(5000),
  /** Whether `faucet` gives stake away: for development. */
  faucet: z.boolean().default(false),
  /** Whether loopback addresses may be served: for nodes that all live on one machine. */
  loopback: z.boolean().default(false),
})
export type LocalParameters = z.infer<typeof LocalParameters>

/** @throws OrreryError `invalid_argument` naming the parameter */
export function parseParameters(given: z.input<typeof LocalParameters>): LocalParameters {
  const parsed = LocalParameters.safeParse(given)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw new OrreryError('invalid_argument', `A local chain cannot be started so: ${issue?.path.join('.')}: ${issue?.message}.`, { issues: parsed.error.issues })
}

export const encodeParameters = (parameters: LocalParameters): Record<string, unknown> => ({ ...parameters, stakeThreshold: String(parameters.stakeThreshold) })

/** @throws OrreryError `invalid_config` when a chain that runs with `stored` is opened with other parameters */
export function requireSameParameters(path: string, stored: Record<string, unknown>, given: LocalParameters): void {
  const wanted = encodeParameters(given)
  // A chain of a version that did not know a parameter goes by its default.
  const running = { ...encodeParameters(LocalParameters.parse({ netuid: given.netuid })), ...stored }
  const changed = Object.keys(wanted).filter((name) => wanted[name] !== running[name])
  if (changed.length === 0) return
  const list = changed.map((name) => `${name} ${String(running[name])}, not ${String(wanted[name])}`).join('; ')
  const message = `The local chain ${path} was started with ${list}. A running chain keeps its parameters: set them back, or start another data folder (--data).`
  throw new OrreryError('invalid_config', message, { path, changed })
}

/** What the port says of them. */
export const hyperparametersOf = (parameters: LocalParameters): Hyperparameters => ({
  tempoBlocks: parameters.tempoBlocks,
  weightsRateLimitBlocks: parameters.weightsRateLimitBlocks,
  minAllowedWeights: parameters.minAllowedWeights,
  maxWeightLimit: parameters.maxWeightLimit,
  versionKey: parameters.versionKey,
  commitReveal: parameters.commitReveal ? { periodEpochs: parameters.revealPeriodEpochs } : undefined,
  activityCutoffBlocks: parameters.activityCutoffBlocks,
  maxUids: parameters.maxUids,
  immunityBlocks: parameters.immunityBlocks,
})
