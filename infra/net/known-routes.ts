import type { FastifyReply, FastifyRequest } from 'fastify'
import { OrreryError } from '#schemas/errors.ts'
import { whereOf } from './failure-answer.ts'
import type { Server } from './server.ts'

/**
 * Answers what no route takes: 405 with `Allow` where the path has others, to OPTIONS with `Allow` alone (RFC 9110 §9.3.7), else 404. To be called before the
 * first route.
 */
export function answerUnknown(app: Server): void {
  const known = new Map<string, { matches: RegExp; methods: Set<string> }>()
  app.addHook('onRoute', ({ url, method }) => {
    const route = known.get(url) ?? { matches: patternOf(url), methods: new Set(['OPTIONS']) }
    known.set(url, route)
    for (const each of [method].flat()) route.methods.add(each)
  })
  const allowed = (url: string): string[] => {
    const path = url.split('?', 1)[0] ?? url
    const found = [...known.values()].filter(({ matches }) => matches.test(path)).flatMap(({ methods }) => [...methods])
    return [...new Set(found)].toSorted()
  }
  app.setNotFoundHandler((request: FastifyRequest, reply: FastifyReply) => {
    const methods = allowed(request.url)
    if (methods.length === 0) throw new OrreryError('not_found', `There is no ${whereOf(request)}; /openapi.json lists what there is.`)
    void reply.header('allow', methods.join(', '))
    if (request.method === 'OPTIONS') return reply.status(204).send()
    throw new OrreryError('method_not_allowed', `${whereOf(request)}: it takes ${methods.join(', ')}.`, { allow: methods })
  })
}

/** Of a route as Fastify spells it: `:name` is one segment, `*` all that is left. */
const patternOf = (url: string): RegExp =>
  new RegExp(
    `^${url
      .split('/')
      .map((segment) => (segment.startsWith(':') ? '[^/]+' : segment.split('*').map(RegExp.escape).join('.*')))
      .join('/')}$`,
  )
