import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { lineage } from '#schemas/lineage.ts'
import { job, openScene, type Scene } from '#test/adversary/scene.ts'
import { blockMs } from '#test/adversary/subnet.ts'
import type { MinerScore } from './scoring/score-miners.ts'
import type { Refetch } from './refetch.ts'
import { sqliteOutcomes, type OnDemandOutcome } from './on-demand/outcomes.ts'
import { openValidator, type ValidationReport, type ValidatorSettings } from './validator.ts'

let scene: Scene
beforeEach(async () => {
  scene = await openScene()
})
afterEach(() => scene[Symbol.asyncDispose]())

async function validate(settings: Partial<ValidatorSettings> = {}, refetch = scene.refetch, signal = new AbortController().signal): Promise<ValidationReport> {
  const { subnet, validator: signer } = scene
  await using validator = openValidator({ ...subnet, signer, settings: { sample_pages: 20, ...settings }, refetch, folder: join(subnet.dir, 'validator') })
  return await validator.cycle(signal)
}

const mined = async (name: string, from: number) => {
  const signer = await scene.subnet.join(name)
  await scene.mineHonestly(signer, scene.rows(signer, 40, { from }))
  return signer
}
/** Miners of the running cycle of whom what was found is durable. */
function finishedOf(): number {
  using db = new DatabaseSync(join(scene.subnet.dir, 'validator', 'scoring.sqlite'), { readOnly: true })
  return Number(db.prepare('select count(*) as finished from outcomes').get()?.['finished'])
}
const scoreOf = ({ miners }: ValidationReport, address: string) => miners.find(({ hotkey }) => hotkey === address)
const silent = (_: string, signal: AbortSignal): Promise<never> =>
  new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)))
const evaluated = (): unknown[] => scene.subnet.events.filter(({ name }) => name === 'validator.miner').map(({ fields }) => fields['miner'])

