import type { SchemaElement } from 'hyparquet'
import { z } from 'zod'
import { compareText } from '../compare-text.ts'
import { columnTable, type DocumentColumn } from '../document-columns.ts'
import type { Document } from '../document.ts'
import { documentColumns, physical, type Column, type Layout, type Leaf, type LeafKind } from './columns.ts'

/** What a column is to people who read a file: a value, a struct of named parts, or a list of values or structs. */
export type Shape = { is: 'value'; kind: Exclude<LeafKind, 'json'>; nullable: boolean } | { is: 'struct'; parts: Part[] } | { is: 'list'; of: Shape }
export interface Part {
  name: string
  shape: Shape
}

/** A column of the nested layout. */
export interface NestedColumn extends Part {
  name: keyof Document
  description: string
}

/** Below what readers of row groups ask for (the viewer of the Hub: 100 MB), and little to hold for who writes them. */
const groupBytesMax = 16 * 2 ** 20

/**
 * The columns of a document for people: what a shard has as JSON is structs and lists, by the schema of the column. A record of names of any kind is a list of
 * `{name, value}`, sorted by name: a struct would have other members in each file.
 */
export const nestedColumns = (options: { withSignature: boolean }): NestedColumn[] =>
  documentColumns
    .filter(({ kind }) => kind !== 'signature' || options.withSignature)
    .map((column) => ({ name: column.name, description: column.description, shape: shapeOfColumn(column) }))

/** The layout of a file with these columns. */
export function nestedLayout(columns: readonly NestedColumn[]): Layout {
  const known = new Map(documentColumns.map((column) => [column.name, column]))
  const leaves = columns.flatMap(({ name, shape }): Leaf[] => {
    const column = known.get(name) as Column
    return shape.is === 'value' ? [column] : leavesOf({ ...column, path: [name] }, shape)
  })
  return { schema: [{ name: 'document', num_children: columns.length }, ...columns.flatMap(elementsOf)], leaves, groupBytesMax }
}

function shapeOfColumn({ name, kind, nullable }: Column): Shape {
  return kind === 'json' ? shapeOf((columnTable[name] as DocumentColumn).of) : { is: 'value', kind, nullable }
}

/** The shape of what a JSON column holds. */
function shapeOf(of: z.ZodType): Shape {
  if (of instanceof z.ZodOptional || of instanceof z.ZodNullable) return { ...shapeOf(of.unwrap() as z.ZodType), nullable: true } as Shape
  if (of instanceof z.ZodObject) return { is: 'struct', parts: Object.entries(of.shape).map(([name, part]) => ({ name, shape: shapeOf(part as z.ZodType) })) }
  if (of instanceof z.ZodArray) return { is: 'list', of: shapeOf(of.element as z.ZodType) }
  if (of instanceof z.ZodRecord)
    return {
      is: 'list',
      of: {
        is: 'struct',
        parts: [
          { name: 'name', shape: text },
          { name: 'value', shape: shapeOf(of.valueType as z.ZodType) },
        ],
      },
    }
  if (of instanceof z.ZodBoolean) return { is: 'value', kind: 'boolean', nullable: false }
  if (of instanceof z.ZodNumberFormat) return { is: 'value', kind: 'int64', nullable: false }
  if (of instanceof z.ZodNumber) return { is: 'value', kind: 'double', nullable: false }
  return text
}
const text: Shape = { is: 'value', kind: 'string', nullable: false }

/** Its elements of the schema, depth first (parquet-format LogicalTypes.md, Lists). */
function elementsOf({ name, shape }: Part): SchemaElement[] {
  if (shape.is === 'value') return [{ name, repetition_type: shape.nullable ? 'OPTIONAL' : 'REQUIRED', ...physical[shape.kind] }]
  if (shape.is === 'struct') return [{ name, repetition_type: 'REQUIRED', num_children: shape.parts.length }, ...shape.parts.flatMap(elementsOf)]
  return [
    { name, repetition_type: 'REQUIRED', num_children: 1, converted_type: 'LIST', logical_type: { type: 'LIST' } },
    { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
    ...elementsOf({ name: 'element', shape: shape.of }),
  ]
}

/** The leaves below a part of a column: `above.take` gives the part of a member. No list stands in another, and no struct in a struct of a list. */
function leavesOf(above: Leaf, shape: Shape): Leaf[] {
  const part = (above.take ?? ((member: unknown) => member)) as (member: unknown) => unknown
  if (shape.is === 'value') return [leaf({ ...above, kind: shape.kind, nullable: shape.nullable, take: (member: never) => part(member) ?? null })]
  if (shape.is === 'struct')
    return shape.parts.flatMap(({ name, shape: inner }) =>
      leavesOf({ ...above, path: [...above.path, name], take: (member: never) => (part(member) as Record<string, unknown>)[name] }, inner),
    )
  const path = [...above.path, 'list', 'element']
  if (shape.of.is === 'struct')
    return shape.of.parts.map(({ name, shape: inner }) => {
      const at = name === 'name' ? 0 : 1
      const take = (member: never) => sortedEntries(part(member) as Record<string, unknown>).map((entry) => entry[at])
      return leaf({ ...above, path: [...path, name], kind: kindOf(inner), nullable: false, isList: true, take })
    })
  return [leaf({ ...above, path, kind: kindOf(shape.of), nullable: false, isList: true, take: (member: never) => part(member) })]
}

const leaf = ({ path, kind, nullable, name, take, isList }: Leaf): Leaf => ({
  path,
  kind,
  nullable,
  name,
  repeats: true,
  ...(take && { take }),
  ...(isList && { isList }),
})
const kindOf = (shape: Shape): LeafKind => (shape.is === 'value' ? shape.kind : 'string')
const sortedEntries = (record: Record<string, unknown>): [string, unknown][] => Object.entries(record).toSorted(([a], [b]) => compareText(a, b))
