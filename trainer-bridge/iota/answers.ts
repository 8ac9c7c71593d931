import { z } from 'zod'
import { namedValues } from '#schemas/named-values.ts'
import { layerPhases, type LayerPhase } from './phases.ts'

/** The wire of IOTA's miner client (2026), as far as it is about data. Of what it sends, what is not known here is passed over. */
const text = z.string().max(512)

/** Its `run_id` names the job; what it shows of itself beside that is for an orchestrator that looks at it. */
export const Registering = z.object({ run_id: text.optional() })
export const ActivationsWish = z.object({ n_fwd_activations: z.int().min(0).default(1) })
/** A loss that is no number (Python writes NaN) is null here. */
export const LossReport = z.object({ activation_id: text, loss: z.number().nullable() })
export type LossReport = z.infer<typeof LossReport>
/** A layer is through with a sample, or with its way back. */
export const Submission = z.object({ activation_id: text.nullish() })
/** What a miner thinks its phase is; one of later versions is none that it could be told of. */
export const HeartbeatQuery = z.object({ expected_phase: z.enum(layerPhases).optional().catch(undefined) })
export const Assignments = z.object({ activation_ids: z.array(text).max(256) })

/** `activation_id`, and a URL of its text, which any layer may fetch any number of times. */
export const SampleAnswer = z.array(z.strictObject({ activation_id: z.string(), direction: z.literal('forward'), presigned_download_url: z.string() }))
export type SampleAnswer = z.infer<typeof SampleAnswer>

export const RegisteredAnswer = z.strictObject({
  layer: z.int().nonnegative(),
  current_epoch: z.int().positive(),
  model_cfg: z.null(),
  model_metadata: z.null(),
  run_id: z.string(),
  run_flags: z.strictObject({}),
  num_partitions: z.int().positive(),
})
export type RegisteredAnswer = z.infer<typeof RegisteredAnswer>

export const HeartbeatAnswer = z.strictObject({ run_id: z.string(), layer: z.int().nonnegative(), epoch: z.int().positive(), phase: z.enum(layerPhases) })
export type HeartbeatAnswer = z.infer<typeof HeartbeatAnswer>

export const EpochAnswer = z.strictObject({ run_id: z.string(), epoch: z.int().positive() })
export type EpochAnswer = z.infer<typeof EpochAnswer>

/** `kept`: the loss counts, or had counted before; what does not is said in `message`. */
export const LossAnswer = z.strictObject({ kept: z.boolean(), message: z.string() })
export type LossAnswer = z.infer<typeof LossAnswer>

/** Which of them are held on. */
export const AssignmentsAnswer = namedValues(z.boolean())

export const RunsAnswer = z.array(
  z.strictObject({
    run_id: z.string(),
    is_default: z.boolean(),
    num_miners: z.int().nonnegative(),
    whitelisted: z.boolean(),
    is_miner_pool: z.boolean(),
    burn_factor: z.number(),
    incentive_perc: z.number(),
    authorized: z.boolean(),
    run_flags: z.strictObject({}),
    max_miners: z.int().positive(),
  }),
)
export type RunsAnswer = z.infer<typeof RunsAnswer>

/** What its client takes for an error is a 200 with a name: it treats each 4xx as the end, whatever it says. */
export type NamedError =
  | {
      error_name: 'LayerStateError'
      error_dict: { layer: number; expected_status: LayerPhase; actual_status: LayerPhase; message: string } & Partial<LossAnswer>
    }
  | { error_name: 'EntityNotRegisteredError'; error_dict: { message: string; name: string } }
  | { error_name: 'RunFullError'; error_dict: { message: string } }

export const NamedErrorAnswer = z.object({ error_name: z.string(), error_dict: z.object({ message: z.string() }).loose() })

/** Thrown where an answer is to be such an error. */
export class NamedErrorThrown extends Error {
  readonly answer: NamedError

  constructor(answer: NamedError) {
    super(answer.error_dict.message)
    this.answer = answer
  }
}

interface Expected {
  expected?: LayerPhase
  said?: Partial<LossAnswer>
}

export const layerStateError = (layer: number, actual: LayerPhase, { expected = 'training', said = {} }: Expected = {}): NamedErrorThrown => {
  const message = said.message ?? `Layer ${layer} is not in the expected state ${expected}, actual: ${actual}`
  return new NamedErrorThrown({
    error_name: 'LayerStateError',
    error_dict: { layer, expected_status: expected, actual_status: actual, ...said, message },
  })
}

export const notRegistered = (hotkey: string): NamedErrorThrown =>
  new NamedErrorThrown({ error_name: 'EntityNotRegisteredError', error_dict: { message: 'Register first: POST /miner/register', name: hotkey } })

export const runFull = (message: string): NamedErrorThrown => new NamedErrorThrown({ error_name: 'RunFullError', error_dict: { message } })
