import { createHmac, timingSafeEqual } from 'node:crypto'
import { z } from 'zod'
import type { Clock } from '#schemas/clock.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { Bounds } from './owned-keys.ts'

/** What the bearer of a signed form may upload. */
export interface UploadGrant extends Bounds {
  hotkey: string
  /** One key, or with a `/` at its end all below it. */
  key: string
  /** ms since epoch */
  expires: number
}

/** The policy of a form, in the words of S3 (POST Object, "POST Policy"), as far as it is used here. */
const Policy = z.object({
  expiration: z.iso.datetime(),
  conditions: z.tuple([
    z.tuple([z.enum(['eq', 'starts-with']), z.literal('$key'), z.string()]),
    z.tuple([z.literal('content-length-range'), z.int(), z.int()]),
    z.object({ 'x-orrery-hotkey': z.string() }),
  ]),
})

/** A form's fields, beside the file: `key`, which the bearer may set where the grant is of a folder, `policy` and `signature`. */
interface UploadFields {
  key: string
  policy: string
  signature: string
}

export interface UploadPolicies {
  sign(grant: UploadGrant): Promise<UploadFields>
  /**
   * What a form was signed for; `key` is the one it names.
   * @throws OrreryError `forbidden` for a form that was not signed here, has expired, or names a key that it was not signed for
   */
  require(fields: ReadonlyMap<string, string>): Promise<UploadGrant>
}

/** @param secret of the service: whoever has it can sign */
export function uploadPolicies(secret: () => Promise<Buffer>, clock: Pick<Clock, 'now'>): UploadPolicies {
  const digest = async (policy: string): Promise<Buffer> =>
    createHmac('sha256', await secret())
      .update(`POST\n${policy}`)
      .digest()
  return {
    async sign({ hotkey, key, bytesMin, bytesMax, expires }) {
      const conditions = [[key.endsWith('/') ? 'starts-with' : 'eq', '$key', key], ['content-length-range', bytesMin, bytesMax], { 'x-orrery-hotkey': hotkey }]
      const policy = Buffer.from(JSON.stringify({ expiration: new Date(expires).toISOString(), conditions })).toString('base64')
      return { key: key.endsWith('/') ? `${key}\${filename}` : key, policy, signature: (await digest(policy)).toString('hex') }
    },
    async require(fields) {
      const [policy = '', given = '', key = ''] = ['policy', 'signature', 'key'].map((name) => fields.get(name))
      const signature = Buffer.from(/^[0-9a-f]{64}$/.test(given) ? given : '', 'hex')
      const expected = await digest(policy)
      if (signature.length !== expected.length || !timingSafeEqual(signature, expected)) throw forbidden('it was not signed here, or was changed')
      const {
        expiration,
        conditions: [[how, , signed], [, bytesMin, bytesMax], { 'x-orrery-hotkey': hotkey }],
      } = Policy.parse(JSON.parse(Buffer.from(policy, 'base64').toString()))
      if (clock.now() >= Date.parse(expiration)) throw forbidden('it has expired')
      if (how === 'eq' ? key !== signed : !key.startsWith(signed)) throw forbidden(`it is for ${signed}, not for the key it names`)
      return { hotkey, key, bytesMin, bytesMax, expires: Date.parse(expiration) }
    },
  }
}

const forbidden = (why: string): OrreryError => new OrreryError('forbidden', `This upload form is not valid here: ${why}; ask for a new one.`)
