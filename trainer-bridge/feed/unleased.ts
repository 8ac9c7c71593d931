import { OrreryError } from '#schemas/errors.ts'
import { answersMax } from '#schemas/feed.ts'
import type { LossReport } from '#schemas/feed-jobs.ts'
import type { Ledger } from '#schemas/ledger.ts'
import { batchTokens } from '../plan/generation.ts'
import type { AnswerBatches, AnsweredItem } from './answer-batches.ts'
import type { OpenEpoch } from './open-epoch.ts'

/**
 * Settles batches for who trains in the order of the plan, without leases (`stream`): each is lent to it and answered at once. Saying it again changes nothing; what
 * another node holds or has settled is refused.
 */
export async function settleUnleased(
  { ledger, answers, leaseMs }: { ledger: Pick<Ledger, 'lease'>; answers: Pick<AnswerBatches, 'ack'>; leaseMs: number },
  { planId, epoch, batches, plan }: OpenEpoch,
  { node, operator, plan_id, items }: LossReport & { operator: string | undefined },
): Promise<AnsweredItem[]> {
  if (plan_id !== undefined && plan_id !== planId)
    throw new OrreryError('not_found', `Epoch ${epoch} is of plan ${planId}, not ${plan_id}; read the plan again.`, { planId, epoch })
  // Of what is refused in any case nothing is lent: it would be kept from everybody else.
  const isWrong = ({ batch, tokens }: LossReport['items'][number]): boolean => batch >= batches.length || tokens !== batchTokens(plan.geometry)
  const named = [...new Set(items.filter((item) => !isWrong(item)).map(({ batch }) => batch))]
  const lent =
    named.length === 0
      ? []
      : (
          await ledger.lease(planId, epoch, {
            node,
            operator,
            limit: named.length,
            batches: named,
            ttlMs: leaseMs,
            outstandingMax: answersMax,
          })
        ).leases
  const proofs = new Map(lent.map(({ batch, token, fence }) => [batch, { token, fence }]))
  const isOthers = (item: LossReport['items'][number]): boolean => !isWrong(item) && !proofs.has(item.batch)
  const own = items.filter((item) => !isOthers(item))
  const said = own.map((item) => ({ ...item, plan_id: planId, epoch, ...(proofs.get(item.batch) ?? { token: 'none', fence: 0 }) }))
  const answered = (await answers.ack(node, said)).values()
  return items.map((item) => (isOthers(item) ? othersBatch(item) : answered.next().value!))
}

const othersBatch = ({ batch }: { batch: number }): AnsweredItem => ({
  batch,
  state: 'refused',
  error: { code: 'lease_lost', message: `Batch ${batch} is another's, who holds it or has settled it, or was set aside; drop its work.` },
})
