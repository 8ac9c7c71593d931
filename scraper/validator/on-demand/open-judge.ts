import { randomInt } from 'node:crypto'
import { join } from 'node:path'
import { portThread } from '#infra/sqlite/port-thread.ts'
import { onDemandJudge, type OnDemandJudge, type OnDemandJudgeParts } from './judge.ts'
import { threadedOutcomes } from './outcomes.ts'
import { threadedReader } from './submission-reader.ts'

const randoms = 2 ** 40

/** The judge of on-demand jobs of a validator, whose outcomes lie in its folder, where its cycles find them (validator.ts). */
export function openOnDemandJudge({
  folder,
  ...parts
}: Pick<OnDemandJudgeParts, 'board' | 'refetch' | 'findPosts' | 'pace' | 'telemetry'> & { folder: string }): OnDemandJudge & AsyncDisposable {
  const thread = portThread(`the on-demand jobs of ${folder}`, parts.pace)
  const outcomes = threadedOutcomes(join(folder, 'on-demand.sqlite'), { clock: parts.pace, thread })
  const reader = threadedReader(parts.pace, thread)
  return {
    ...onDemandJudge({ ...parts, outcomes, reader, random: () => randomInt(randoms) / randoms }),
    async [Symbol.asyncDispose]() {
      await outcomes[Symbol.asyncDispose]()
      await reader[Symbol.asyncDispose]()
    },
  }
}
