/** A sample in a pipeline: what it takes to answer for its lease, wherever the answer comes from and whoever was started anew meanwhile. */
export interface Activation {
  planId: string
  epoch: number
  batch: number
  fence: number
  /** Of the lease. Nobody guesses it: who knows it was given the sample. */
  token: string
  /** Who holds the lease: hotkey of the node of layer 0. */
  node: string
}

const form = /^([\w-]{43})\.(\d{1,15})\.(\d{1,15})\.(\d{1,15})\.([1-9A-HJ-NP-Za-km-z]{40,60})\.([\w.-]{1,128})$/

/** As `activation_id`: IOTA's nodes pass it on as it is, and name files after it, so that it is short and of plain characters. */
export const activationId = ({ planId, epoch, batch, fence, token, node }: Activation): string =>
  [Buffer.from(planId, 'hex').toString('base64url'), epoch, batch, fence, node, token].join('.')

/** undefined for what is none. */
export function readActivationId(text: string): Activation | undefined {
  const [, plan = '', epoch, batch, fence, node = '', token = ''] = form.exec(text) ?? []
  if (plan === '') return undefined
  return { planId: Buffer.from(plan, 'base64url').toString('hex'), epoch: Number(epoch), batch: Number(batch), fence: Number(fence), token, node }
}
