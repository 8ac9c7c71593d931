import { z } from 'zod'
import { Config } from './schema.ts'

export interface ConfigKey {
  /** `miner.host_delay_ms` */
  key: string
  /** `ORRERY_MINER_HOST_DELAY_MS` */
  variable: string
  type: 'string' | 'number' | 'boolean' | 'date' | 'list'
  /** undefined = no default. */
  default: unknown
  description: string
}

const Property = z.object({ type: z.string().optional(), format: z.string().optional(), default: z.unknown().optional(), description: z.string().default('') })
// oxlint-disable-next-line orrery/no-open-record -- names of settings
const Section = z.object({ type: z.string(), properties: z.record(z.string(), z.unknown()).optional(), description: z.string().optional() })

const types = new Map<string, ConfigKey['type']>([
  ['array', 'list'],
  ['integer', 'number'],
  ['number', 'number'],
  ['boolean', 'boolean'],
])

/** Every setting in the order of the schema. */
export const configKeys: readonly ConfigKey[] = listKeys()

function listKeys(): ConfigKey[] {
  const { properties = {} } = z.toJSONSchema(Config, { io: 'input', unrepresentable: 'any' })
  return Object.entries(properties).flatMap(([name, value]) => {
    const section = Section.parse(value)
    if (!section.properties) return [keyOf(name, value)]
    return Object.entries(section.properties).map(([inner, property]) => keyOf(`${name}.${inner}`, property))
  })
}

function keyOf(key: string, value: unknown): ConfigKey {
  const property = Property.parse(value)
  const type = property.format === 'date-time' ? 'date' : (types.get(property.type ?? '') ?? 'string')
  return { key, variable: `ORRERY_${key.replace('.', '_').toUpperCase()}`, type, default: property.default, description: property.description }
}
