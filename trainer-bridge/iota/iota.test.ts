import { gunzipSync } from 'node:zlib'
import { expect, test, vi } from 'vitest'
import { lineage } from '#schemas/lineage.ts'
import type { Settlement } from '#schemas/ledger.ts'
import { bridgeHouse, furnish, goldenDataset, temporaryFolder, type BridgeHouse } from '#test/golden/bridge.ts'
import { tokenDataset } from '#test/golden/tokens.ts'
import { manualClock, type ManualClock } from '#test/manual-clock.ts'
import { openBridge, type Bridge } from '../service.ts'
import { activationId, readActivationId } from './activation-id.ts'
import { chance, iotaMiner, type Answered, type IotaMiner } from './miners.fixture.ts'

const never = new AbortController().signal
const second = 1000

interface Stage extends AsyncDisposable {
  clock: ManualClock
  house: BridgeHouse
  bridge: Bridge
  /** A new process over the same data. */
  restart(): Promise<void>
  miner(name: string): IotaMiner
  settlements(): Promise<Settlement[]>
}

/** The tokenizer of the golden tokens: each is a word, its number. */
const numbersAsWords = ({ name, fingerprint, vocabulary: size }: { name: string; fingerprint: string; vocabulary: number }): BridgeHouse['encoders'] => ({
  vocabulary: async () => ({ name, fingerprint, size, endOfText: 0, endSpelling: '0' }),
  textOf: async (tokens) => Buffer.from(tokens.join(' ')),
})

