import { z } from 'zod'
import { LossEvidence } from './desirability.ts'

const Sha256 = z.string().regex(/^[0-9a-f]{64}$/)

/** What the nodes together said of the loss of one label while a part of an epoch was trained. */
export const LossWindow = z.strictObject({
  /** Tokens of the label that the run had trained in the middle of it. */
  tokens: z.int().nonnegative(),
  /**
   * The median over the operators of its nodes, nats per token: twice the same of an odd number, of an even one the two in the middle; of two operators what each said,
   * by their names in code-unit order, so that each is held against itself.
   */
  medians: z.tuple([z.number().nonnegative(), z.number().nonnegative()]),
})
export type LossWindow = z.infer<typeof LossWindow>

const SteeredLabel = z.strictObject({
  /** Tokens of it that the run has trained, by the plans of its epochs. */
  tokens: z.int().nonnegative(),
  /** The newest, oldest first. */
  windows: z.array(LossWindow),
  /** What its jobs weigh together is multiplied by this, within the bounds of a weight. */
  factor: z.number().min(0.8).max(1.2),
  /** Before and after; null: no job has the label. */
  weights: z.strictObject({ before: z.number().positive(), after: z.number().positive() }).nullable(),
  evidence: LossEvidence,
})
export type SteeredLabel = z.infer<typeof SteeredLabel>

/**
 * What the losses of one epoch were taken for, once and for good: an epoch that its line has come to, or passed, is not judged again. The jobs follow: `list` says
 * which list of jobs shall follow which. Another entry of the same epoch only says that the jobs had moved on meanwhile.
 */
export const SteeringManifest = z.strictObject({
  kind: z.literal('steering'),
  parent: Sha256.nullable(),
  plan_id: Sha256,
  epoch: z.int().nonnegative(),
  /** Losses of another tokenizer are not compared with. */
  tokenizer: Sha256,
  /** Addresses in the line of desirability lists; null: there was none. */
  list: z.strictObject({ from: Sha256, to: Sha256 }).nullable(),
  /** By label, none twice. */
  labels: z.array(SteeredLabel),
})
export type SteeringManifest = z.infer<typeof SteeringManifest>
