import { setTimeout as delay } from 'node:timers/promises'
import { Pool } from 'undici'
import { seeded } from './killed-up.ts'

export interface ChurnSettings {
  origin: string
  nodes: number
  /** Mean time that a batch takes, ms. */
  trainMs: number
  /** Time to live of a lease, ms: who is late comes after that. */
  leaseMs: number
  /** Share of the nodes that goes without a word in a minute; another comes for each. */
  leavesPerMinute: number
  seed: number
  connections: number
  signal: AbortSignal
}

/** What the nodes saw. */
export interface ChurnReport {
  /** Of all kinds, those that were answered. */
  requests: number
  leaseRequests: number
  /** Of the lease requests that did not ask to wait and were answered, ms. */
  leaseMs: number[]
  /** Batch → node, of each batch that the feed said was settled. */
  acknowledged: Map<string, string>
  /** Batches that the feed said had been settled by two different nodes. */
  acknowledgedTwice: number
  /** Repeated requests that got what the first had not. */
  unlike: number
  left: number
  /** Answers with a status that no node could do anything about. */
  refused: Map<string, number>
}

interface Grant {
  plan_id: string
  epoch: number
  batch: number
  token: string
  fence: number
  rows: number
  sequence_tokens: number
  tokens_path: string
}

interface Answer {
  status: number
  body: { state?: string; leases?: Grant[]; retry_after_ms?: number; code?: string; error?: { code?: string } }
}

/** How often what goes wrong in the world goes wrong here. */
const share = { answerLost: 0.03, ackTwice: 0.05, ackLate: 0.01, ackReplayed: 0.02, hoards: 0.01, clockOff: 0.1, givesBack: 0.01, polls: 0.2 }
/** What a node that does not poll asks the feed to wait for work, as the clients of this project do. */
const waitMs = 10_000

/** Nodes that train nothing, each as badly as nodes do, until the signal. What they see is in the report as it comes. */
export function churn(settings: ChurnSettings): { report: ChurnReport; ended: Promise<unknown> } {
  const pool = new Pool(settings.origin, { connections: settings.connections, keepAliveTimeout: 60_000, bodyTimeout: 60_000, headersTimeout: 60_000 })
  const report: ChurnReport = {
    requests: 0,
    leaseRequests: 0,
    leaseMs: [],
    acknowledged: new Map(),
    acknowledgedTwice: 0,
    unlike: 0,
    left: 0,
    refused: new Map(),
  }
  const scene: Scene = { settings, pool, report, random: seeded(settings.seed), replays: new Set() }
  const places = Array.from({ length: settings.nodes }, (_, n) => keepPlace(scene, n))
  const ended = Promise.all(places)
    .then(() => Promise.all(scene.replays))
    .finally(() => pool.destroy())
  return { report, ended }
}

interface Scene {
  settings: ChurnSettings
  pool: Pool
  report: ChurnReport
  random(): number
  replays: Set<Promise<void>>
}

/** One node after the other. */
async function keepPlace(scene: Scene, place: number): Promise<void> {
  const { signal } = scene.settings
  // They do not all come in one moment.
  await rest(scene, scene.random() * scene.settings.trainMs)
  for (let life = 0; !signal.aborted; life++) {
    const meanLifeMs = 60_000 / scene.settings.leavesPerMinute
    await live(scene, `n${place}-${life}`, performance.now() + exponential(scene, meanLifeMs)).catch((error: unknown) => {
      if (!signal.aborted) throw error
    })
    scene.report.left++
  }
}

const exponential = ({ random }: Scene, mean: number): number => -Math.log(1 - random()) * mean

const rest = ({ settings }: Scene, ms: number): Promise<unknown> => delay(ms, undefined, { signal: settings.signal }).catch(() => undefined)

async function live(scene: Scene, node: string, until: number): Promise<void> {
  const { random, settings } = scene
  const limit = random() < share.hoards ? 64 : 1
  // Minutes off, either way; the node is there for long enough by its own clock.
  const clock = random() < share.clockOff ? { available_until: Math.round(Date.now() + (random() - 0.5) * 1_200_000 + 3_600_000) } : {}
  const wait = random() < share.polls ? {} : { wait_ms: waitMs }
  for (let n = 0; performance.now() < until && !settings.signal.aborted; n++) {
    const request = { node, limit, request_id: `${node}-${n}`, ...clock, ...wait }
    const { leases = [], retry_after_ms = 500 } = (await leaseAnswer(scene, request)).body
    if (leases.length === 0) await rest(scene, retry_after_ms * (0.5 + random()))
    for (const grant of leases) {
      const trained = await train(scene, node, grant, until)
      if (!trained) return
    }
  }
}