async function stageOf(settings: Partial<BridgeHouse['settings']> = {}): Promise<Stage> {
  const stack = new AsyncDisposableStack()
  // Signatures carry the date, so that this one is the machine's at first.
  const clock = manualClock(Date.now())
  const date = vi.spyOn(Date, 'now').mockImplementation(clock.now)
  stack.defer(() => date.mockRestore())
  const folder = stack.use(await temporaryFolder())
  const house = stack.use(bridgeHouse(folder.path, { iota_layers: 1, ...settings }, clock))
  const dataset = tokenDataset({ strata: { web: [1300], docs: [1300] } })
  await furnish(folder.path, house, dataset)
  const parts = { ...house, encoders: numbersAsWords(dataset.manifest.tokenizer) }
  let bridge = await openBridge(parts)
  stack.defer(() => bridge.close())
  await bridge.advance(never)
  return {
    clock,
    house,
    get bridge() {
      return bridge
    },
    async restart() {
      await bridge.close()
      bridge = await openBridge(parts)
    },
    miner: (name) => iotaMiner(() => bridge.app, name, clock.now),
    async settlements() {
      const plans = await house.catalog.history(lineage.plan(goldenDataset), { limit: 100 })
      const lists = await Promise.all(plans.map(({ sha256, version }) => house.ledger.settlements(sha256, version - 1, { limit: 1000 }).catch(() => [])))
      return lists.flat()
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}

const phases = (training: number, grace: number, uploading: number, merging: number) => ({
  iota_training_seconds: training,
  iota_grace_seconds: grace,
  iota_uploading_seconds: uploading,
  iota_merging_seconds: merging,
})

type Samples = { activation_id: string; direction: string; presigned_download_url: string }[]
const samplesOf = ({ body }: Answered): Samples => body as Samples
const register = (miner: IotaMiner) => miner.request('POST', '/miner/register', { run_id: goldenDataset, coldkey: null, register_as_metagraph_miner: true })()
/** As every 30 s of training: with an empty body. */
const heartbeat = (miner: IotaMiner) => miner.request('GET', '/miner/heartbeat?expected_phase=training', {})()
const lease = (miner: IotaMiner, limit = 2) => miner.request('GET', '/miner/get_activations', { n_fwd_activations: limit })
const report = (miner: IotaMiner, id: string, loss: number) => miner.request('POST', '/miner/report_loss', { activation_id: id, loss, layer_idx: 0 })

test('a miner registers, takes samples, reports losses; each request again is answered again and booked once', async () => {
  await using stage = await stageOf()
  const miner = stage.miner('m')
  expect(await lease(miner)()).toMatchObject({ status: 200, errorName: 'EntityNotRegisteredError' })
  expect((await register(miner)).body).toMatchObject({ layer: 0, current_epoch: 1, run_id: goldenDataset })
  expect((await miner.request('GET', '/common/get_run_info')()).body).toMatchObject([{ run_id: goldenDataset, is_default: true }])
  expect((await miner.request('GET', '/miner/layer_state')()).body).toBe('training')
  expect((await heartbeat(miner)).body).toEqual({ run_id: goldenDataset, layer: 0, epoch: 1, phase: 'training' })
  expect((await miner.request('GET', `/common/get_run_epoch?run_id=${goldenDataset}`)()).body).toEqual({ run_id: goldenDataset, epoch: 1 })
  expect((await miner.request('GET', '/common/get_run_epoch?run_id=other')()).status).toBe(404)
  // What a miner of layer 0 asks before it asks for samples.
  expect((await miner.request('GET', '/healthcheck')()).body).toEqual({ status: 'ok' })
  expect((await miner.request('GET', '/miner/all_layers_training')()).body).toBe(true)

  const asks = lease(miner)
  const first = samplesOf(await asks())
  expect(first).toHaveLength(2)
  expect(first.map(({ direction }) => direction)).toEqual(['forward', 'forward'])
  for (const passed of [41, 41]) {
    stage.clock.advance(passed * second)
    await stage.restart()
    expect(samplesOf(await asks())).toEqual(first)
  }
  // The address needs no key and no signature, and is good for as many layers as ask.
  const { pathname, search } = new URL(first[0]!.presigned_download_url)
  for (let layer = 0; layer < 3; layer++) {
    const text = await stage.bridge.app.inject(`${pathname}${search}`)
    expect([text.statusCode, text.headers['content-encoding'], Number(text.headers['content-length'])]).toEqual([200, undefined, text.rawPayload.length])
    expect(gunzipSync(text.rawPayload).toString().split(' ').length).toBeGreaterThanOrEqual(64)
  }
  const [one, two] = first.map(({ activation_id }) => activation_id) as [string, string]
  const reports = report(miner, one, 2.5)
  expect(await reports()).toMatchObject({ status: 200, body: { kept: true } })
  stage.clock.advance(41 * second)
  await stage.restart()
  expect(await reports()).toMatchObject({ status: 200, body: { kept: true } })
  // Another loss for the same sample: the first counts.
  expect(await report(miner, one, 1)()).toMatchObject({ body: { kept: true } })
  expect((await stage.settlements()).map(({ loss, node, tokens }) => ({ loss, node, tokens }))).toEqual([{ loss: 2.5, node: miner.hotkey, tokens: 64 }])
  const submitted = {
    activation_id: two,
    activation_path: null,
    direction: 'forward',
    activation_stats: { timing: { queue: 0.5, forward: [1e-5, null] } },
    attestation: null,
  }
  expect((await miner.request('POST', '/miner/submit_activation', submitted)()).body).toEqual({ [two]: true })
  const held = await miner.request('POST', '/miner/sync_activation_assignments', { activation_ids: [one, two, 'nonsense'] })()
  expect(held.body).toEqual({ [one]: false, [two]: true, nonsense: false })
})

test('a loss that is no number gives the sample back; what is nobody’s is refused', async () => {
  await using stage = await stageOf()
  const [miner, other] = [stage.miner('m'), stage.miner('o')]
  await Promise.all([register(miner), register(other)])
  const [sample] = samplesOf(await lease(miner, 1)())
  const id = sample?.activation_id ?? ''
  for (const loss of [NaN, -1, 1e9])
    expect(await report(miner, id, loss)()).toMatchObject({ status: 200, body: { kept: false, message: expect.stringContaining('the loss is') } })
  expect(await report(miner, id, 3)()).toMatchObject({ status: 200, body: { kept: false } })
  const activation = readActivationId(id)!
  for (const forged of [
    { ...activation, token: 'A'.repeat(activation.token.length) },
    { ...activation, node: other.hotkey },
    { ...activation, batch: 99_999 },
  ]) {
    const answer = await report(miner, activationId(forged), 3)()
    expect(answer).not.toMatchObject({ body: { kept: true } })
    expect(answer.status).toBeLessThan(500)
  }
  expect((await report(miner, 'no id', 3)()).status).toBe(404)
  const unsigned = await stage.bridge.app.inject({ method: 'POST', url: '/miner/report_loss', payload: '{}', headers: { 'content-type': 'application/json' } })
  expect(unsigned.statusCode).toBe(401)
  expect(await stage.settlements()).toEqual([])
})

test('an activation id is what it was made of, and plain enough for the name of a file', () => {
  const activation = { planId: 'ab'.repeat(32), epoch: 3, batch: 123_456, fence: 2, node: '5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY', token: 'x_-.9' }
  expect(readActivationId(activationId(activation))).toEqual(activation)
  expect(activationId(activation)).toMatch(/^[\w.-]{1,250}$/)
})

test('a training phase ends with a grace: nothing new is given out, what is finished settles, and the rest hears that it was not kept', async () => {
  await using stage = await stageOf({ epoch_batches: 10, ...phases(100, 20, 30, 10) })
  const { clock, house } = stage
  const miner = stage.miner('m')
  await register(miner)
  const [early, late] = samplesOf(await lease(miner)()).map(({ activation_id }) => activation_id) as [string, string]
  clock.advance(81 * second)
  expect(samplesOf(await lease(miner)())).toEqual([])
  expect((await miner.request('GET', '/miner/layer_state')()).body).toBe('training')
  expect((await report(miner, early, 2)()).body).toMatchObject({ kept: true })
  clock.advance(20 * second)
  const state = { expected_status: 'training', actual_status: 'weights_uploading', layer: 0 }
  expect(await heartbeat(miner)).toMatchObject({ status: 200, errorName: 'LayerStateError', body: { error_dict: state } })
  expect((await miner.request('GET', '/miner/heartbeat?expected_phase=weights_uploading', {})()).body).toMatchObject({ phase: 'weights_uploading', epoch: 1 })
  expect((await miner.request('GET', '/miner/heartbeat?expected_phase=resting', {})()).body).toMatchObject({ phase: 'weights_uploading' })
  expect((await miner.request('GET', '/miner/all_layers_training')()).body).toBe(false)
  expect(await lease(miner)()).toMatchObject({ status: 200, errorName: 'LayerStateError', body: { error_dict: state } })
  expect(house.events.find(({ name }) => name === 'bridge.phase_ended')?.fields).toMatchObject({ epoch: 0, kept: 1, dropped: 9 })
  expect(await report(miner, late, 2)()).toMatchObject({ status: 200, errorName: 'LayerStateError', body: { error_dict: { ...state, kept: false } } })
  expect((await report(miner, early, 2)()).body).toMatchObject({ kept: true })
  expect(await stage.bridge.advance(never)).toBe('steered')
  expect(await stage.bridge.advance(never)).toBe('opened')
  clock.advance(31 * second)
  expect((await miner.request('GET', '/miner/layer_state')()).body).toBe('merging_partitions')
  clock.advance(11 * second)
  expect(samplesOf(await lease(miner)())).toHaveLength(2)
})

/** What is given out again is what was given out before; where there was nothing, there may be something now. */
function isSameWork(before: unknown, after: unknown): boolean {
  if (!Array.isArray(before) || !Array.isArray(after) || before.length === 0) return true
  const ids = new Set((before as Samples).map(({ activation_id }) => activation_id))
  return (after as Samples).every(({ activation_id }) => ids.has(activation_id))
}

/** A sample on its way through the layers. */
interface Passing {
  id: string
  layer: number
}

test.each([5])('pipelines that drop, sleep, repeat and re-route, over phases and restarts, settle every batch at most once (seed %i)', async (seed) => {
  const layers = 3
  await using stage = await stageOf({ iota_layers: layers, epoch_batches: 25, ...phases(600, 120, 60, 60) })
  const { clock, house } = stage
  const random = chance(seed)
  const pick = <T>(all: readonly T[]): T => all[Math.floor(random() * all.length)] as T
  const miners = Array.from({ length: 12 }, (_, n) => stage.miner(`miner ${n}`))
  const layerOf = new Map<IotaMiner, number>()
  for (const miner of miners) layerOf.set(miner, ((await register(miner)).body as { layer: number }).layer)
  const of = (layer: number): IotaMiner[] => miners.filter((miner) => layerOf.get(miner) === layer)
  expect([of(0).length, of(1).length, of(2).length].every((count) => count > 0)).toBe(true)

  const asleepUntil = new Map<IotaMiner, number>()
  const isAwake = (miner: IotaMiner): boolean => (asleepUntil.get(miner) ?? 0) <= clock.now()
  let passing: Passing[] = []
  const kept = new Map<string, number>()
  const seen = { statuses: new Set<number>(), errors: new Set<string | undefined>(), other: 0 }

  /** As the client does it: now and then the answer is lost on the way, and the same headers come again 41 s later. */
  async function ask(request: () => Promise<Answered>): Promise<Answered> {
    let answer = await request()
    while (random() < 0.2) {
      clock.advance(random() < 0.5 ? 0 : 41 * second)
      const again = await request()
      if (again.status === 401) break
      if (!isSameWork(answer.body, again.body)) seen.other++
      answer = again
    }
    seen.statuses.add(answer.status)
    seen.errors.add(answer.errorName)
    return answer
  }

  async function reportBy(miner: IotaMiner, id: string): Promise<void> {
    const loss = random() < 0.05 ? NaN : 1 + random()
    const { body } = await ask(report(miner, id, loss))
    if (typeof body === 'object' && body !== null && 'kept' in body && body.kept === true && !kept.has(id)) kept.set(id, loss)
  }

  for (let tick = 0; tick < 32; tick++) {
    clock.advance(60 * second)
    await stage.bridge.advance(never)
    if (random() < 0.1) await stage.restart()
    if (random() < 0.2) asleepUntil.set(pick(miners), clock.now() + 600 * second)
    for (const miner of of(0).filter(isAwake).slice(0, 2)) {
      const { body } = await ask(lease(miner))
      if (Array.isArray(body)) passing.push(...(body as Samples).map(({ activation_id }) => ({ id: activation_id, layer: 0 })))
    }
    const before = passing
    passing = []
    for (const one of before) {
      if (random() < 0.1) continue
      if (one.layer < layers - 1) passing.push({ ...one, layer: one.layer + (random() < 0.7 ? 1 : 0) })
      else {
        await reportBy(pick(of(layers - 1)), one.id)
        // The first was thought lost: another last layer has it, too.
        if (random() < 0.1) await reportBy(pick(of(layers - 1)), one.id)
      }
    }
  }
  expect([[...seen.statuses], seen.other]).toEqual([[200], 0])
  expect([...seen.errors].toSorted()).toEqual(['LayerStateError', undefined])

  const plans = await house.catalog.history(lineage.plan(goldenDataset), { limit: 100 })
  expect(plans.length).toBeGreaterThan(1)
  const booked = new Map<string, { loss: number; node: string }>()
  for (const { sha256, version, manifest } of plans) {
    const { states } = await house.ledger.progress(sha256, version - 1)
    const settlements = await house.ledger.settlements(sha256, version - 1, { limit: 1000 })
    expect(Object.values(states).reduce((sum, count) => sum + count, 0)).toBe(manifest.batches)
    expect(settlements).toHaveLength(states.settled)
    for (const { batch, loss, node } of settlements) booked.set(`${sha256} ${batch}`, { loss, node })
    expect([...booked.keys()].filter((key) => key.startsWith(sha256))).toHaveLength(states.settled)
  }
  const heard = [...kept].map(([id, loss]) => {
    const { planId, batch } = readActivationId(id)!
    return [`${planId} ${batch}`, loss] as const
  })
  expect(new Map([...booked].map(([key, { loss }]) => [key, loss]))).toEqual(new Map(heard))
  // It is booked for who measured it: a node of the last layer.
  expect([...booked.values()].every(({ node }) => of(layers - 1).some(({ hotkey }) => hotkey === node))).toBe(true)
  expect(booked.size).toBeGreaterThan(15)
})
