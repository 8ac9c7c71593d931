import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { seededRandom } from '#test/seeded-random.ts'
import { changeRate, nextVisitAt, observe } from './change-rate.ts'
import { decodeMemory, encodeMemory, type PageLife } from './page-memory.ts'

const start = Date.UTC(2026, 0, 1)
const hour = 3_600_000
const day = 24 * hour
const bounds = { minMs: hour, maxMs: 30 * day }
/** Distinct contents, numbered. */
const content = (n: number) => n.toString(16).padStart(11, '0')

interface Step {
  afterMs: number
  /** Number of the content; undefined for 304. */
  content: number | undefined
  lastModifiedAt?: number
}

function visits(steps: readonly Step[], first: Partial<Step> = {}): PageLife {
  let at = start
  let { life } = observe(undefined, { at, factsAt: at, content: content(first.content ?? 0), lastModifiedAt: first.lastModifiedAt })
  for (const step of steps) {
    at += step.afterMs
    const seen = { at, factsAt: at, content: step.content === undefined ? undefined : content(step.content), lastModifiedAt: step.lastModifiedAt }
    // Through its text each time, as between two visits.
    life = decodeMemory(encodeMemory({ ends: 0, life: observe(life, seen).life }))?.life as PageLife
  }
  return life
}
const regular = (intervalMs: number, changed: readonly boolean[]): Step[] =>
  changed.map((isChanged, n) => ({ afterMs: intervalMs, content: isChanged ? n + 1 : undefined }))

/** Visits of a page that changes by a Poisson process. */
function simulate({
  seed,
  rate,
  count,
  intervalMs,
  dated = false,
}: {
  seed: number
  rate: number
  count: number
  intervalMs(random: number): number
  dated?: boolean
}) {
  const random = seededRandom(seed)
  const wait = () => -Math.log(1 - random()) / rate
  let version = 0
  let [at, lastChange, nextChange] = [start, start, start + wait()]
  return visits(
    Array.from({ length: count }, (): Step => {
      const afterMs = Math.round(intervalMs(random()))
      at += afterMs
      const before = version
      while (nextChange <= at) {
        version += 1
        lastChange = nextChange
        nextChange += wait()
      }
      return { afterMs, content: version === before ? undefined : version, ...(dated && version > 0 ? { lastModifiedAt: lastChange } : {}) }
    }),
  )
}
const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length
const meanRatio = (parts: Omit<Parameters<typeof simulate>[0], 'seed'>, pages = 200) =>
  mean(Array.from({ length: pages }, (_, seed) => changeRate(simulate({ ...parts, seed })) / parts.rate))

const errorOf = (count: number) =>
  mean(Array.from({ length: 60 }, (_, seed) => Math.abs(changeRate(simulate({ seed, rate: 1 / day, count, intervalMs: () => day })) * day - 1)))

const changed = (every: number) => Array.from({ length: 600 }, (_, n) => n % every === 0)

describe('the estimate of a rate of change', () => {
  test('of visits at one interval is the bias-corrected form of Cho and Garcia-Molina', () => {
    fc.assert(
      fc.property(fc.integer({ min: 60_000, max: 30 * day }), fc.array(fc.boolean(), { minLength: 1, maxLength: 60 }), (intervalMs, changed) => {
        const [n, x] = [changed.length, changed.filter(Boolean).length]
        const expected = x === 0 ? 0 : -Math.log((n - x + 0.5) / (n + 0.5)) / intervalMs
        expect(changeRate(visits(regular(intervalMs, changed))) * intervalMs).toBeCloseTo(expected * intervalMs, 6)
      }),
    )
  })

  test.each([0.1, 0.5, 1, 2])('finds the rate of pages that change %f times between two visits', (perVisit) => {
    expect(meanRatio({ rate: perVisit / day, count: 200, intervalMs: () => day })).toBeCloseTo(1, 1)
  })
  test('finds it at irregular intervals, where a share of changed visits would not', () => {
    const parts = { rate: 1 / day, count: 200, intervalMs: (random: number) => hour * 2 ** (9 * random) }
    expect(meanRatio(parts)).toBeGreaterThan(0.92)
    expect(meanRatio(parts)).toBeLessThan(1.08)
  })
  test('finds it where every visit finds a change, once changes have dates', () => {
    const parts = { rate: 5 / day, count: 100, intervalMs: () => day }
    expect(meanRatio({ ...parts, dated: true })).toBeCloseTo(1, 1)
    expect(meanRatio(parts)).toBeLessThan(0.97)
  })
  test('comes nearer with more visits', () => {
    expect(errorOf(200)).toBeLessThan(errorOf(20) / 2)
  })
  test('follows a page that lives otherwise than it did', () => {
    const calm = visits([...regular(day, changed(1)), ...regular(day, changed(50)).map((step) => ({ ...step, content: step.content && step.content + 1000 }))])
    expect(changeRate(calm) * day).toBeLessThan(0.3)
  })
})

