import { join } from 'node:path'
import { sqliteApiKeys } from '#infra/api-keys/sqlite.ts'
import { sqliteOnDemandJobs } from '#infra/on-demand/sqlite.ts'
import { signatureChecks } from '#infra/signed-http/checks.ts'
import { inMemory } from '#infra/sqlite/database.ts'
import { accessStore } from '#infra/store/access/access-store.ts'
import { accessClient, type AccessClient } from '#infra/store/access/client.ts'
import { accessServer } from '#infra/store/access/server.ts'
import { sqliteUsage } from '#infra/store/access/usage.ts'
import { staging } from '#infra/store/durable-file.ts'
import { folderStore } from '#infra/store/folder.ts'
import type { Signer } from '#schemas/chain.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import type { OnDemandJobs } from '#schemas/on-demand.ts'
import { injectedFetch } from '#infra/store/access/injected-fetch.fixture.ts'
import type { Subnet } from '../subnet.ts'

/** The store access service of a subnet, asked without a port. */
export interface Service extends AsyncDisposable {
  onDemand: OnDemandJobs
  clientOf(signer: Signer): AccessClient
  /** The store of the subnet as the service shows it to that hotkey. */
  storeOf(signer: Signer): ObjectStore
}

const origin = 'http://access.test'

export async function openService(subnet: Subnet): Promise<Service> {
  await using stack = new AsyncDisposableStack()
  const { pace, telemetry, chain } = subnet
  const onDemand = stack.use(sqliteOnDemandJobs(inMemory, { clock: pace }))
  const app = await accessServer({
    store: folderStore(join(subnet.dir, 'store'), { clock: pace, origin }),
    chain,
    onDemand,
    usage: stack.use(sqliteUsage(inMemory, { clock: pace })),
    signatureChecks: stack.use(signatureChecks(inMemory)),
    access: { keys: stack.use(sqliteApiKeys(inMemory, { clock: pace })), requireKey: 'always', host: '0.0.0.0', corsOrigins: [] },
    wallet: async () => ({ signer: await subnet.join('access') }),
    accessFolder: join(subnet.dir, 'access'),
    telemetry,
    pace,
    settings: { stake_min: 0, bytes_per_day: 2 ** 30 },
    date: pace.now,
  })
  stack.defer(() => app.close())
  const clientOf = (asking: Signer): AccessClient => accessClient({ origin, signer: async () => asking, fetch: injectedFetch({ app }), date: pace.now, pace })
  const open = stack.move()
  return {
    onDemand,
    clientOf,
    storeOf: (asking) => accessStore(clientOf(asking), staging(subnet.dir, join(subnet.dir, 'spool'), pace.now), pace.now),
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  }
}
