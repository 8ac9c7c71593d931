import { z } from 'zod'
import { OrreryError } from '#schemas/errors.ts'

/** What the REST catalog says when something is wrong (Iceberg REST catalog spec, IcebergErrorResponse). */
export const CatalogError = z.object({ error: z.object({ message: z.string(), type: z.string(), code: z.int() }) })
export type CatalogError = z.infer<typeof CatalogError>

/** Thrown by the routes of the catalog. */
export class CatalogRefusal extends Error {
  readonly status: number
  readonly type: string

  constructor(status: number, type: string, message: string) {
    super(message)
    this.status = status
    this.type = type
  }
}

const shownChars = 80
const shown = (name: string): string => JSON.stringify(name.length > shownChars ? `${name.slice(0, shownChars)}…` : name)

export const noNamespace = (name: string): CatalogRefusal =>
  new CatalogRefusal(404, 'NoSuchNamespaceException', `There is no namespace ${shown(name)}; GET /iceberg/v1/namespaces lists what there is.`)
export const noTable = (name: string): CatalogRefusal =>
  new CatalogRefusal(404, 'NoSuchTableException', `There is no table ${shown(name)}; GET /iceberg/v1/namespaces/orrery/tables lists what there is.`)
export const notYet = (name: string): CatalogRefusal =>
  new CatalogRefusal(503, 'ServiceUnavailableException', `The table ${shown(name)} is not written yet; it comes with the next refresh of the service.`)
export const badRequest = (message: string): CatalogRefusal => new CatalogRefusal(400, 'BadRequestException', message)
export const readOnly = (): CatalogRefusal =>
  new CatalogRefusal(
    406,
    'UnsupportedOperationException',
    'This catalog is only read from: its tables are versions of datasets, made by ingest; use GET or HEAD.',
  )
export const noRoute = (): CatalogRefusal =>
  new CatalogRefusal(404, 'NoSuchEndpointException', 'There is nothing here; GET /iceberg/v1/config lists the endpoints of this catalog.')

/** @returns its status and body; 500 for what is no error of ours */
export function describeCatalogError(error: Error & { statusCode?: number | undefined; validation?: unknown }): CatalogError['error'] {
  if (error instanceof CatalogRefusal) return { message: error.message, type: error.type, code: error.status }
  if (error instanceof OrreryError) return { message: error.message, type: typeOf(error.status), code: error.status }
  const status = error.validation ? 400 : (error.statusCode ?? 500)
  if (status < 500) return { message: error.message.replaceAll(/\s+/g, ' '), type: typeOf(status), code: status }
  return { message: 'This failed here; the log of the service says why.', type: 'InternalServerError', code: status }
}

const types = new Map([
  [401, 'NotAuthorizedException'],
  [403, 'ForbiddenException'],
  [404, 'NoSuchTableException'],
  [429, 'TooManyRequestsException'],
  [503, 'ServiceUnavailableException'],
])
const typeOf = (status: number): string => types.get(status) ?? (status < 500 ? 'BadRequestException' : 'InternalServerError')
