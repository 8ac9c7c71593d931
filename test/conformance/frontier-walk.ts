import fc from 'fast-check'
import type { ManualClock } from '#test/manual-clock.ts'
import type { Claim, Frontier, TargetKind } from '#schemas/frontier.ts'
import { FrontierModel } from './frontier-model.ts'

const leaseMs = 40
const labels = ['a', 'b']
const delayMs = fc.constantFrom(0, 5, 50)
const target = fc.record({
  host: fc.nat(2),
  path: fc.nat(5),
  label: fc.constantFrom(...labels),
  priority: fc.nat(2),
  kind: fc.constantFrom<TargetKind>('page', 'page', 'sitemap'),
  /** Before now, ms; below 0 it is to come. */
  changedAgoMs: fc.option(fc.constantFrom(0, 2, 30, -10), { nil: undefined, freq: 2 }),
})

const step = fc.oneof(
  fc.record({ do: fc.constant('add' as const), targets: fc.array(target, { minLength: 1, maxLength: 5 }) }),
  fc.record({ do: fc.constant('claim' as const), limit: fc.integer({ min: 1, max: 3 }), labels: fc.option(fc.subarray(labels), { nil: undefined }) }),
  fc.record({
    do: fc.constant('done' as const),
    which: fc.nat(),
    hostDelayMs: delayMs,
    revisitMs: fc.option(delayMs, { nil: undefined }),
    address: fc.constantFrom(undefined, '192.0.2.1', '2001:db8::1'),
  }),
  fc.record({ do: fc.constant('defer' as const), which: fc.nat(), delayMs, holdHost: fc.boolean() }),
  fc.record({ do: fc.constant('advance' as const), byMs: fc.constantFrom(1, 5, 45) }),
)
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

export const steps: fc.Arbitrary<Step[]> = fc.array(step, { maxLength: 60 })

/** Does the same to a frontier and to the model; `got` and `wanted` is what they said at each step. */
export async function walk(frontier: Frontier, clock: ManualClock, path: readonly Step[]): Promise<{ got: unknown[]; wanted: unknown[] }> {
  const model = new FrontierModel()
  const [got, wanted]: [unknown[], unknown[]] = [[], []]
  let held: Claim[] = []
  for (const step of path) {
    const now = clock.now()
    if (step.do === 'advance') clock.advance(step.byMs)
    else if (step.do === 'add') await add(frontier, model, step, now)
    else if (step.do === 'claim') {
      const urls = model.claim(step.limit, step.labels, now, leaseMs)
      const claims = await frontier.claim({ limit: step.limit, leaseMs, ...(step.labels && { labels: step.labels }) })
      wanted.push(urls)
      got.push(claims.map(({ url }) => url))
      held = [...held.filter(({ url }) => !urls.includes(url)), ...claims]
    } else {
      const [claim] = held.splice(step.which % Math.max(1, held.length), 1)
      if (claim) await finish(frontier, model, claim, step, now)
    }
    for (const filter of [undefined, ['a']]) {
      wanted.push(model.nextReadyAt(filter, clock.now()))
      got.push(await frontier.nextReadyAt(filter))
    }
    wanted.push(model.waiting('a', clock.now()))
    got.push((await frontier.stats()).labels['a']?.waiting ?? 0)
  }
  return { got, wanted }
}

async function add(frontier: Frontier, model: FrontierModel, { targets }: Extract<Step, { do: 'add' }>, now: number): Promise<void> {
  const found = targets.map(({ host, path, changedAgoMs, ...rest }) => ({
    url: `http://h${host}.example/${path}`,
    ...rest,
    ...(changedAgoMs !== undefined && { modifiedAt: now - changedAgoMs }),
  }))
  for (const each of found) model.add(each, now)
  await frontier.add(found)
}

async function finish(frontier: Frontier, model: FrontierModel, claim: Claim, step: Extract<Step, { which: number }>, now: number): Promise<void> {
  if (step.do === 'defer') {
    const until = now + step.delayMs
    model.defer(claim, until, step.holdHost)
    return frontier.defer(claim, { reason: 'x', until, holdHost: step.holdHost })
  }
  const { hostDelayMs, revisitMs, address } = step
  const visit = { outcome: 'stored' as const, hostDelayMs, address, ...(revisitMs !== undefined && { revisitAt: now + revisitMs }) }
  model.done(claim, visit, now)
  return frontier.done(claim, visit)
}
