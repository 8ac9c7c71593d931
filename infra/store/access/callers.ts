import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import { rateLimit } from '#infra/net/rate-limits.ts'
import type { SignatureChecks } from '#infra/signed-http/checks.ts'
import { requireSignedString } from '#infra/signed-http/signed-string.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { Member, Members } from './members.ts'
import type { DailyLimits, Usage } from './usage.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** What the audit log says of it, as far as it is known. */
    audited: { hotkey: string | null; claimed: string | null; key: string | null; bytes: number | null }
  }
}

/** By day, as the reference has them (DAILY_LIMIT_PER_MINER, DAILY_LIMIT_PER_VALIDATOR); the bytes are those of uploads. */
export const dailyRequests = { miner: 2_000, validator: 10_000 } as const
/** Short bursts of one hotkey; polls for jobs are counted among them. */
const pace = { perSecond: 2, burst: 60 }

/** What a body may say of who sends it, in the older form. */
export const SignedBody = z.object({
  hotkey: z.string().max(64).optional(),
  coldkey: z.string().max(64).optional(),
  timestamp: z.int().optional(),
  signature: z.string().max(140).optional(),
  /** Ours: the subnet it is for. */
  netuid: z.int().optional(),
})
type SignedBody = z.infer<typeof SignedBody>

export interface CallerParts {
  members: Members
  usage: Usage
  checks: Pick<SignatureChecks, 'check'>
  /** The date, ms since epoch. */
  date(): number
  /** Monotonic, ms. */
  now(): number
  /** rao a validator must have staked. */
  stakeMin: bigint
  bytesPerDay: number
}

type OlderForm = (body: Required<Pick<SignedBody, 'hotkey' | 'timestamp'>> & SignedBody) => string

export interface Callers {
  /** Who signed it, registered, and within its limits. @param older the string that was signed where no header is */
  miner(request: FastifyRequest, older?: OlderForm): Promise<Member>
  /** As `miner`, of what is not counted by the day: who polls every ten seconds would have no day left for its uploads. */
  owner(request: FastifyRequest): Promise<Member>
  /** The same of a validator: with a permit, and enough stake. */
  validator(request: FastifyRequest, older?: OlderForm): Promise<Member>
  /** Counts bytes of an upload. @throws OrreryError `rate_limited` */
  chargeBytes(hotkey: string, bytes: number): Promise<void>
  /** @throws OrreryError `forbidden` for who is not registered any more */
  member(hotkey: string): Promise<Member>
}

export function callersOf({ members, usage, checks, date, now, stakeMin, bytesPerDay }: CallerParts): Callers {
  const bursts = rateLimit({ ...pace, now })

  const member = async (hotkey: string): Promise<Member> => {
    const found = await members.find(hotkey)
    if (found) return found
    throw new OrreryError('forbidden', `${hotkey} is not registered on subnet ${await members.netuid()}; register it first.`, { hotkey })
  }

  async function signer(request: FastifyRequest, older: OlderForm | undefined): Promise<Member> {
    const body = (request.body ?? {}) as SignedBody
    if (body.netuid !== undefined && body.netuid !== (await members.netuid()))
      throw new OrreryError('forbidden', `This service is of subnet ${await members.netuid()}, not of ${body.netuid}.`, { netuid: body.netuid })
    if (request.signedBy) return member(request.signedBy.hotkey)
    const { hotkey, timestamp, signature } = body
    request.audited.claimed = hotkey ?? null
    if (!older || hotkey === undefined || timestamp === undefined || signature === undefined)
      throw new OrreryError(
        'unauthorized',
        'This is for hotkeys of the subnet; sign the request (btauth/1, or X-Tao-Version 2). GET /commitment-formats says how.',
      )
    // Before the signature, which costs more.
    const found = await member(hotkey)
    await requireSignedString({ hotkey, message: older({ ...body, hotkey, timestamp }), signature, signedAtS: timestamp }, { date, checks })
    if (body.coldkey !== undefined && body.coldkey !== found.coldkey)
      throw new OrreryError('forbidden', `${hotkey} is registered for another coldkey than ${body.coldkey}.`, { hotkey })
    return found
  }

  async function known(request: FastifyRequest, older?: OlderForm): Promise<Member> {
    const found = await signer(request, older)
    request.audited.hotkey = found.hotkey
    bursts.take(found.hotkey)
    return found
  }

  async function admit(request: FastifyRequest, older: OlderForm | undefined, kind: keyof typeof dailyRequests): Promise<Member> {
    const found = await known(request, older)
    const isValidator = ({ validatorPermit, stake }: Member): boolean => validatorPermit && stake >= stakeMin
    const standing = kind === 'validator' ? await members.find(found.hotkey, isValidator) : found
    if (!standing || (kind === 'validator' && !isValidator(standing)))
      throw new OrreryError('forbidden', `${found.hotkey} has no validator permit, or less than ${stakeMin / 1_000_000_000n} TAO staked.`, {
        hotkey: found.hotkey,
      })
    await usage.charge(found.hotkey, { requests: 1, bytes: 0 }, limitsOf(kind))
    return found
  }

  return {
    member,
    miner: (request, older) => admit(request, older, 'miner'),
    owner: (request) => known(request),
    validator: (request, older) => admit(request, older, 'validator'),
    chargeBytes: (hotkey, bytes) => usage.charge(hotkey, { requests: 0, bytes }, { requests: Infinity, bytes: bytesPerDay }),
  }
}

const limitsOf = (kind: keyof typeof dailyRequests): DailyLimits => ({ requests: dailyRequests[kind], bytes: Infinity })
