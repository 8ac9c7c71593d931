import type { LeafKind } from '#schemas/parquet/columns.ts'
import type { NestedColumn, Part, Shape } from '#schemas/parquet/nested-layout.ts'
import type { YamlValue } from './yaml.ts'

/** As Arrow calls them, and `datasets` after it. */
const types: Record<Exclude<LeafKind, 'json'>, string> = {
  string: 'string',
  int32: 'int32',
  int64: 'int64',
  double: 'float64',
  boolean: 'bool',
  timestamp: 'timestamp[us, tz=UTC]',
  signature: 'binary',
}

/** `dataset_info.features` of a card: what `datasets` of any release makes of files with these columns. A list of structs is no `sequence`, which would turn them inside out. */
export const featuresOf = (columns: readonly Part[]): YamlValue[] => columns.map(({ name, shape }) => ({ name, ...featureOf(shape) }))

function featureOf(shape: Shape): { [key: string]: YamlValue } {
  if (shape.is === 'value') return { dtype: types[shape.kind] }
  if (shape.is === 'struct') return { struct: featuresOf(shape.parts) }
  return shape.of.is === 'value' ? { sequence: types[shape.of.kind] } : { list: shape.of.is === 'struct' ? featuresOf(shape.of.parts) : featureOf(shape.of) }
}

/** A column's type, for people. */
export function typeOf({ shape }: Pick<NestedColumn, 'shape'>): string {
  if (shape.is === 'value') return `${types[shape.kind]}${shape.nullable ? ', nullable' : ''}`
  if (shape.is === 'struct') return `struct of ${shape.parts.map((part) => `${part.name}: ${typeOf(part)}`).join('; ')}`
  return `list of ${typeOf({ shape: shape.of })}`
}
