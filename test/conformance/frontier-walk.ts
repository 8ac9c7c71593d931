import fc from 'fast-check'
import type { ManualClock } from '#test/manual-clock.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { Claim, Frontier, Target, TargetKind } from '#schemas/frontier.ts'
import { FrontierModel } from './frontier-model.ts'

const leaseMs = 40
const labels = ['a', 'b']
const delayMs = fc.constantFrom(0, 5, 50)
const target = fc.record({
  host: fc.nat(2),
  path: fc.nat(9),
  label: fc.constantFrom(...labels),
  priority: fc.nat(2),
  depth: fc.nat(2),
  kind: fc.constantFrom<TargetKind>('page', 'page', 'sitemap'),
  /** Before now, ms; below 0 it is to come. */
  changedAgoMs: fc.option(fc.constantFrom(0, 2, 30, -10), { nil: undefined, freq: 2 }),
})

const done = fc.record({
  do: fc.constant('done' as const),
  which: fc.nat(),
  hostDelayMs: delayMs,
  revisitMs: fc.option(delayMs, { nil: undefined }),
  address: fc.constantFrom(undefined, '192.0.2.1', '2001:db8::1'),
})
const address = fc.constantFrom('192.0.2.1', '2001:db8::1')
const defer = fc.record({
  do: fc.constant('defer' as const),
  which: fc.nat(),
  delayMs,
  isTry: fc.boolean(),
  holdHost: fc.boolean(),
  hostDelayMs: delayMs,
  address: fc.option(address, { nil: undefined }),
})
const locate = fc.record({ do: fc.constant('locate' as const), which: fc.nat(), address })
const step = fc.oneof(
  fc.record({ do: fc.constant('add' as const), targets: fc.array(target, { minLength: 1, maxLength: 12 }) }),
  fc.record({ do: fc.constant('claim' as const), limit: fc.integer({ min: 1, max: 3 }), labels: fc.option(fc.subarray(labels), { nil: undefined }) }),
  done,
  defer,
  locate,
  fc.record({ do: fc.constant('advance' as const), byMs: fc.constantFrom(1, 5, 45) }),
  // To the very moment at which something changes, or to the last before it.
  fc.record({ do: fc.constant('leap' as const), to: fc.constantFrom('expiry' as const, 'ready' as const), shortByMs: fc.constantFrom(0, 0, 1) }),
  // A sitemap says that everything has just changed.
  fc.record({ do: fc.constant('news' as const) }),
  // A lease ends, its host is lent for another page, and then the first answer comes.
  fc.record({ do: fc.constant('overtake' as const), which: fc.nat(), end: fc.oneof(done, defer) }),
)
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never
type StepOf<Name extends Step['do']> = Extract<Step, { do: Name }>

/** Long walks: left to itself, fast-check takes a dozen steps at most. */
export const steps: fc.Arbitrary<Step[]> = fc.array(step, { maxLength: 80, size: 'max' })

/** Does the same to a frontier and to the model; `got` and `wanted` is what they said at each step. */
export async function walk(frontier: Frontier, clock: ManualClock, path: readonly Step[]): Promise<{ got: unknown[]; wanted: unknown[] }> {
  const walker = new Walker(frontier, clock)
  for (const step of path) await walker.take(step)
  return walker
}

class Walker {
  readonly got: unknown[] = []
  readonly wanted: unknown[] = []
  readonly #frontier: Frontier
  readonly #clock: ManualClock
  readonly #model = new FrontierModel()
  /** Claims that were not finished, those included whose page another claim has now. */
  readonly #held: Claim[] = []

  constructor(frontier: Frontier, clock: ManualClock) {
    this.#frontier = frontier
    this.#clock = clock
  }

  async take(step: Step): Promise<void> {
    switch (step.do) {
      case 'add':
        await this.#add(step.targets.map(({ host, path, ...rest }) => this.#found(`http://h${host}.example/${path}`, rest)))
        break
      case 'claim':
        await this.#claim(step.limit, step.labels)
        break
      case 'advance':
        this.#clock.advance(step.byMs)
        break
      case 'leap':
        this.#leap(step)
        break
      case 'news':
        await this.#add(
          [...this.#model.entries.values()].map(({ url, kind, label }) => ({ url, kind, label, priority: 0, depth: 9, modifiedAt: this.#clock.now() })),
        )
        break
      case 'overtake':
        await this.#overtake(step)
        break
      case 'locate':
        await this.#locate(step)
        break
      default: {
        const [claim] = this.#held.splice(step.which % Math.max(1, this.#held.length), 1)
        if (claim) await this.#end(claim, step)
        // Some are ended once more, later.
        if (claim && step.which % 4 === 0) this.#held.push(claim)
      }
    }
    await this.#compare()
  }

