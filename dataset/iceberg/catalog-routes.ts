import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Server } from '#infra/net/server.ts'
import type { FolderStore } from '#infra/store/folder.ts'
import { addressNumber } from '#schemas/address-number.ts'
import type { Catalog } from '#schemas/catalog.ts'
import { families, lineage } from '#schemas/lineage.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import { badRequest, CatalogError, describeCatalogError, noNamespace, noRoute, noTable, notYet, readOnly } from './catalog-errors.ts'
import { locationOf } from './place.ts'
import { currentHead, servedPlace, servedRoot } from './tables.ts'

export interface CatalogParts {
  catalog: Catalog
  store: ObjectStore
}

/** All datasets are tables of one namespace. */
const namespace = 'orrery'
const root = '/iceberg/v1'

/** Tokens are of hours, so that answers are equal for that long. */
const grantMs = 12 * 3_600_000
const slotMs = 6 * 3_600_000

const endpoints = [
  'GET /v1/config',
  'GET /v1/{prefix}/namespaces',
  'GET /v1/{prefix}/namespaces/{namespace}',
  'HEAD /v1/{prefix}/namespaces/{namespace}',
  'GET /v1/{prefix}/namespaces/{namespace}/tables',
  'GET /v1/{prefix}/namespaces/{namespace}/tables/{table}',
  'HEAD /v1/{prefix}/namespaces/{namespace}/tables/{table}',
  'GET /v1/{prefix}/namespaces/{namespace}/tables/{table}/credentials',
]

const nameCharsMax = 1024
const anyName = z.string().max(nameCharsMax)
const NamespaceParams = z.object({ namespace: anyName.describe('Levels with %1F between; all datasets are in `orrery`.') })
const TableParams = NamespaceParams.extend({ table: anyName.describe('Name of the dataset.') })
const ConfigQuery = z.object({ warehouse: anyName.optional().describe('There is one: whatever is named, it is that.') })
const PageQuery = z.object({
  pageToken: anyName.optional().describe('`next-page-token` of the page before; empty for the first.'),
  pageSize: addressNumber(1).optional().describe('Names in an answer, at most; all when left out.'),
})
const NamespacesQuery = PageQuery.extend({ parent: anyName.optional().describe('Namespaces below this one.') })
const LoadQuery = z.object({ snapshots: z.enum(['all', 'refs']).default('all').describe('Each snapshot has a tag, so both are all of them.') })

// oxlint-disable-next-line orrery/no-open-record -- our names
const Properties = z.record(z.string(), z.string())
const nextPage = z.string().nullable().optional()
const Namespaces = z.object({ namespaces: z.array(z.array(z.string())), 'next-page-token': nextPage })
const Tables = z.object({ identifiers: z.array(z.object({ namespace: z.array(z.string()), name: z.string() })), 'next-page-token': nextPage })
const StorageCredentials = z.array(z.object({ prefix: z.string(), config: Properties }))
const LoadedTable = z.object({
  'metadata-location': z.string(),
  metadata: z.looseObject({}).describe('Table metadata, format version 2.'),
  config: Properties,
  'storage-credentials': StorageCredentials,
})
const refusals = { '4xx': CatalogError, '5xx': CatalogError }

/**
 * The reading half of the Iceberg REST catalog, below `/iceberg`: a table for each dataset, a snapshot and a tag for each of its versions. What a table names is
 * read from this service as from S3, with the credentials that come with the table, for twelve hours at most.
 * @param parts asked for at each request, so that the routes can be described without any
 */