async function leaseAnswer(scene: Scene, request: object): Promise<Answer> {
  const { report, random } = scene
  const ask = async (): Promise<Answer> => {
    const started = performance.now()
    report.leaseRequests++
    const answer = await persist(scene, '/v1/leases', request, () => performance.now())
    if (!('wait_ms' in request)) report.leaseMs.push((answer.at ?? performance.now()) - (answer.from ?? started))
    return answer
  }
  const first = await ask()
  if (random() >= share.answerLost || first.body.leases?.length === 0) return first
  const again = await ask()
  // Some may have run out meanwhile, none may be new.
  const known = new Set(first.body.leases?.map(({ token }) => token))
  if (again.body.leases?.some(({ token }) => !known.has(token))) report.unlike++
  return again
}

/** A node that goes says nothing: false. */
async function train(scene: Scene, node: string, grant: Grant, until: number): Promise<boolean> {
  const { random, settings, report } = scene
  const proof = { node, plan_id: grant.plan_id, epoch: grant.epoch, batch: grant.batch, token: grant.token, fence: grant.fence }
  if (!(await fetchBlock(scene, grant))) {
    await post(scene, '/v1/nacks', { ...proof, reason: 'its block does not come' }).catch(() => undefined)
    return true
  }
  for (let left = exponential(scene, settings.trainMs); left > 0; left -= settings.leaseMs / 2) {
    await rest(scene, Math.min(left, settings.leaseMs / 2))
    if (performance.now() > until || settings.signal.aborted) return false
    if (left > settings.leaseMs / 2 && (await persist(scene, '/v1/leases/renew', proof)).status !== 200) return true
  }
  if (random() < share.givesBack) {
    await post(scene, '/v1/nacks', { ...proof, reason: 'out of memory' }).catch(() => undefined)
    return true
  }
  if (random() < share.ackLate) await rest(scene, settings.leaseMs * 1.5)
  const ack = { ...proof, loss: 1 + random(), tokens: grant.rows * grant.sequence_tokens }
  const send = () => persist(scene, '/v1/acks', ack)
  const answers = random() < share.ackTwice ? await Promise.all([send(), send()]) : [await send()]
  if (random() < share.answerLost) answers.push(await send())
  for (const answer of answers) note(report, node, grant, answer)
  if (random() < share.ackReplayed) replay(scene, async () => note(report, node, grant, await send()))
  return true
}

function note(report: ChurnReport, node: string, { plan_id, batch }: Grant, { status, body }: Answer): void {
  const key = `${plan_id}/${batch}`
  if (status === 200) {
    const known = report.acknowledged.get(key)
    if (known !== undefined && known !== node) report.acknowledgedTwice++
    report.acknowledged.set(key, node)
  } else if (status !== 409) {
    const code = `${status} ${body.code ?? body.error?.code ?? ''}`
    report.refused.set(code, (report.refused.get(code) ?? 0) + 1)
  }
}

function replay(scene: Scene, send: () => Promise<void>): void {
  const replayed = rest(scene, scene.random() * scene.settings.leaseMs)
    .then(send)
    .catch(() => undefined)
    .finally(() => scene.replays.delete(replayed))
  scene.replays.add(replayed)
}

async function fetchBlock(scene: Scene, { tokens_path }: Grant): Promise<boolean> {
  for (let attempt = 0; attempt < 8; attempt++) {
    const status = await scene.pool
      .request({ path: tokens_path, method: 'GET', signal: scene.settings.signal })
      .then(async ({ statusCode, body }) => {
        await body.dump()
        scene.report.requests++
        return statusCode
      })
      .catch(() => 503)
    if (status === 200) return true
    if (status < 500) return false
    await rest(scene, 500 * 2 ** Math.min(attempt, 3))
  }
  return false
}

/** Asks until it is answered: the feed may be down. `from` and `at` are of the try that was answered. */
async function persist(scene: Scene, path: string, body: object, now = (): number => 0): Promise<Answer & { from?: number; at?: number }> {
  for (;;) {
    scene.settings.signal.throwIfAborted()
    const from = now()
    const answer = await post(scene, path, body).catch(() => undefined)
    if (answer && answer.status < 500 && answer.status !== 429 && answer.status !== 408) return { ...answer, from, at: now() }
    await rest(scene, 100 + scene.random() * 400)
  }
}

async function post({ pool, settings, report }: Scene, path: string, body: object): Promise<Answer> {
  const answer = await pool.request({
    path,
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal: settings.signal,
  })
  const said = (await answer.body.json()) as Answer['body']
  report.requests++
  return { status: answer.statusCode, body: said }
}
