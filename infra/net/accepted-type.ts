import Negotiator from 'negotiator'
import { OrreryError } from '#schemas/errors.ts'

/** All but the weight. A name begins where white space ends, in one way: the header is a stranger's. */
const parameters = /;[ \t]*(?!q=)[^\s;,"=]+=(?:"(?:[^"\\]|\\.)*"|[^\s;,"]*)/gi

/**
 * Which of the media types a client would rather have (RFC 9110 §12.5.1): by weight, then by how closely it is named, then by our order. Without `Accept`, or with an empty one, the first.
 * Other parameters than the weight do not matter: none of ours has another.
 * @throws OrreryError `not_acceptable` where it takes none of them
 */
export function acceptedType<Type extends string>(accept: string | undefined, available: readonly Type[]): Type {
  const [found] = new Negotiator({ headers: accept === undefined || /^[\s,]*$/.test(accept) ? {} : { accept: accept.replaceAll(parameters, '') } }).mediaTypes([
    ...available,
  ])
  const type = available.find((each) => each === found)
  if (type) return type
  throw new OrreryError('not_acceptable', `There is no such representation; ask for ${available.join(', ')}.`, { available })
}
