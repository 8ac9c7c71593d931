import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { sqliteApiKeys } from '#infra/api-keys/sqlite.ts'
import { developmentKey } from '#infra/chain/key-file.ts'
import { localChain } from '#infra/chain/local.ts'
import { sqliteOnDemandJobs } from '#infra/on-demand/sqlite.ts'
import { signBtauth } from '#infra/signed-http/btauth.ts'
import { signatureChecks } from '#infra/signed-http/checks.ts'
import { signTao } from '#infra/signed-http/tao.ts'
import { inMemory } from '#infra/sqlite/database.ts'
import { createTelemetry } from '#infra/telemetry/telemetry.ts'
import type { Signer } from '#schemas/chain.ts'
import { temporaryFolder } from '#test/conformance/temporary-folder.ts'
import { manualClock } from '#test/manual-clock.ts'
import { folderStore } from '../folder.ts'
import type { AuditEntry } from './audit-log.ts'
import { accessServer, type AccessParts } from './server.ts'
import { sqliteUsage } from './usage.ts'

export const [miner, rival, validator, poor, stranger, access] = ['miner', 'rival', 'validator', 'poor', 'stranger', 'access'].map(
  (name) => developmentKey(name).signer,
) as [Signer, Signer, Signer, Signer, Signer, Signer]
export const coldkeyOf = (signer: Signer): string => developmentKey(`cold ${signer.address}`).signer.address

export const shardName = (rows = 10, hex = '0123456789abcdef'): string => `data_20260101_000000_${rows}_${hex}.parquet`
export const keyOf = (signer: Signer, name = shardName()): string => `data/hotkey=${signer.address}/job_id=tao-1/${name}`
export const manifestKeyOf = (signer: Signer): string => `manifests/hotkey=${signer.address}/${'a'.repeat(64)}.json`
export const shardOf = (bytes = 20_000): Buffer => Buffer.alloc(bytes, 'PAR1')

interface Answered {
  status: number
  // oxlint-disable-next-line typescript/no-explicit-any -- tests look into answers
  body: Record<string, any>
  text: string
}
export interface Form {
  url: string
  fields: Record<string, string>
}

/** The service on real backends of a folder, asked without a port; hotkeys of a local chain: two miners, a validator, and one with too little stake. */
export async function served(more: Partial<AccessParts> = {}) {
  const folder = await temporaryFolder()
  const clock = manualClock(Date.UTC(2026, 0, 1))
  const chain = localChain(join(folder, 'chain.sqlite'), { clock, netuid: 13, blockMs: 1000, tempoBlocks: 20, faucet: true, seed: 'access' })
  for (const signer of [miner, rival, validator, poor]) await chain.register(signer, coldkeyOf(signer))
  await chain.faucet(validator, 2_000n * 10n ** 9n)
  const store = folderStore(join(folder, 'store'), { clock, origin: 'http://127.0.0.1' })
  const keys = sqliteApiKeys(inMemory, { clock })
  const checks = signatureChecks(inMemory)
  const usage = sqliteUsage(inMemory, { clock })
  const onDemand = sqliteOnDemandJobs(inMemory, { clock })
  /** Hotkeys that lost their place. */
  const gone = new Set<string>()
  const app = await accessServer({
    store,
    chain: {
      async metagraph() {
        const metagraph = await chain.metagraph()
        return { ...metagraph, neurons: metagraph.neurons.filter(({ hotkey }) => !gone.has(hotkey)) }
      },
    },
    onDemand,
    usage,
    signatureChecks: checks,
    access: { keys, requireKey: 'always', host: '0.0.0.0', corsOrigins: [] },
    wallet: async () => ({ signer: access }),
    accessFolder: join(folder, 'access'),
    telemetry: createTelemetry(),
    pace: clock,
    settings: { stake_min: 1000, bytes_per_day: 10 * 2 ** 30 },
    date: clock.now,
    ...more,
  })
  onTestFinished(async () => {
    await app.close()
    for (const each of [chain, keys, checks, usage, onDemand]) await each[Symbol.asyncDispose]()
  })
  const { key } = { key: (await keys.create({ name: 'client', scopes: ['tasks'], requestsPerMinute: null, bytesPerDay: null, expiresAt: null })).secret }
  let nonceNs = BigInt(clock.now()) * 1_000_000n

  const ask = async (method: 'GET' | 'POST', url: string, payload?: string | Buffer, headers: Record<string, string> = {}): Promise<Answered> => {
    const path = url.replace('http://access.test', '')
    const answer = await app.inject({ method, url: path, headers: { host: 'access.test', ...headers }, ...(payload !== undefined && { payload }) })
    const isJson = String(answer.headers['content-type'] ?? '').includes('json') && answer.body !== ''
    return { status: answer.statusCode, body: isJson ? answer.json() : {}, text: answer.body }
  }
  const json = { 'content-type': 'application/json' }
  return {
    app,
    folder,
    clock,
    chain,
    gone,
    store,
    keys,
    onDemand,
    key,
    ask,
    json,
    /** As the clients of Data Universe sign. */
    tao: (signer: Signer, path: string, body: object, timestampMs = clock.now()) => {
      const payload = JSON.stringify(body)
      return ask('POST', path, payload, { ...json, ...signTao(signer, { body: Buffer.from(payload), nonce: randomUUID(), timestampMs }) })
    },
    btauth: (signer: Signer, path: string, body: object, receiver = access.address) => {
      const payload = JSON.stringify(body)
      return ask('POST', path, payload, {
        ...json,
        ...signBtauth(signer, { method: 'POST', target: path, body: Buffer.from(payload), nonceNs: ++nonceNs, receiver }),
      })
    },
    /** Sends a file with a form as Python does. */
    upload: (form: Form, file: Buffer, fields: Record<string, string> = {}) => {
      const parts = Object.entries({ ...form.fields, ...fields }).map(
        ([name, value]) => `--b\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
      )
      const head = `${parts.join('')}--b\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n`
      const payload = Buffer.concat([Buffer.from(head), file, Buffer.from('\r\n--b--\r\n')])
      return ask('POST', form.url, payload, { 'content-type': 'multipart/form-data; boundary=b' })
    },
    /** All that lies in the store. */
    stored: async () => (await Array.fromAsync(store.list(''))).map((found) => found.key),
    audit: async (name: 'audit' | 'strangers'): Promise<AuditEntry[]> => {
      const text = await readFile(join(folder, 'access', `${name}.jsonl`), 'utf8').catch(() => '')
      return text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as AuditEntry]))
    },
  }
}

export type Service = Awaited<ReturnType<typeof served>>
