import { execFile } from 'node:child_process'
import { appendFile, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { lineage } from '#schemas/lineage.ts'
import { goldenDataset, trainThroughKills } from '#test/chaos/killed-training.ts'
import { spawnLines } from '#test/chaos/child-lines.ts'
import { temporaryFolder } from '#test/golden/bridge.ts'
import { allPassed, anyPython, hasWallets, packageFolder, pytest, pythonEnv, torchPython } from './orrery-feed.ts'
import { servedRun } from './served-run.ts'

const tensorflowPython = process.env['TENSORFLOW_PYTHON']
if (!tensorflowPython)
  console.warn('nobody tests the Python package orrery-feed with TensorFlow: name a Python with pytest and tensorflow in TENSORFLOW_PYTHON')
const trainer = join(packageFolder, '../../examples/train.py')
const small = ['--width', '16', '--layers', '1', '--heads', '2', '--device', 'cpu', '--job', goldenDataset]

const quick = ['deal', 'check', 'hours', 'exchange', 'member', 'documents', 'loader', ...(torchPython ? ['torch'] : []), ...(hasWallets ? ['hotkey'] : [])].map(
  (name) => `tests/test_${name}.py`,
)

test.skipIf(!anyPython)('the loaders have the run in its order, resume it anywhere, lease and report, and bear what goes wrong on the way', async () => {
  expect(await pytest(anyPython!, [...quick, '-m', 'not long'])).toMatch(allPassed)
})

test.skipIf(!torchPython)('a node with PyTorch, the loaders with every number of workers, the trainer of Hugging Face', async () => {
  expect(await pytest(torchPython!, ['tests', '--ignore=tests/test_tf.py', ...(hasWallets ? [] : ['--ignore=tests/test_hotkey.py']), '-m', 'long'])).toMatch(
    allPassed,
  )
})

test.skipIf(!tensorflowPython)('a dataset of TensorFlow has the run', async () => {
  expect(await pytest(tensorflowPython!, ['tests/test_tf.py'])).toMatch(allPassed)
})

test.skipIf(!torchPython)('an epoch is trained by two processes of torchrun, and from its checkpoint by three, and the logs have each batch once', async () => {
  await using served = await servedRun()
  await using folder = await temporaryFolder()
  const train = (ranks: number, steps: number) => {
    const torchrun = ['-m', 'torch.distributed.run', '--standalone', '--nproc-per-node', `${ranks}`, trainer]
    const about = ['--feed', served.origin, '--out', folder.path, '--steps', `${steps}`, '--checkpoint-every', '3']
    return promisify(execFile)(torchPython!, [...torchrun, ...about, ...small], { env: { ...pythonEnv, XDG_STATE_HOME: folder.path, OMP_NUM_THREADS: '1' } })
  }
  await train(2, 4)
  // One of them had gone on when it was killed.
  await appendFile(join(folder.path, 'log-1.jsonl'), '{"step": 5, "epoch": 2, "batch": 9, "repeated": 0, "source": "docs", "loss": 1}\n{"st')
  await train(3, 8)
  const logs = (await readdir(folder.path)).filter((name) => name.startsWith('log-')).map((name) => join(folder.path, name))
  expect(logs).toHaveLength(3)
  const { stdout } = await promisify(execFile)(torchPython!, ['-m', 'orrery_feed', 'check', ...logs, '--feed', served.origin], { env: pythonEnv })
  // Four steps of two and one of three are an epoch of eleven batches.
  expect(stdout).toBe('epoch 2: 11 of 11 batches, each once\nepoch 3: 9 of 11 batches, each once\n')
})

interface Step {
  step: number
  epoch: number
  batch?: number
  source: string
  loss: number
}

test.skipIf(!torchPython)('a training run that is killed again and again, and its bridge, has the batches and the losses of one that is not', async () => {
  const settings = { rows: 2, sequence_tokens: 32, epoch_batches: 16 }
  const run = async (kills: number): Promise<Step[]> =>
    trainThroughKills(
      {
        seed: 3,
        kills,
        steps: 40,
        settings,
        start({ origin, folder }) {
          const out = join(folder, 'gpt')
          const args = ['--feed', origin, '--out', out, '--steps', '40', '--checkpoint-every', '3', '--tell-every', '1', ...small]
          return spawnLines(torchPython!, [trainer, ...args], { ...pythonEnv, OMP_NUM_THREADS: '1' })
        },
      },
      async ({ house, folder }) => {
        const report = await readFile(join(folder, 'gpt', 'report.html'), 'utf8')
        expect(report).toContain('Loss of each source')
        const plans = await house.catalog.history(lineage.plan(goldenDataset), { limit: 10 })
        expect(plans.length).toBeGreaterThan(2)
        const log = await readFile(join(folder, 'gpt', 'log-0.jsonl'), 'utf8')
        return log
          .trimEnd()
          .split('\n')
          .map((line) => JSON.parse(line) as Step)
          .filter(({ batch }) => batch !== undefined)
      },
    )
  const [whole, killed] = [await run(0), await run(6)]
  expect(killed.map(({ step }) => step)).toEqual(Array.from({ length: 40 }, (_, n) => n + 1))
  expect(killed).toEqual(whole)
})