export async function icebergRoutes(app: Server, parts: () => CatalogParts): Promise<void> {
  await app.register(
    async (scope: Server) => {
      scope.setErrorHandler((error: Error, _request, reply) => {
        const described = describeCatalogError(error)
        if (described.code === 500) process.emitWarning(`the Iceberg catalog failed: ${error.stack ?? error.message}`)
        if (described.code === 503) void reply.header('retry-after', '5')
        return reply.status(described.code).send({ error: described })
      })
      scope.setNotFoundHandler(() => {
        throw noRoute()
      })
      // Before a body is read.
      scope.addHook('onRequest', async ({ method }) => {
        if (method !== 'GET' && method !== 'HEAD' && method !== 'OPTIONS') throw readOnly()
      })
      scope.all('/*', { schema: { hide: true } }, () => {
        throw noRoute()
      })
      namespaceRoutes(scope, parts)
      tableRoutes(scope, parts)
    },
    { prefix: root },
  )
}

function namespaceRoutes(scope: Server, parts: () => CatalogParts): void {
  const config = {
    operationId: 'icebergConfig',
    summary: 'Iceberg REST catalog: its configuration',
    querystring: ConfigQuery,
    response: { 200: z.object({ defaults: Properties, overrides: Properties, endpoints: z.array(z.string()) }), ...refusals },
  }
  scope.get('/config', { schema: config }, () => ({ defaults: {}, overrides: {}, endpoints }))

  const list = {
    operationId: 'icebergListNamespaces',
    summary: 'Iceberg REST catalog: namespaces',
    querystring: NamespacesQuery,
    response: { 200: Namespaces, ...refusals },
  }
  scope.get('/namespaces', { schema: list }, ({ query: { parent, ...page } }) => {
    if (parent !== undefined && parent !== '') requireNamespace(parent)
    const { names, next } = pageOf(parent ? [] : [namespace], page)
    return { namespaces: names.map((name) => [name]), 'next-page-token': next }
  })

  const one = { summary: 'Iceberg REST catalog: a namespace', params: NamespaceParams }
  scope.head('/namespaces/:namespace', { schema: { ...one, hide: true } }, ({ params }, reply) => {
    requireNamespace(params.namespace)
    return reply.status(204).send()
  })
  const Namespace = z.object({ namespace: z.array(z.string()), properties: Properties })
  scope.get('/namespaces/:namespace', { schema: { ...one, operationId: 'icebergLoadNamespace', response: { 200: Namespace, ...refusals } } }, ({ params }) => {
    requireNamespace(params.namespace)
    return { namespace: [namespace], properties: {} }
  })

  const tables = {
    operationId: 'icebergListTables',
    summary: 'Iceberg REST catalog: tables of a namespace',
    params: NamespaceParams,
    querystring: PageQuery,
    response: { 200: Tables, ...refusals },
  }
  scope.get('/namespaces/:namespace/tables', { schema: tables }, async ({ params, query }) => {
    requireNamespace(params.namespace)
    const lines = await parts().catalog.lines(families.datasets)
    const { names, next } = pageOf(lines.map(({ name }) => name.slice(families.datasets.prefix.length)).filter(isTableName), query)
    return { identifiers: names.map((name) => ({ namespace: [namespace], name })), 'next-page-token': next }
  })
}

function tableRoutes(scope: Server, parts: () => CatalogParts): void {
  const path = '/namespaces/:namespace/tables/:table'
  const one = { summary: 'Iceberg REST catalog: a table, with credentials for its files', params: TableParams }
  scope.head(path, { schema: { ...one, hide: true } }, async ({ params }, reply) => {
    await requireTable(parts(), params)
    return reply.status(204).send()
  })

  const load = { ...one, operationId: 'icebergLoadTable', querystring: LoadQuery, response: { 200: LoadedTable, 304: z.undefined(), ...refusals } }
  scope.get(path, { schema: load }, async (request, reply) => {
    const { store } = parts()
    await requireTable(parts(), request.params)
    const place = servedPlace(store, request.params.table)
    const state = await currentHead(place)
    if (!state) throw notYet(request.params.table)
    const until = grantedUntil(Date.now())
    const credentials = await credentialsOf(store, request, until)
    const etag = `"${state.number}-${until}"`
    void reply.header('etag', etag).header('cache-control', 'no-cache, private').header('vary', 'host, authorization')
    if (isKnown(request.headers['if-none-match'], etag)) return reply.status(304).send(undefined)
    return {
      'metadata-location': locationOf(place, state.metadata.key),
      metadata: JSON.parse(Buffer.from(await store.get(state.metadata.key)).toString()),
      config: credentials,
      'storage-credentials': [{ prefix: `${servedRoot}/`, config: credentials }],
    }
  })

  const credentials = {
    operationId: 'icebergLoadCredentials',
    summary: 'Iceberg REST catalog: credentials for the files of a table',
    params: TableParams,
    response: { 200: z.object({ 'storage-credentials': StorageCredentials }), ...refusals },
  }
  scope.get(`${path}/credentials`, { schema: credentials }, async (request, reply) => {
    await requireTable(parts(), request.params)
    void reply.header('cache-control', 'no-store')
    return {
      'storage-credentials': [{ prefix: `${servedRoot}/`, config: await credentialsOf(parts().store, request, grantedUntil(Date.now())) }],
    }
  })
}