describe('a cycle', () => {
  test('evaluates a miner again when it is due, and scores and weighs it all the same', async () => {
    await scene.mineHonestly(scene.miner, scene.rows(scene.miner, 40))
    const first = await validate({ evaluate_seconds: 3600 })
    scene.subnet.pace.advance(1200_000)
    const late = await mined('miner-2', 500)
    const second = await validate({ evaluate_seconds: 3600 })
    expect(evaluated()).toEqual([scene.miner.address, late.address])
    const [before, after] = [first, second].map((report) => scoreOf(report, scene.miner.address))
    expect(after).toMatchObject({ credibility: before?.credibility, raw: before?.raw, passed: true })
    expect(second.weights).toMatchObject({ accepted: true, uids: [1, 2] })
    scene.subnet.pace.advance(2400_000)
    await validate({ evaluate_seconds: 3600 })
    expect(evaluated()).toEqual([scene.miner.address, late.address, scene.miner.address])
  })

  test('sets no weights before so many, counted over restarts', async () => {
    await scene.mineHonestly(scene.miner, scene.rows(scene.miner, 40))
    const accepted: boolean[] = []
    for (let cycle = 0; cycle < 3; cycle++) {
      accepted.push((await validate({ cycles_before_weights: 2 })).weights.accepted)
      scene.subnet.pace.advance(10 * blockMs)
    }
    expect(accepted).toEqual([false, false, true])
  })

  test('gives the owner its share, whoever else there is', async () => {
    const owner = await scene.subnet.join('owner')
    const settings = { owner_hotkey: owner.address, owner_share: 0.7 }
    expect((await validate(settings)).weights).toMatchObject({ uids: [2], values: [65_535] })
    await scene.mineHonestly(scene.miner, scene.rows(scene.miner, 40))
    scene.subnet.pace.advance(10 * blockMs)
    // 0.3 ÷ 0.7 of 65,535, half to even.
    expect((await validate(settings)).weights).toMatchObject({ uids: [1, 2], values: [28_086, 65_535] })
    expect((await validate({ ...settings, owner_hotkey: scene.validator.address.replace(/.$/, 'x') })).weights.uids).toEqual([1])
  })

  test('that is cut off goes on at its block with the miners that are left', async () => {
    await scene.mineHonestly(scene.miner, scene.rows(scene.miner, 40))
    const second = await mined('miner-2', 500)
    const stop = new AbortController()
    const { catalog } = scene.subnet
    const { commit } = catalog
    catalog.commit = async (line, ...said) => {
      if (JSON.stringify(line).includes(second.address)) {
        while (finishedOf() < 1) await setTimeout(10)
        stop.abort(new Error('cut off'))
        throw stop.signal.reason
      }
      return commit(line, ...said)
    }
    await expect(validate({}, scene.refetch, stop.signal)).rejects.toThrow('cut off')
    catalog.commit = commit
    scene.subnet.pace.advance(30 * blockMs)
    const { block, miners } = await validate()
    expect(evaluated().toSorted()).toEqual([scene.miner.address, second.address, second.address].toSorted())
    expect(miners.map(({ passed, standing }) => [passed, standing?.looks])).toEqual([
      [true, 20],
      [true, 20],
    ])
    expect(block).toBeLessThan((await scene.subnet.chain.block()).number - 30)
  })

  test('leaves a miner that takes all its time unjudged, though it is the only one', async () => {
    await scene.mineHonestly(scene.miner, scene.rows(scene.miner, 40))
    const before = (await validate()).miners[0]
    const { timeout } = AbortSignal
    vi.spyOn(AbortSignal, 'timeout').mockImplementation((ms) => timeout(ms === 3_600_000 ? 50 : ms))
    await scene.mineHonestly(scene.miner, scene.rows(scene.miner, 40, { from: 100 }))
    const late: (MinerScore | undefined)[] = []
    for (let cycle = 0; cycle < 3; cycle++) late.push((await validate({}, silent)).miners[0])
    vi.restoreAllMocks()
    expect(late.map((miner) => miner?.standing?.unjudged)).toEqual([1, 2, 3])
    expect(late[1]?.credibility).toBe(before?.credibility)
    expect(late[2]?.credibility).toBeCloseTo(0.85 * (before?.credibility ?? 0), 12)
  })

  test('begins no evaluation after its time; who is left is the first of the next', async () => {
    const all = [
      await mined('miner-2', 500),
      await mined('miner-3', 600),
      await mined('miner-4', 700),
      await mined('miner-5', 800),
      await mined('miner-6', 900),
    ]
    const settings = { every_seconds: 0, evaluate_seconds: 3600 }
    await validate(settings)
    expect(evaluated()).toHaveLength(4)
    await validate(settings)
    expect(evaluated().toSorted()).toEqual(all.map(({ address }) => address).toSorted())
  })

  test('that is cut off between the scores and the weights counts nothing twice', async () => {
    await scene.mineHonestly(scene.miner, scene.rows(scene.miner, 40))
    const { chain } = scene.subnet
    const { hyperparameters } = chain
    chain.hyperparameters = async () => Promise.reject(new Error('cut off'))
    await expect(validate()).rejects.toThrow('cut off')
    chain.hyperparameters = hyperparameters
    const { miners } = await validate()
    expect(miners[0]?.credibility).toBeCloseTo(0.15 + 0.85 * 0.15, 12)
    expect((await scene.subnet.catalog.head(lineage.scores(scene.validator.address)))?.manifest.cycle).toBe(2)
  })
})

