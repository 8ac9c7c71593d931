import { join } from 'node:path'
import type { ApiAccess } from '#infra/net/api-access.ts'
import { createServer, type Server } from '#infra/net/server.ts'
import { signedPaths } from '#infra/net/signed-paths.ts'
import { onDemandRoutes } from '#infra/on-demand/routes.ts'
import { btauth } from '#infra/signed-http/btauth.ts'
import type { SignatureChecks } from '#infra/signed-http/checks.ts'
import { verifySignatures } from '#infra/signed-http/hook.ts'
import { tao } from '#infra/signed-http/tao.ts'
import { signedRequests, type VerifySigned } from '#infra/signed-http/verify.ts'
import type { TelemetryHub } from '#infra/telemetry/telemetry.ts'
import type { Chain, Signer } from '#schemas/chain.ts'
import type { Clock } from '#schemas/clock.ts'
import { limits } from '#schemas/data-universe.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import type { OnDemandJobs } from '#schemas/on-demand.ts'
import { staging } from '../durable-file.ts'
import type { FolderStore } from '../folder.ts'
import { signedObjects } from '../signed-objects.ts'
import { signingSecret } from '../signing-secret.ts'
import { openAuditLog } from './audit-log.ts'
import { auditRequests } from './audit-requests.ts'
import { callersOf } from './callers.ts'
import { infoRoutes } from './info-routes.ts'
import { membersOf } from './members.ts'
import { minerRoutes } from './miner-routes.ts'
import { uploadPolicies } from './upload-policy.ts'
import { uploadRoute } from './upload-route.ts'
import { boundedUploads, usualLimits, type UploadLimits } from './uploads.ts'
import type { Usage } from './usage.ts'
import { listRoute, validatorRoutes } from './validator-routes.ts'

export interface AccessParts {
  store: ObjectStore
  chain: Pick<Chain, 'metagraph'>
  onDemand: OnDemandJobs
  usage: Usage
  signatureChecks: SignatureChecks
  /** Who may create on-demand jobs. */
  access: ApiAccess
  /** A hotkey of the wallet folder, made when missing. */
  wallet(name: string): Promise<{ signer: Signer }>
  /** Folder of the service: its secrets, and the audit log. */
  accessFolder: string
  telemetry: Pick<TelemetryHub, 'count' | 'event' | 'snapshot'>
  pace: Clock
  settings: { stake_min: number; bytes_per_day: number }
  /** Absent: the usual. */
  uploadLimits?: UploadLimits
  /** The date by which signatures are held; absent: the machine's. */
  date?: () => number
}

const identity = {
  title: 'Orrery store access',
  version: '1',
  asksForKey: true,
  description:
    'Lets miners of the subnet write below their own name and validators read, by requests that their hotkeys sign, as the API of Data Universe does; and takes on-demand jobs.',
}
/** Wallet whose hotkey the service answers to. */
const accessWallet = 'access'
/** The forms that miners and validators sign in. */
const schemes = [btauth, tao]
const raoPerTao = 1e9

/** The store access service, not yet listening. */
export async function accessServer(parts: AccessParts): Promise<Server> {
  const { store, chain, pace, telemetry, accessFolder, signatureChecks: checks, date = Date.now } = parts
  const members = membersOf(chain, pace)
  const secret = signingSecret(
    join(accessFolder, 'upload-secret'),
    staging(accessFolder, join(accessFolder, '.tmp'), () => pace.now()),
  )
  const policies = uploadPolicies(secret, pace)
  const callers = callersOf({
    members,
    usage: parts.usage,
    checks,
    date,
    now: () => performance.now(),
    stakeMin: BigInt(Math.round(parts.settings.stake_min * raoPerTao)),
    bytesPerDay: parts.settings.bytes_per_day,
  })
  const receiver = async (): Promise<string> => (await parts.wallet(accessWallet)).signer.address
  const app = await createServer(identity, {
    telemetry,
    counts: () => telemetry.snapshot(),
    readiness: new Map<string, () => Promise<unknown>>([
      ['chain', members.netuid],
      ['store', () => store.head('data/.ready')],
      ['jobs', () => parts.onDemand.active(pace.now())],
    ]),
    access: () => parts.access,
  })
  auditRequests(app, openAuditLog(accessFolder), date)
  infoRoutes(app, { netuid: members.netuid, receiver, date })
  const routes = { store, callers, policies, paths: signedPaths(accessFolder, pace), pace }
  // A body is hashed before it is believed: those of uploads are no such bodies.
  await app.register(async (signed: Server) => {
    verifySignatures(
      signed,
      schemes,
      verifier(receiver, async (hotkey) => (await members.find(hotkey)) !== undefined),
    )
    minerRoutes(signed, routes)
    validatorRoutes(signed, routes)
    onDemandRoutes(signed, { ...routes, jobs: parts.onDemand, telemetry, members })
  })
  listRoute(app, routes)
  const uploadLimits = parts.uploadLimits ?? usualLimits
  const bounds = { uploads: boundedUploads(uploadLimits), bytesMax: limits.shardBytesMax, fieldsMs: uploadLimits.paceMs }
  const upload = { store, jobs: parts.onDemand, callers, policies, ...bounds }
  await app.register(async (uploading: Server) => uploadRoute(uploading, upload))
  if (servesItself(store)) await app.register(signedObjects(store))
  return app

  function verifier(address: () => Promise<string>, isKnown: (hotkey: string) => Promise<boolean>): () => VerifySigned {
    let opening: Promise<VerifySigned> | undefined
    const open = async () => signedRequests({ schemes, receivers: [await address()], isKnown, date, checks })
    return () => async (request) => {
      opening ??= open().catch((error: unknown) => {
        opening = undefined
        throw error
      })
      return (await opening)(request)
    }
  }
}

const servesItself = (store: ObjectStore): store is FolderStore => 'accepts' in store