describe('the next visit', () => {
  test('keeps within its bounds', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ afterMs: fc.integer({ min: 0, max: 90 * day }), content: fc.option(fc.nat(9), { nil: undefined }) }), { maxLength: 40 }),
        (steps) => {
          const memory = visits(steps)
          const waitMs = nextVisitAt(memory, bounds) - memory.checkedAt
          expect(waitMs).toBeGreaterThanOrEqual(bounds.minMs)
          expect(waitMs).toBeLessThanOrEqual(bounds.maxMs)
        },
      ),
    )
  })
  test('is never later for one more change than for none', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: hour, max: 10 * day }), fc.boolean()), { maxLength: 30 }),
        fc.integer({ min: hour, max: 10 * day }),
        (history, afterMs) => {
          const before = history.map(([ms, isChanged], n): Step => ({ afterMs: ms, content: isChanged ? n + 1 : undefined }))
          const [changed, calm] = [99, undefined].map((content) => visits([...before, { afterMs, content }]))
          expect(changeRate(changed!)).toBeGreaterThan(changeRate(calm!))
          expect(nextVisitAt(changed!, bounds)).toBeLessThanOrEqual(nextVisitAt(calm!, bounds))
        },
      ),
    )
  })
  test('comes later and later while nothing changes', () => {
    let memory = visits([])
    let at = start
    const waits = Array.from({ length: 8 }, () => {
      const next = nextVisitAt(memory, bounds)
      const waitMs = next - at
      at = next
      memory = observe(memory, { at, factsAt: at, content: undefined }).life
      return waitMs / hour
    })
    expect(waits).toEqual([1, 2, 6, 18, 54, 162, 486, 720])
  })
  test('of a page that says when it changed begins where it left off', () => {
    expect(nextVisitAt(visits([], { lastModifiedAt: start - 10 * day }), bounds) - start).toBeCloseTo(10 * day * Math.LN2, -2)
    expect(nextVisitAt(visits([], { lastModifiedAt: start }), bounds) - start).toBe(hour)
    expect(nextVisitAt(visits([], { lastModifiedAt: start + day }), bounds) - start).toBe(hour)
  })
})

const changes = (contents: readonly (number | undefined)[]) => visits(contents.map((content) => ({ afterMs: day, content }))).changes

describe('a page has changed', () => {
  test('when its content is new', () => expect(changes([0, 1, 1, undefined, 2])).toBe(2))
  test('once, when it went back to what it was', () => expect(changes([1, 0])).toBe(1))
  test('once, when it goes back and forth for ever', () => expect(changes(Array.from({ length: 50 }, (_, n) => n % 2))).toBe(1))
  test('whatever Last-Modified says of the same bytes', () => {
    expect(visits([{ afterMs: day, content: 0, lastModifiedAt: start + day - 5000 }]).changes).toBe(0)
  })
  test('and a date that cannot be true is no date', () => {
    const [dated, lying] = [start + hour, start - day].map((lastModifiedAt) => visits([{ afterMs: day, content: 1, lastModifiedAt }]))
    expect([dated!.dated, lying!.dated]).toEqual([1, 0])
  })
})

describe('a memory', () => {
  const anySteps = fc.array(fc.record({ afterMs: fc.integer({ min: 0, max: 400 * day }), content: fc.option(fc.nat(), { nil: undefined }) }), {
    maxLength: 400,
  })
  test('is text of at most 512 characters that says the same again', () => {
    fc.assert(
      fc.property(anySteps, (steps) => {
        const memory = { ends: 0, life: visits(steps) }
        expect(encodeMemory(memory).length).toBeLessThanOrEqual(512)
        expect(decodeMemory(encodeMemory(memory))).toEqual(memory)
      }),
      { numRuns: 30 },
    )
  })
  test('fits however full it is', () => {
    const full = 36 ** 9
    const undated = Array.from({ length: 26 }, () => ({ count: 256, sumMs: full }))
    const contents = Array.from({ length: 4 }, () => 'f'.repeat(11))
    const kept = { publishedAt: full, sketch: 'f'.repeat(19), isWithdrawn: true }
    const [answer, word] = ['f'.repeat(11), 'f'.repeat(6)]
    const times = { firstSeenAt: full, checkedAt: full, checks: full, changes: full, watchedMs: full, quietMs: full, dated: full }
    expect(encodeMemory({ ends: full, life: { ...times, undated, contents, answer, word, kept } }).length).toBeLessThanOrEqual(512)
  })
  test.each([undefined, { publishedAt: undefined, sketch: 'a-_0'.repeat(4) + 'abc' }, { publishedAt: start, sketch: '-'.repeat(19), isWithdrawn: true }])(
    'keeps what was kept: %j',
    (kept) => {
      const { life } = observe(undefined, { at: start, factsAt: start, content: content(1) })
      const known = decodeMemory(encodeMemory({ ends: 3, life: { ...life, kept } }))
      expect(known).toMatchObject({ ends: 3, life: { kept } })
      expect(observe(known?.life, { at: start + day, factsAt: start, content: content(2) }).life.kept).toEqual(kept)
    },
  )
  test('keeps when the page was first seen, by the clock of facts', () => {
    const first = observe(undefined, { at: start, factsAt: 7, content: content(1) })
    expect(observe(first.life, { at: start + day, factsAt: 8, content: content(2) }).life.firstSeenAt).toBe(7)
  })
  test('of a page that was never read is how often that came to nothing', () => {
    expect(decodeMemory(encodeMemory({ ends: 7, life: undefined }))).toEqual({ ends: 7, life: undefined })
  })
  test.each([
    undefined,
    '',
    '2',
    '2 zzz',
    '1 0 0 0 0 0 0 0 0     ',
    'x',
    ...['1+z+3', '0+1', '1+1.'.repeat(40)].map((groups) => `2 0 0 0 0 0 0 0 0 ${groups}    `),
  ])('of nonsense (%j) is none', (text) => {
    expect(decodeMemory(text)).toBeUndefined()
  })
  test('is read from any text, or not at all', () => {
    const property = fc.property(fc.string(), (text) => {
      const memory = decodeMemory(text)
      return memory === undefined || encodeMemory(memory).length <= 512
    })
    expect(fc.check(property).failed).toBe(false)
  })
})