const grantedUntil = (now: number): number => Math.floor(now / slotMs) * slotMs + grantMs

function requireNamespace(name: string): void {
  if (name !== namespace) throw noNamespace(name)
}

/** As far as names of datasets go: it becomes part of keys. */
const isTableName = (name: string): boolean => /^[A-Za-z0-9][A-Za-z0-9._=@+-]{0,127}$/.test(name)

/** In a namespace that is not there, there is no table: Spark asks for `web.snapshots` as the table `snapshots` of `orrery.web` first. */
async function requireTable({ catalog }: CatalogParts, params: { namespace: string; table: string }): Promise<void> {
  const isThere = params.namespace === namespace && isTableName(params.table) && (await catalog.head(lineage.dataset(params.table))) !== undefined
  if (!isThere) throw noTable(params.table)
}

/** A page of names in byte order; its token is the last of them. */
function pageOf(all: readonly string[], { pageToken = '', pageSize }: { pageToken?: string | undefined; pageSize?: number | undefined }) {
  const rest = pageToken === '' ? all : all.slice(all.indexOf(requireToken(all, pageToken)) + 1)
  const names = pageSize === undefined ? rest : rest.slice(0, pageSize)
  return { names, next: names.length < rest.length ? (names.at(-1) ?? null) : null }
}

function requireToken(all: readonly string[], token: string): string {
  if (all.includes(token)) return token
  throw badRequest('pageToken: it is of no page of this list; begin again with an empty one.')
}

/**
 * What an S3 client needs to read the files of datasets from this service (Iceberg's properties of S3FileIO): nothing for a store that has access of its own.
 * The session token is what counts.
 */
async function credentialsOf(store: ObjectStore, request: FastifyRequest, until: number): Promise<Record<string, string>> {
  if (!isServed(store)) return {}
  const token = await store.grant('datasets/', until)
  return {
    's3.endpoint': `${request.protocol}://${requireHost(request)}`,
    's3.path-style-access': 'true',
    's3.region': 'us-east-1',
    'client.region': 'us-east-1',
    's3.access-key-id': namespace,
    's3.secret-access-key': 'the-session-token-counts',
    's3.session-token': token,
    's3.session-token-expires-at-ms': String(until),
  }
}

const isServed = (store: ObjectStore): store is FolderStore => 'grant' in store

/** As the client reached us; whoever sends another gets it back himself. */
function requireHost({ host }: FastifyRequest): string {
  if (/^(\[[0-9a-fA-F:.]+\]|[\w.-]{1,253})(:\d{1,5})?$/.test(host)) return host
  throw badRequest('Host: it is no name or address of a host; send the one of this service.')
}

/** RFC 9110 §13.1.2: a list, compared weakly. */
const isKnown = (header: string | undefined, etag: string): boolean =>
  header !== undefined && header.split(',').some((given) => ['*', etag].includes(given.trim().replace(/^W\//, '')))
