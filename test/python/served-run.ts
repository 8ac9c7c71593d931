import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { developmentKey } from '#infra/chain/key-file.ts'
import type { LocalChain } from '#infra/chain/local.ts'
import { writeOnce } from '#infra/chain/wallet.ts'
import { listen } from '#infra/net/server.ts'
import { bridgeHouse, furnish, goldenDataset, temporaryFolder, type BridgeHouse } from '#test/golden/bridge.ts'
import { tokenDataset } from '#test/golden/tokens.ts'
import { openBridge } from '#trainer-bridge/service.ts'

export const geometry = { rows: 2, sequence_tokens: 32, epoch_batches: 11 }
const strata = { docs: [2000], readme: [2500], 'a/b ü': [1500] }
const closedEpochs = 2

/** What the Python client is tested against, as its `tests/conftest.py` reads it. */
interface ServedRun extends AsyncDisposable {
  origin: string
  run: string
  rows: number
  sequence_tokens: number
  /** Of each batch of the epochs that are closed: its source and the sha256 of its tokens. */
  closed: [string, string][][]
  /** A run of the same data where stake admits. */
  staked: string
  /** File of a hotkey that has it. */
  hotkey: string
  /** Of an operator. */
  key: string
}

/** A listening bridge that opens epoch after epoch, without end, the first of them settled already. Anybody may join, and none by the name alone. */
export async function servedRun(): Promise<ServedRun> {
  const stack = new AsyncDisposableStack()
  const { origin } = await runningBridge(stack, { admission: 'open', host: '0.0.0.0' })
  const staked = await runningBridge(stack, { admission: 'stake', stake_min: 2 })
  const key = await staked.house.access.keys.create({ name: 'k', scopes: ['feed'], requestsPerMinute: null, bytesPerDay: null, expiresAt: null })
  const hotkey = await stakedHotkey(staked.house)
  const job = `${origin}/v1/jobs/${goldenDataset}`
  const { token } = await posted(`${origin}/v1/nodes`, { node: 'first' })
  const closed: [string, string][][] = []
  for (let epoch = 0; epoch < closedEpochs; epoch++) closed.push(await trainEpoch(job, epoch, `${token}`))
  const run = { origin, run: goldenDataset, ...geometry, closed, staked: staked.origin, hotkey, key: key.secret }
  return { ...run, [Symbol.asyncDispose]: () => stack.disposeAsync() }
}

async function runningBridge(stack: AsyncDisposableStack, settings: Partial<BridgeHouse['settings']>): Promise<{ origin: string; house: BridgeHouse }> {
  const folder = stack.use(await temporaryFolder())
  const house = stack.use(bridgeHouse(folder.path, { ...geometry, passes: 0, lease_seconds: 60, ...settings }))
  await furnish(folder.path, house, tokenDataset({ strata, vocabulary: 50 }))
  const bridge = stack.use(await openBridge(house))
  const leaving = new AbortController()
  const { origin } = await listen(bridge.app, { host: '127.0.0.1', port: 0, setting: 'bridge.port' })
  const running = runEpochs(bridge.runEpoch, leaving.signal)
  stack.defer(async () => {
    leaving.abort()
    await running
  })
  return { origin, house }
}

async function stakedHotkey(house: BridgeHouse): Promise<string> {
  const chain = house.chain as LocalChain
  const [own, coldkey] = [developmentKey('a trainer'), developmentKey('its owner')]
  await chain.register(own.signer, coldkey.signer.address)
  await chain.faucet(own.signer, 2_000_000_000n)
  const path = join(house.dataDir, 'hotkey')
  await writeOnce(path, own.hotkeyFile)
  return path
}

async function runEpochs(runEpoch: (signal: AbortSignal) => Promise<unknown>, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) await runEpoch(signal).catch(rethrowUnless(signal))
}

const rethrowUnless = (signal: AbortSignal) => (error: unknown) => {
  if (!signal.aborted) throw error
}

/** As a trainer without leases does, once the epoch is there. */
async function trainEpoch(job: string, epoch: number, token: string): Promise<[string, string][]> {
  let planned: Response
  do planned = await fetch(`${job}/epochs/${epoch}`)
  while (planned.status === 404)
  const { plan } = (await planned.json()) as { plan: { batches: number } }
  const batches: [string, string][] = []
  for (let batch = 0; batch < plan.batches; batch++) {
    const block = await fetch(`${job}/epochs/${epoch}/batches/${batch}`)
    const sha256 = createHash('sha256')
      .update(new Uint8Array(await block.arrayBuffer()))
      .digest('hex')
    batches.push([decodeURIComponent(block.headers.get('orrery-label') ?? ''), sha256])
  }
  const tokens = geometry.rows * geometry.sequence_tokens
  const items = batches.map((_, batch) => ({ batch, loss: 3, tokens }))
  await posted(`${job}/losses`, { node: 'first', epoch, items }, token)
  return batches
}

async function posted(url: string, body: object, token?: string): Promise<Record<string, unknown>> {
  const headers = { 'content-type': 'application/json', ...(token !== undefined && { authorization: `Bearer ${token}` }) }
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) })
  return (await response.json()) as Record<string, unknown>
}
