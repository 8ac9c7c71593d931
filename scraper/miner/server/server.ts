import { isIP } from 'node:net'
import type { Config } from '#infra/config/schema.ts'
import { createServer, listen, type Server } from '#infra/net/server.ts'
import { btauth } from '#infra/signed-http/btauth.ts'
import type { SignatureChecks } from '#infra/signed-http/checks.ts'
import { dendrite } from '#infra/signed-http/dendrite.ts'
import { verifySignatures } from '#infra/signed-http/hook.ts'
import { signedRequests, type VerifySigned } from '#infra/signed-http/verify.ts'
import type { Catalog } from '#schemas/catalog.ts'
import type { Chain, Signer } from '#schemas/chain.ts'
import type { Clock } from '#schemas/clock.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import type { Telemetry } from '#schemas/stage.ts'
import { openAdmission } from './admission.ts'
import { dendriteRoutes } from './dendrite-routes.ts'
import { followFiles } from './follow-files.ts'
import type { PeriodBook } from './period-book.ts'
import { minerRoutes, type RouteParts } from './routes.ts'
import type { ServedBuckets } from './served-buckets.ts'

export interface MinerServerParts {
  signer: Signer
  chain: Chain
  store: Pick<ObjectStore, 'get'>
  catalog: Catalog
  buckets: ServedBuckets
  /** Of what validators asked for. */
  book: PeriodBook
  signatureChecks: Pick<SignatureChecks, 'check'>
  telemetry: Telemetry
  pace: Clock
  /** ms since the Unix epoch, as the machine has it. */
  date(): number
  settings: Config['axon']
}

export interface MinerServer extends AsyncDisposable {
  app: Server
  /** Brings what is served after what the miner shows. */
  follow(signal: AbortSignal): Promise<void>
  /** Listens, publishes the endpoint on the chain, and follows until the signal. @throws OrreryError `port_in_use`, `invalid_config` */
  serve(signal: AbortSignal): Promise<void>
}

const raoPerTao = 1e9
/** Between two looks whether the miner shows something else. */
const followMs = 30_000

const identity = {
  title: 'Orrery miner',
  version: '1',
  description: 'What a miner has, for validators: its index, its buckets and their contents. Requests are signed by btauth/1.',
}

/** What a miner answers to validators (Data Universe's requests), out of its own shards. Its hotkey is who requests are to be signed for. */
export async function openMinerServer(parts: MinerServerParts): Promise<MinerServer> {
  const { signer, chain, settings, pace, telemetry } = parts
  const admission = openAdmission({ chain, stakeMin: BigInt(Math.round(settings.stake_min * raoPerTao)), pace, book: parts.book })
  const signed = { receivers: [signer.address], date: parts.date, checks: parts.signatureChecks, isKnown: isServed(admission.stakeOf) }
  const routeParts = { ...parts, admission }
  const app = await serverOf(signedRequests({ ...signed, schemes: [btauth] }), () => routeParts, telemetry)
  if (settings.dendrite) await dendriteRoutes(app, { ...routeParts, verify: signedRequests({ ...signed, schemes: [dendrite] }) })
  const follow = (signal: AbortSignal): Promise<void> => followFiles({ ...parts, hotkey: signer.address }, signal)
  return {
    app,
    follow,
    async serve(signal) {
      const { port } = await listen(app, { host: settings.host, port: settings.port ?? 0, setting: 'axon.port' })
      const endpoint = { ip: externalIp(settings), port: settings.external_port ?? port }
      let isPublished = false
      try {
        for (;;) {
          isPublished ||= await published({ chain, signer, telemetry }, endpoint)
          await follow(signal).catch((error: unknown) => {
            if (signal.aborted || !(error instanceof OrreryError)) throw error
            telemetry.event('axon.behind', { code: error.code, message: error.message })
          })
          await pace.sleep(followMs, signal)
        }
      } catch (error) {
        if (!signal.aborted) throw error
      } finally {
        await app.close()
      }
    },
    [Symbol.asyncDispose]: async () => void (await app.close()),
  }
}

/** The OpenAPI 3.1 document of a miner's server; checked in as scraper/openapi.json. */
export async function minerOpenApi(): Promise<unknown> {
  await using app = await serverOf(describesOnly, describesOnly)
  await app.ready()
  return app.swagger()
}

async function serverOf(verify: VerifySigned, parts: () => RouteParts, telemetry?: Telemetry): Promise<Server> {
  const app = await createServer(identity, telemetry && { telemetry })
  verifySignatures(app, [btauth], () => verify)
  await minerRoutes(app, parts)
  return app
}

function describesOnly(): never {
  throw new OrreryError('invalid_argument', 'This server describes itself alone.')
}

/** Whoever is not served is told before their signature costs anything. */
const isServed =
  (stakeOf: (hotkey: string) => Promise<bigint>) =>
  async (hotkey: string): Promise<boolean> => {
    await stakeOf(hotkey)
    return true
  }

/** @throws OrreryError `invalid_config` */
function externalIp({ host, external_ip: given }: Config['axon']): string {
  const ip = given ?? host
  if (isIP(ip) !== 0 && ip !== '0.0.0.0' && ip !== '::') return ip
  throw new OrreryError('invalid_config', `Nobody can reach ${ip}: say as axon.external_ip under which address validators reach this miner.`, { ip })
}

/** @returns whether the chain has it; what it refuses for now is told, and tried again */
async function published(
  { chain, signer, telemetry }: Pick<MinerServerParts, 'chain' | 'signer' | 'telemetry'>,
  endpoint: { ip: string; port: number },
): Promise<boolean> {
  try {
    await chain.serve(signer, endpoint)
    telemetry.event('axon.serving', { hotkey: signer.address, ...endpoint })
    return true
  } catch (error) {
    if (!(error instanceof OrreryError)) throw error
    telemetry.event('axon.unpublished', { hotkey: signer.address, code: error.code, message: error.message })
    return false
  }
}
