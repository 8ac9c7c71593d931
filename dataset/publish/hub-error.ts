import { HubApiError } from '@huggingface/hub'
import { OrreryError } from '#schemas/errors.ts'

/** The Hub's answers as ours, without the token. @param repo `user/name` */
export function hubError(cause: unknown, { repo, hubUrl }: { repo: string; hubUrl: string }): unknown {
  if (cause instanceof OrreryError) return cause
  const where = { repo, hub: hubUrl }
  if (cause instanceof HubApiError) {
    const details = { ...where, status: cause.statusCode }
    const said = `${hubUrl} answered ${cause.statusCode} for dataset "${repo}"`
    if (cause.statusCode === 401)
      return new OrreryError('unauthorized', `${said}: the token is not valid there; make a write token and put it in HF_TOKEN or --token-file.`, details)
    if (cause.statusCode === 403)
      return new OrreryError(
        'forbidden',
        `${said}: the token may not write to it; make a write token of who owns it and put it in HF_TOKEN or --token-file.`,
        details,
      )
    if (cause.statusCode === 404)
      return new OrreryError('not_found', `${said}: neither the user nor the repository is known there, or the token may not see it; check --repo.`, details)
    if (cause.statusCode === 409 || cause.statusCode === 412)
      return new OrreryError('conflict', `${said}: somebody else changed it at the same moment; publish again.`, details)
    if (cause.statusCode === 429) return new OrreryError('rate_limited', `${said}; publish again later.`, details)
    if (cause.statusCode === 408 || cause.statusCode === 504) return new OrreryError('timed_out', `${said}; publish again later.`, details)
    if (cause.statusCode >= 500) return new OrreryError('upstream_failed', `${said}; publish again later.`, details)
    return new OrreryError('invalid_argument', `${said}: ${cause.message.slice(0, 300)}`, details)
  }
  if (cause instanceof TypeError)
    return new OrreryError('upstream_failed', `The hub ${hubUrl} cannot be reached (${causeOf(cause)}); check --hub-url and the network.`, where)
  return cause
}

const causeOf = (error: TypeError): string => {
  const inner: unknown = error.cause
  return inner instanceof Error ? inner.message || inner.name : error.message
}
