import type { Clock } from '#schemas/clock.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { Ack, Acks, BatchAnswers, Nack, Nacks, Renewal, Renewals } from '#schemas/feed.ts'
import type { BatchOutcome, BatchReply, Ledger, LeaseProof } from '#schemas/ledger.ts'
import type { KnownNode } from '#schemas/nodes.ts'
import type { Telemetry } from '#schemas/stage.ts'
import { batchTokens } from '../plan/generation.ts'
import type { Epochs } from './epochs.ts'
import type { OpenEpoch } from './open-epoch.ts'

export interface AnswerParts {
  ledger: Pick<Ledger, 'answer'>
  pace: Clock
  telemetry: Pick<Telemetry, 'count'>
  epochs: Pick<Epochs, 'find'>
  leaseMs: number
  /** So many batches were settled of the plan. */
  settled(planId: string, batches: number): void
  /** So many may be lent again. */
  returned(batches: number): void
}

export type AnsweredItem = BatchAnswers['items'][number]

/** What nodes say of the batches they hold: one outcome for each, in their order, whatever the others are. The name of the node is checked already. */
export interface AnswerBatches {
  ack(node: string, items: readonly AckItem[]): Promise<AnsweredItem[]>
  /** Of a node that has said that it leaves nothing is held against the batches. */
  nack(node: Pick<KnownNode, 'node' | 'isDraining'>, items: readonly NackItem[]): Promise<AnsweredItem[]>
  renew(node: string, items: readonly Proof[]): Promise<AnsweredItem[]>
}

type Proof = Omit<Renewal, 'node'> & Renewals['items'][number]
type AckItem = Omit<Ack, 'node'> & Acks['items'][number]
type NackItem = Omit<Nack, 'node'> & Nacks['items'][number]
type Said = BatchReply extends infer Reply ? (Reply extends BatchReply ? Omit<Reply, keyof LeaseProof> : never) : never

type Say<Item> = (item: Item, open: OpenEpoch) => Said

interface Asked<Item> {
  item: Item
  at: number
}

export function answerBatches({ ledger, pace, telemetry, epochs, leaseMs, settled, returned }: AnswerParts): AnswerBatches {
  /** Items of one epoch are one call of the ledger. */
  async function answer<Item extends Proof>(node: string, items: readonly Item[], said: Say<Item>): Promise<AnsweredItem[]> {
    const answered: AnsweredItem[] = []
    const asked = items.map((item, at) => ({ item, at }))
    for (const group of Map.groupBy(asked, ({ item }) => `${item.epoch} ${item.plan_id}`).values()) await answerEpoch(node, group, said, answered)
    return answered
  }

  /** @param answered gets the outcome of each item in its place */
  async function answerEpoch<Item extends Proof>(node: string, group: readonly Asked<Item>[], said: Say<Item>, answered: AnsweredItem[]): Promise<void> {
    const { plan_id, epoch } = (group[0] as Asked<Item>).item
    const open = await epochs.find(plan_id, epoch).catch(asRefusal)
    const places: number[] = []
    const replies: BatchReply[] = []
    for (const { item, at } of group) {
      const reply = open instanceof OrreryError ? open : replyTo(item, open, said)
      if (reply instanceof OrreryError) answered[at] = refused(item.batch, reply)
      else {
        places.push(at)
        replies.push(reply)
      }
    }
    if (replies.length === 0) return
    const outcomes = await ledger.answer(plan_id, epoch, { node, replies })
    count(plan_id, outcomes)
    const now = pace.now()
    for (const [n, outcome] of outcomes.entries()) answered[places[n] as number] = answeredOf(outcome, now)
  }

  function count(planId: string, outcomes: readonly BatchOutcome[]): void {
    const [first, back, aside] = [isFirst, isBack, isAside].map((is) => outcomes.filter(is).length) as [number, number, number]
    if (first > 0) telemetry.count('feed.settled', first)
    if (back + aside > 0) telemetry.count('feed.nacked', back + aside)
    if (first + aside > 0) settled(planId, first + aside)
    if (back > 0) returned(back)
  }

  return {
    ack: (node, items) =>
      answer(node, items, ({ batch, loss, tokens }, open) => ({
        kind: 'ack',
        label: open.batches.label(batch),
        loss,
        tokens: requireTokens(open, batch, tokens),
      })),
    nack: ({ node, isDraining }, items) =>
      answer(node, items, ({ batch, reason }, open) => requireBatch(open, batch, { kind: 'nack', reason, untried: isDraining })),
    renew: (node, items) => answer(node, items, ({ batch }, open) => requireBatch(open, batch, { kind: 'renew', ttlMs: leaseMs })),
  }
}

const isFirst = (outcome: BatchOutcome): boolean => outcome.state === 'settled' && !outcome.again
const isBack = ({ state }: BatchOutcome): boolean => state === 'nacked'
const isAside = ({ state }: BatchOutcome): boolean => state === 'void'

function replyTo<Item extends Proof>(item: Item, open: OpenEpoch, said: Say<Item>): BatchReply | OrreryError {
  const { batch, token, fence } = item
  try {
    return { batch, token, fence, ...said(item, open) }
  } catch (error) {
    return asRefusal(error)
  }
}

/** @throws OrreryError `not_found` when the epoch has no such batch */
function requireBatch(open: OpenEpoch, batch: number, said: Said): Said {
  open.batches.label(batch)
  return said
}

function requireTokens({ plan }: OpenEpoch, batch: number, tokens: number): number {
  const expected = batchTokens(plan.geometry)
  if (tokens === expected) return tokens
  throw new OrreryError('invalid_record', `Batch ${batch} has ${expected} tokens, not ${tokens}; train the whole block and answer again.`, { batch })
}

/** What is no refusal of an item is of all of them. */
function asRefusal(error: unknown): OrreryError {
  if (error instanceof OrreryError && error.status < 500) return error
  throw error
}

const refused = (batch: number, { code, message }: Pick<OrreryError, 'code' | 'message'>): AnsweredItem => ({
  batch,
  state: 'refused',
  error: { code, message },
})

function answeredOf(outcome: BatchOutcome, now: number): AnsweredItem {
  const { batch } = outcome
  switch (outcome.state) {
    case 'refused':
      return refused(batch, outcome)
    case 'settled':
      return { batch, state: 'settled' }
    case 'leased':
    case 'trained':
      return { batch, state: 'renewed', expires_in_ms: outcome.expiresAt - now }
    default:
      return { batch, state: 'returned' }
  }
}
