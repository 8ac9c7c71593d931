import { OrreryError } from '#schemas/errors.ts'

export interface Place {
  /** `user/name` */
  repo: string
  hubUrl: string
}

/** An answer of the hub that is no success, or the like of one. @param told what the hub says of it */
export function refusalOf({ repo, hubUrl }: Place, status: number, told: string): OrreryError {
  const details = { repo, hub: hubUrl, status }
  const said = `${hubUrl} answered ${status} for dataset "${repo}"`
  const because = told === '' ? '' : ` (${told})`
  if (status === 401)
    return new OrreryError('unauthorized', `${said}: the token is not valid there; make a write token and put it in HF_TOKEN or --token-file.`, details)
  if (status === 403)
    return new OrreryError(
      'forbidden',
      `${said}${because}: the token may not do that; make a write token of who owns the repository and put it in HF_TOKEN or --token-file.`,
      details,
    )
  if (status === 404)
    return new OrreryError('not_found', `${said}: neither the user nor the repository is known there, or the token may not see it; check --repo.`, details)
  if (status === 409 || status === 412)
    return new OrreryError('conflict', `${said}${because}: somebody else changed it at the same moment; publish again.`, details)
  if (status === 429) return new OrreryError('rate_limited', `${said}${because}; publish again later.`, details)
  if (status === 408 || status === 504) return new OrreryError('timed_out', `${said}${because}; publish again later.`, details)
  if (status >= 500) return new OrreryError('upstream_failed', `${said}${because}; publish again later.`, details)
  return new OrreryError('invalid_argument', `${said}${because}.`, details)
}

/** The hub sends elsewhere: a repository that has another name now. @param location where to */
export function redirectOf({ repo, hubUrl }: Place, location: string): OrreryError {
  const renamed = /\/datasets\/([^/?#]+\/[^/?#]+)/.exec(location)?.[1]
  const remedy = renamed === undefined ? 'check --hub-url' : `it is called ${renamed} now; pass --repo ${renamed}`
  return new OrreryError('invalid_argument', `${hubUrl} sends whoever asks for dataset "${repo}" elsewhere: ${remedy}.`, { repo, hub: hubUrl, location })
}

/** Whether an error of a request is one of the way to the hub: of `fetch` a TypeError with its cause, or a code of the system or of undici. */
export const isOfNetwork = (error: unknown): boolean =>
  (error instanceof DOMException && error.name === 'TimeoutError') ||
  (error instanceof TypeError && error.cause !== undefined) ||
  (error instanceof Error && /^(?:E[A-Z]+$|UND_ERR_)/.test((error as NodeJS.ErrnoException).code ?? ''))

/** No answer came. */
export function unreachable({ repo, hubUrl }: Place, cause: unknown): OrreryError {
  if (cause instanceof DOMException && cause.name === 'TimeoutError')
    return new OrreryError('timed_out', `The hub ${hubUrl} did not answer in time for dataset "${repo}"; publish again later.`, { repo, hub: hubUrl })
  const message = `The hub ${hubUrl} cannot be reached (${reasonOf(cause)}); check --hub-url and the network.`
  return new OrreryError('upstream_failed', message, { repo, hub: hubUrl })
}

function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause)
  return cause.cause instanceof Error ? reasonOf(cause.cause) : cause.message || (cause as NodeJS.ErrnoException).code || cause.name
}
