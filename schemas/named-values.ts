import { z } from 'zod'

/**
 * An object whose keys are anybody's words, labels for one, as JSON has them at an edge: `__proto__` is a key like any other, which `z.record` leaves out.
 * Inside the program such values stand in a Map, in manifests in pairs (data-file.ts, `NamedCounts`).
 */
export function namedValues<Value>(value: z.ZodType<Value>): z.ZodType<Readonly<Record<string, Value>>> {
  const { $schema: _, ...additionalProperties } = z.toJSONSchema(value)
  const isNamed = (given: unknown): boolean => isPlain(given) && Object.values(given).every((each) => value.safeParse(each).success)
  return z
    .custom<Readonly<Record<string, Value>>>(isNamed, 'expected an object of such values')
    .meta({ type: 'object', propertyNames: { type: 'string' }, additionalProperties })
}

const isPlain = (given: unknown): given is object => typeof given === 'object' && given !== null && !Array.isArray(given)
