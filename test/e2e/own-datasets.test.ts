import { mkdir, readdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import { lockFolder } from '#infra/corpus-index/writer-lock.ts'
import { temporaryFolder } from '#test/conformance/temporary-folder.ts'
import { goldenTokenizers } from '#test/golden/tokenizers.ts'
import { startHub } from '#test/site/hub.ts'
import { story } from '#test/site/story.ts'
import { main } from '../../main.ts'

const token = 'hf_golden_secret'

afterEach(() => {
  vi.restoreAllMocks()
  vi.unstubAllEnvs()
  process.stdout.removeAllListeners('error')
  process.exitCode = undefined
})

/** Runs one command line. @returns its answers, without events, what standard error says, and the exit code */
async function orrery(folder: string, ...args: string[]) {
  const [out, err] = [[] as string[], [] as string[]]
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => out.push(String(text)) > 0)
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => err.push(String(text)) > 0)
  process.exitCode = undefined
  await main([...args, '--data', join(folder, 'data')])
  const lines = out
    .join('')
    .split('\n')
    .filter((line) => line !== '')
  const answers = lines.map((line) => JSON.parse(line) as Record<string, unknown>).filter((line) => !('event' in line))
  return { answers, stderr: err.join(''), code: process.exitCode ?? 0 }
}

test('what people have is imported, also beside a process that serves it, chosen from, published and exported, one command after the other', async () => {
  await using hub = await startHub({ token })
  vi.stubEnv('ORRERY_MINER_DOCUMENT_THREADS', '1')
  vi.stubEnv('HF_TOKEN', token)
  vi.stubEnv('HF_ENDPOINT', hub.origin)
  const folder = await temporaryFolder()
  const source = join(folder, 'books.jsonl')
  const rows = Array.from({ length: 4 }, (_, n) => ({ text: story(700 + n), url: `https://a.example/${n}`, license: n < 2 ? 'cc-by-4.0' : undefined }))
  await writeFile(source, rows.map((row) => JSON.stringify(row)).join('\n'))
  const importing = ['dataset', 'import', source, '--dataset', 'books']

  for (const wrong of [
    ['--licence', 'nobody knows'],
    ['--lang', 'English, mostly'],
    ['--schema', 'y'],
    ['--quality', 'high'],
  ])
    expect(await orrery(folder, ...importing, ...wrong)).toMatchObject({ code: 2, stderr: expect.stringContaining(`${wrong[0]} "${wrong[1]}" is`) })
  // What is wrong was said before anything was made.
  expect(await readdir(folder)).toEqual(['books.jsonl'])
  {
    // Another process serves the dataset.
    using _ = lockFolder(join(folder, 'data', 'corpus', 'dataset-books'))
    await mkdir(goldenTokenizers, { recursive: true })
    await symlink(goldenTokenizers, join(folder, 'data', 'tokenizers'))
    expect(await orrery(folder, ...importing)).toMatchObject({
      answers: [
        { path: source, schema: 'rows', rows: 4, taken: 4, problem: null },
        { changed: false, version: null, documents: 0 },
      ],
      stderr: expect.stringContaining('what was imported is in its next version'),
      code: 0,
    })
  }
  expect(await orrery(folder, ...importing)).toMatchObject({
    answers: [
      { taken: 0, isKnown: true },
      { dataset: 'books', changed: true, version: 1, documents: 4 },
    ],
    code: 0,
  })

  const build = ['dataset', 'build', 'free', '--from', 'books', '--licence', 'Creative Commons BY 4.0']
  expect(await orrery(folder, ...build, '--since', '2026-02-01', '--until', '2026-01-01')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('is not before --until'),
  })
  expect(await orrery(folder, ...build, '--dry-run')).toMatchObject({ answers: [{ documents: 2, follows: null }], code: 0 })
  expect(await orrery(folder, ...build, '--yes')).toMatchObject({ answers: [{ documents: 2 }, { changed: true, name: 'free', version: 1 }], code: 0 })
  expect(await orrery(folder, ...importing.with(4, 'free'))).toMatchObject({ code: 1, stderr: expect.stringContaining('is built of another') })

  const publish = ['dataset', 'publish', 'free', '--repo', 'alice/free_books']
  expect(await orrery(folder, ...publish)).toMatchObject({ answers: [{ version: 1, files: 1, sent: 1, tag: { name: 'v1' } }], code: 0 })
  expect(await orrery(folder, ...publish)).toMatchObject({ answers: [{ version: 1, sent: 0 }], code: 0 })
  expect(hub.uploaded).toHaveLength(1)
  expect(await orrery(folder, ...publish.with(2, 'books'))).toMatchObject({ code: 1, stderr: expect.stringContaining('holds the dataset "free"') })

  const to = join(folder, 'out')
  const exporting = ['dataset', 'export', 'free', '--format', 'npy', '--to', to]
  expect(await orrery(folder, ...exporting)).toMatchObject({ answers: [{ dataset: 'free', documents: 2 }], code: 0 })
  expect((await readdir(to)).toSorted()).toEqual(['_export.json', 'free.ends.npy', 'free.npy'])
  expect(await orrery(folder, ...exporting)).toMatchObject({ code: 1, stderr: expect.stringContaining('holds something already') })
  expect(await orrery(folder, ...exporting.with(2, 'fre'))).toMatchObject({ code: 1, stderr: expect.stringContaining('no dataset "fre"') })
})
