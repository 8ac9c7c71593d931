import { createHmac, timingSafeEqual, type KeyObject } from 'node:crypto'

/** The lease that a token speaks of. */
export interface LeaseName {
  /** Number of the epoch in the file. */
  epoch: number
  batch: number
  /** Leases of an epoch are numbered as they are given. */
  lease: number
  node: string
}

const macBytes = 15

/** `LEASE.MAC`: nothing has to be kept of it, so that the same token is known again when its batch was settled long ago. */
export const tokenOf = (secret: KeyObject, name: LeaseName): string => `${name.lease}.${macOf(secret, name).toString('base64url')}`

/** The number of the lease that a token says it is of; undefined when it is none. */
export function leaseIn(token: string): number | undefined {
  const lease = /^([1-9]\d{0,14})\.[\w-]{20}$/.exec(token)?.[1]
  return lease === undefined ? undefined : Number(lease)
}

export const isToken = (secret: KeyObject, token: string, name: LeaseName): boolean => {
  const said = Buffer.from(token.slice(token.indexOf('.') + 1), 'base64url')
  return said.length === macBytes && timingSafeEqual(said, macOf(secret, name))
}

const macOf = (secret: KeyObject, { epoch, batch, lease, node }: LeaseName): Buffer =>
  createHmac('sha256', secret).update(`${epoch} ${batch} ${lease} ${node}`).digest().subarray(0, macBytes)
