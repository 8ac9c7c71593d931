import type { LeafKind } from '#schemas/parquet/columns.ts'
import type { Shape } from '#schemas/parquet/nested-layout.ts'
import type { Told } from './card.ts'
import { dataGlob } from './layout.ts'

export const croissantPath = 'croissant.json'

/** The context that every Croissant 1.0 file has (https://docs.mlcommons.org/croissant/docs/croissant-spec.html, appendix 1). */
const context = {
  '@language': 'en',
  '@vocab': 'https://schema.org/',
  citeAs: 'cr:citeAs',
  column: 'cr:column',
  conformsTo: 'dct:conformsTo',
  cr: 'http://mlcommons.org/croissant/',
  rai: 'http://mlcommons.org/croissant/RAI/',
  data: { '@id': 'cr:data', '@type': '@json' },
  dataType: { '@id': 'cr:dataType', '@type': '@vocab' },
  dct: 'http://purl.org/dc/terms/',
  equivalentProperty: 'cr:equivalentProperty',
  examples: { '@id': 'cr:examples', '@type': '@json' },
  extract: 'cr:extract',
  field: 'cr:field',
  fileProperty: 'cr:fileProperty',
  fileObject: 'cr:fileObject',
  fileSet: 'cr:fileSet',
  format: 'cr:format',
  includes: 'cr:includes',
  isLiveDataset: 'cr:isLiveDataset',
  jsonPath: 'cr:jsonPath',
  key: 'cr:key',
  md5: 'cr:md5',
  parentField: 'cr:parentField',
  path: 'cr:path',
  recordSet: 'cr:recordSet',
  references: 'cr:references',
  regex: 'cr:regex',
  repeated: 'cr:repeated',
  replace: 'cr:replace',
  samplingRate: 'cr:samplingRate',
  sc: 'https://schema.org/',
  separator: 'cr:separator',
  source: 'cr:source',
  subField: 'cr:subField',
  transform: 'cr:transform',
}

const types: Record<Exclude<LeafKind, 'json'>, string> = {
  string: 'sc:Text',
  int32: 'cr:Int32',
  int64: 'cr:Int64',
  double: 'cr:Float64',
  boolean: 'sc:Boolean',
  timestamp: 'sc:DateTime',
  signature: 'sc:Text',
}

/** The version as Croissant 1.0: who reads that finds files and columns. */
export function croissant({ entry, layout, repo, hubUrl }: Told): string {
  const url = `${hubUrl}/datasets/${repo}`
  const { name, documents } = entry.manifest
  const description = `${documents.toLocaleString('en-US')} documents of the web, deduplicated; version ${entry.version}, manifest ${entry.sha256}.`
  const files = { fileSet: { '@id': 'parquet' } }
  const field = (id: string, shape: Shape, source: object): object => ({
    '@type': 'cr:Field',
    '@id': id,
    ...partsOf(id, shape, source),
  })
  const partsOf = (id: string, shape: Shape, source: object): object => {
    if (shape.is === 'value') return { dataType: types[shape.kind], source }
    if (shape.is === 'list') return { ...partsOf(id, shape.of, source), repeated: true }
    return { subField: shape.parts.map((part) => field(`${id}/${part.name}`, part.shape, { ...source, transform: { jsonPath: part.name } })), source }
  }
  const value = {
    '@context': context,
    '@type': 'sc:Dataset',
    conformsTo: 'http://mlcommons.org/croissant/1.0',
    name,
    description,
    url,
    license: `${url}#rights-and-withdrawal`,
    version: `${entry.version}.0.0`,
    distribution: [
      {
        '@type': 'cr:FileObject',
        '@id': 'repo',
        name: 'repo',
        description: 'The Git repository.',
        contentUrl: `${url}/tree/v${entry.version}`,
        encodingFormat: 'git+https',
        sha256: 'https://github.com/mlcommons/croissant/issues/80',
      },
      { '@type': 'cr:FileSet', '@id': 'parquet', name: 'parquet', containedIn: { '@id': 'repo' }, encodingFormat: 'application/x-parquet', includes: dataGlob },
    ],
    recordSet: [
      {
        '@type': 'cr:RecordSet',
        '@id': 'documents',
        name: 'documents',
        field: layout.columns.map(({ name: column, description: what, shape }) => ({
          ...field(`documents/${column}`, shape, { ...files, extract: { column } }),
          description: what,
        })),
      },
    ],
  }
  return `${JSON.stringify(value, null, 1)}\n`
}
