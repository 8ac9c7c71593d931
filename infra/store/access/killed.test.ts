import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, stat } from 'node:fs/promises'
import { request } from 'node:http'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { sqliteApiKeys } from '#infra/api-keys/sqlite.ts'
import { localChain } from '#infra/chain/local.ts'
import { systemClock } from '#infra/clock.ts'
import { onDemandBoard } from '#infra/on-demand/board.ts'
import { sqliteOnDemandJobs } from '#infra/on-demand/sqlite.ts'
import { JobResponse, SubmitResponse } from '#infra/on-demand/wire.ts'
import { OnDemandWish } from '#schemas/on-demand.ts'
import { temporaryFolder } from '#test/conformance/temporary-folder.ts'
import { folderStore } from '../folder.ts'
import { accessClient } from './client.ts'
import { UploadForm } from './miner-routes.ts'
import { coldkeyOf, keyOf, miner, shardOf, type Form } from './served.fixture.ts'

const clock = systemClock()

/** A folder with a miner on its chain, and the services that run on it one after the other. */
async function scene() {
  const folder = await temporaryFolder()
  const chain = localChain(join(folder, 'chain.sqlite'), { clock, netuid: 13, blockMs: 1000, tempoBlocks: 20, faucet: true, seed: 'access' })
  await chain.register(miner, coldkeyOf(miner))
  await chain[Symbol.asyncDispose]()
  const keys = sqliteApiKeys(join(folder, 'keys.sqlite'), { clock })
  const { secret } = await keys.create({ name: 'client', scopes: ['tasks'], requestsPerMinute: null, bytesPerDay: null, expiresAt: null })
  await keys[Symbol.asyncDispose]()
  return {
    folder,
    secret,
    store: folderStore(join(folder, 'store')),
    async serve() {
      const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', new URL('serve-child.fixture.ts', import.meta.url).pathname, folder], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      onTestFinished(() => void child.kill('SIGKILL'))
      const [line] = await once(createInterface({ input: child.stdout }), 'line')
      const { origin } = JSON.parse(String(line)) as { origin: string }
      const client = accessClient({ origin, signer: async () => miner, fetch, date: Date.now, pace: clock })
      return {
        origin,
        client,
        board: onDemandBoard(client),
        async kill() {
          child.kill('SIGKILL')
          await once(child, 'close')
        },
      }
    },
  }
}

/** Sends a form whose file is so long, and of it so many bytes. */
function sending(form: Form, file: Buffer, sent: number): { status: Promise<number | undefined> } {
  const fields = Object.entries(form.fields).map(([name, value]) => `--b\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`)
  const body = Buffer.concat([Buffer.from(`${fields.join('')}--b\r\nContent-Disposition: form-data; name="file"\r\n\r\n`), file, Buffer.from('\r\n--b--\r\n')])
  const { promise, resolve } = Promise.withResolvers<number | undefined>()
  const asking = request(form.url, { method: 'POST', headers: { 'content-type': 'multipart/form-data; boundary=b', 'content-length': body.length } })
  asking.on('response', (answer) => resolve(answer.resume().statusCode)).on('error', () => resolve(undefined))
  const whole = sent >= file.length
  asking.write(body.subarray(0, whole ? body.length : body.length - file.length + sent))
  if (whole) asking.end()
  return { status: promise }
}

/** Bytes that lie in a folder of a store, outside of its objects too. */
async function bytesIn(folder: string): Promise<number> {
  const names = await readdir(folder, { recursive: true }).catch(() => [])
  const sizes = await Promise.all(
    names.map((name) =>
      stat(join(folder, name)).then(
        (found) => (found.isFile() ? found.size : 0),
        () => 0,
      ),
    ),
  )
  return sizes.reduce((a, b) => a + b, 0)
}

test('a service that is killed in the middle of an upload has nothing of it, and takes it anew; one killed at its end has all of it or nothing', async () => {
  const { store, folder, serve, secret } = await scene()
  const file = shardOf(300_000)
  const first = await serve()
  const form = await first.client.ask('/get-file-upload-url', { key: keyOf(miner) }, UploadForm)
  sending(form, file, 200_000)
  await expect.poll(() => bytesIn(join(folder, 'store'))).toBeGreaterThan(0)
  await first.kill()
  expect(await Array.fromAsync(store.list(''))).toEqual([])

  const second = await serve()
  // The form is good at the next process as well.
  expect(await sending({ ...form, url: `${second.origin}/upload` }, file, file.length).status).toBe(204)
  expect(Buffer.from(await store.get(keyOf(miner))).equals(file)).toBe(true)
  const jobs = sqliteOnDemandJobs(join(folder, 'on-demand.sqlite'), { clock })
  onTestFinished(() => jobs[Symbol.asyncDispose]())
  const ids: string[] = []
  for (let n = 0; n < 3; n++) ids.push((await jobs.create(OnDemandWish.parse({ job: { platform: 'web', keywords: ['tao'] } }))).id)
  const rows = Buffer.from(JSON.stringify({ data_entities: [] }).padEnd(5000))
  const forms: Form[] = []
  for (const job_id of ids)
    forms.push((await second.client.ask('/on-demand/miner/jobs/submit', { submission: { job_id } }, SubmitResponse)).presigned_post_upload_data)
  // The last one breaks off.
  const statuses = forms.map(async (each, n) => sending(each, rows, n === 2 ? 1000 : rows.length).status)
  await Promise.race([Promise.any(statuses), delay(5000)])
  await second.kill()
  const answered = await Promise.all(statuses)

  const third = await serve()
  for (const [n, id] of ids.entries()) {
    const read = await fetch(`${third.origin}/on-demand/constellation/jobs/${id}`, { headers: { 'x-api-key': secret } })
    const { submissions } = JobResponse.parse(await read.json())
    const bytes = submissions[0]?.s3_content_length ?? null
    const possible = answered[n] === 204 ? [rows.length] : [null, n === 2 ? null : rows.length]
    expect(possible).toContain(bytes)
    // Whoever was not answered submits again, and all is well.
    const again = await third.board.submit(id, rows, AbortSignal.timeout(300_000)).then(
      () => 'taken',
      (error: { code: string }) => error.code,
    )
    expect(again).toBe(bytes === null ? 'taken' : 'already_exists')
  }
  expect(await Array.fromAsync(store.list('on-demand-jobs/'))).toHaveLength(3)
  await third.kill()
})