  async #compare(): Promise<void> {
    for (const filter of [undefined, ['a']]) {
      this.wanted.push(this.#model.nextReadyAt(filter, this.#clock.now()))
      this.got.push(await this.#frontier.nextReadyAt(filter))
    }
    const stats = (await this.#frontier.stats()).labels
    for (const label of labels) {
      this.wanted.push((['waiting', 'leased'] as const).map((state) => this.#model.count(label, state, this.#clock.now())))
      this.got.push([stats.get(label)?.waiting ?? 0, stats.get(label)?.leased ?? 0])
    }
  }

  #found(url: string, { changedAgoMs, ...rest }: Omit<typeof target extends fc.Arbitrary<infer T> ? T : never, 'host' | 'path'>): Target {
    return { url, ...rest, ...(changedAgoMs !== undefined && { modifiedAt: this.#clock.now() - changedAgoMs }) }
  }

  async #add(found: readonly Target[]): Promise<void> {
    for (const each of found) this.#model.add(each, this.#clock.now())
    await this.#frontier.add(found)
  }

  async #claim(limit: number, filter: readonly string[] | undefined): Promise<void> {
    const now = this.#clock.now()
    const claims = await this.#frontier.claim({ limit, leaseMs, ...(filter && { labels: filter }) })
    for (const claim of claims) {
      const { token: _token, modifiedAt: _modifiedAt, previous, ...said } = claim
      const choices = this.#model.choices(filter, now)
      this.got.push(choices.includes(claim.url) ? 'a choice' : claim.url)
      this.wanted.push(choices.includes(claim.url) ? 'a choice' : choices)
      this.got.push({ address: undefined, ...said, version: previous?.version })
      this.wanted.push(this.#model.claim(claim.url, now, leaseMs))
      this.#model.lent(claim)
    }
    this.got.push(claims.length)
    this.wanted.push(claims.length < limit && this.#model.choices(filter, now).length > 0 ? 'more' : claims.length)
    this.#held.push(...claims)
  }

  async #locate({ which, address: at }: StepOf<'locate'>): Promise<void> {
    const claim = this.#held[which % Math.max(1, this.#held.length)]
    if (!claim) return
    const found = this.#model.isHeld(claim) ? this.#model.locate(claim, at, this.#clock.now()) : undefined
    this.wanted.push(found ?? 'lease_lost')
    this.got.push(await this.#frontier.locate(claim, at).catch((error: unknown) => (error instanceof OrreryError ? error.code : String(error))))
  }

  #leap({ to, shortByMs }: Pick<StepOf<'leap'>, 'to' | 'shortByMs'>): void {
    const now = this.#clock.now()
    const at = to === 'expiry' ? this.#model.nextExpiry(now) : this.#model.nextReadyAt(undefined, now)
    this.#clock.advance(Math.max(0, (at ?? now) - now - shortByMs))
  }

  async #overtake({ which, end }: StepOf<'overtake'>): Promise<void> {
    const [late] = this.#held.splice(which % Math.max(1, this.#held.length), 1)
    if (!late) return
    const { origin } = new URL(late.url)
    await this.#add([{ url: `${origin}/sooner-${this.got.length}`, kind: 'page', label: 'a', priority: 9, depth: 0 }])
    this.#clock.advance(Math.max(0, late.expiresAt - this.#clock.now()))
    await this.#claim(3, undefined)
    await this.#end(late, end)
    await this.#compare()
    this.#leap({ to: 'expiry', shortByMs: 0 })
  }

  async #end(claim: Claim, step: StepOf<'done' | 'defer'>): Promise<void> {
    const isHeld = this.#model.isHeld(claim)
    this.wanted.push(isHeld ? 'ended' : 'lease_lost')
    const ending = step.do === 'done' ? this.#done(claim, step, isHeld) : this.#defer(claim, step, isHeld)
    this.got.push(await ending.then(() => 'ended').catch((error: unknown) => (error instanceof OrreryError ? error.code : String(error))))
  }

  #done(claim: Claim, { hostDelayMs, revisitMs, address }: StepOf<'done'>, isHeld: boolean): Promise<void> {
    const now = this.#clock.now()
    const visit = { outcome: 'stored' as const, hostDelayMs, address, ...(revisitMs !== undefined && { revisitAt: now + revisitMs }) }
    if (isHeld) this.#model.done(claim, visit, now)
    return this.#frontier.done(claim, visit)
  }

  #defer(claim: Claim, { delayMs, isTry, holdHost, hostDelayMs, address: at }: StepOf<'defer'>, isHeld: boolean): Promise<void> {
    const now = this.#clock.now()
    const deferral = { reason: 'x', until: now + delayMs, isTry, holdHost, hostDelayMs, address: at }
    if (isHeld) this.#model.defer(claim, deferral, now)
    return this.#frontier.defer(claim, deferral)
  }
}
