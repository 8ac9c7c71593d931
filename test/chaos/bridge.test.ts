import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { lineage } from '#schemas/lineage.ts'
import { bridgeHouse, furnish, goldenDataset, temporaryFolder } from '#test/golden/bridge.ts'
import { tokenDataset } from '#test/golden/tokens.ts'
import { trainNode } from '#trainer-bridge/node/train.ts'

const program = fileURLToPath(new URL('serve-bridge.ts', import.meta.url))
const settings = { rows: 2, sequence_tokens: 16, epoch_batches: 150, lease_seconds: 1 }

interface Line {
  name: string
  port?: number
  origin?: string
}

/** A serving process: its lines as they come, and the end of it. */
interface Served {
  /** Resolves with the next line of that name. */
  line(name: string): Promise<Line>
  kill(): Promise<void>
}

function serve(folder: string, port: number): Served {
  const child: ChildProcess = spawn(process.execPath, [program, folder, String(port), JSON.stringify(settings)], { stdio: ['ignore', 'pipe', 'inherit'] })
  const waiting: { name: string; resolve: (line: Line) => void }[] = []
  const seen: Line[] = []
  const exited = once(child, 'exit')
  createInterface({ input: child.stdout! }).on('line', (text) => {
    const line = JSON.parse(text) as Line
    seen.push(line)
    for (const each of waiting.filter(({ name }) => name === line.name)) each.resolve(line)
  })
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL')
    await exited
  }
  return {
    line: (name) => {
      const known = seen.find((line) => line.name === name)
      return known ? Promise.resolve(known) : new Promise((resolve) => waiting.push({ name, resolve }))
    },
    kill,
  }
}

/** A repeatable choice of moments: after so many acknowledged batches the feed is killed. */
function momentsOf(seed: number, count: number): number[] {
  let state = seed
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return 3 + ((state >>> 8) % 20)
  })
}

test('a feed killed again and again settles every batch once and steers once, while two nodes train on', async () => {
  await using folder = await temporaryFolder()
  await using house = bridgeHouse(folder.path, settings)
  await furnish(folder.path, house, tokenDataset({ strata: { web: [3000], docs: [3000] } }))

  await using stack = new AsyncDisposableStack()
  let feed = serve(folder.path, 0)
  stack.defer(() => feed.kill())
  const { port = 0, origin = '' } = await feed.line('listening')
  const leaving = new AbortController()
  stack.defer(() => leaving.abort())
  let acked = 0
  let wake: (() => void) | undefined
  let wakeAt = Infinity
  const counting: typeof globalThis.fetch = async (input, init) => {
    const isAck = new URL(String(input)).pathname.endsWith('/acks')
    // The kill and the answer go out together: whether it still counts is left to chance.
    if (isAck && ++acked === wakeAt) wake?.()
    return globalThis.fetch(input, init)
  }
  const parts = { origin, fetch: counting, pace: house.pace, telemetry: house.telemetry, signal: leaving.signal }
  const nodes = ['a', 'b'].map((node) => trainNode({ ...parts, node }))

  for (const moment of momentsOf(11, 5)) {
    await new Promise<void>((resolve) => {
      wake = resolve
      wakeAt = acked + moment
    })
    await feed.kill()
    feed = serve(folder.path, port)
    await feed.line('listening')
  }
  await feed.line('bridge.steered')
  leaving.abort()
  await Promise.all(nodes)

  const plans = await house.catalog.history(lineage.plan(goldenDataset), { limit: 100 })
  expect(plans).toHaveLength(1)
  const { states, closed } = await house.ledger.progress(plans[0]?.sha256 ?? '', 0)
  const settlements = await house.ledger.settlements(plans[0]?.sha256 ?? '', 0, { limit: 1000 })
  expect([closed, states.settled]).toEqual([true, settings.epoch_batches])
  expect(new Set(settlements.map(({ batch }) => batch)).size).toBe(settings.epoch_batches)
  expect(settlements).toHaveLength(settings.epoch_batches)
  const lists = await house.catalog.history(lineage.desirability, { limit: 100 })
  expect(lists.map(({ manifest }) => manifest.caused_by?.epoch)).toEqual([0, undefined])
})