describe('on demand', () => {
  const platform = 'web'
  const answer = (n: number, part: Partial<OnDemandOutcome> = {}): OnDemandOutcome => ({
    hotkey: scene.miner.address,
    jobId: `job-${n}`,
    platform,
    state: 'judged',
    passed: true,
    rows: 100,
    limit: 100,
    ms: 30_000,
    createdAt: scene.subnet.pace.now(),
    ...part,
  })

  async function told(answers: readonly OnDemandOutcome[], doable: number): Promise<void> {
    await using outcomes = sqliteOutcomes(join(scene.subnet.dir, 'validator', 'on-demand.sqlite'), { clock: scene.subnet.pace })
    await outcomes.add(answers)
    await outcomes.setDoable([{ platform, total_jobs: doable, doable_jobs: doable }])
  }

  test('counts each answer once, and caps the other channels where there is something to answer', async () => {
    await scene.mineHonestly(scene.miner, scene.rows(scene.miner, 40))
    const silent = await mined('miner-2', 500)
    const unasked = await validate()
    expect(unasked.miners.every(({ score }) => score > 0)).toBe(true)
    await told([answer(1), answer(2, { passed: null }), answer(3, { state: 'refused', passed: null })], 3)
    const asked = await validate()
    expect(scoreOf(asked, scene.miner.address)?.standing?.on_demand).toMatchObject({ boost: 30_000_000, credibility: expect.closeTo(0.51, 12), coverage: 1 })
    expect(scoreOf(asked, silent.address)).toMatchObject({ score: 0, standing: { on_demand: { coverage: 0.65 }, parts: { store: 0 } } })
    const again = await validate()
    expect(scoreOf(again, scene.miner.address)?.standing?.on_demand.boost).toBe(30_000_000)
  })
})

test('rows are paid by the share of drawn pages that hold what they say, averaged over what was looked at', async () => {
  const rows = scene.rows(scene.miner, 40)
  await scene.mineHonestly(scene.miner, rows)
  const hidden = new Set(rows.slice(0, 12).map(({ url }) => url))
  const refetch: Refetch = async (url, signal) => (hidden.has(url) ? { state: 'unfetchable', reason: 'http_503' } : scene.refetch(url, signal))
  const standings = [(await validate({ sample_pages: 40 }, refetch)).miners[0], (await validate({ sample_pages: 40 }, refetch)).miners[0]]
  const [first, second] = standings.map((miner) => miner?.standing)
  // 100 looks that were not made and 28 of 0.7, then 28 more.
  const shares = [(100 + 0.7 * 28) / 128, (100 + 0.7 * 56) / 156] as const
  expect([first?.confirmed, second?.confirmed]).toEqual(shares.map((share) => expect.closeTo(share, 9)))
  expect([first?.store.effective_bytes, second?.store.effective_bytes]).toEqual([40 * 300, expect.closeTo((40 * 300 * shares[1]) / 0.92, 6)])
})

test('who is suspect is looked at more, and believed no sooner for it', async () => {
  const rows = scene.rows(scene.miner, 200)
  await scene.mineHonestly(scene.miner, rows)
  const [asked, gone] = [new Set<string>(), new Set<string>()]
  const refetch: Refetch = async (url, signal) => {
    if (asked.add(url).size <= 3) gone.add(url)
    return gone.has(url) ? { state: 'gone', reason: 'http_404' } : scene.refetch(url, signal)
  }
  const looks: (number | undefined)[] = []
  for (let cycle = 0; cycle < 3; cycle++) {
    looks.push((await validate({ sample_pages: 10 }, refetch)).miners[0]?.standing?.looks)
    scene.subnet.pace.advance(30 * blockMs)
  }
  expect(asked.size).toBeGreaterThan(30)
  expect(looks).toEqual([10, 20, 30])
})

test('a job that has left the list by its date counts next to nothing, and is expected of nobody', async () => {
  await scene.mineHonestly(scene.miner, scene.rows(scene.miner, 40))
  const before = (await validate()).miners[0]
  const { catalog } = scene.subnet
  const head = await catalog.head(lineage.desirability)
  const jobs = [
    { ...job, max_rows: 10 },
    { ...job, id: 'gone', expires_at: '2026-01-01T00:00:00Z' },
  ]
  await catalog.commit(lineage.desirability, head?.sha256, { kind: 'desirability', parent: head?.sha256 ?? null, jobs, evidence: [], caused_by: null })
  const after = (await validate()).miners[0]
  expect([before?.standing?.store.effective_bytes, after?.standing?.store.effective_bytes]).toEqual([40 * 300, 10 * 300])
})
