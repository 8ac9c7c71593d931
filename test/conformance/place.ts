import type { Clock } from '#schemas/clock.ts'

/** Where a backend keeps its things, said so that another OS process can open it: `factory(...args, { clock })` of a module. */
export interface Place {
  /** URL. */
  module: string
  factory: string
  /** JSON. */
  args: readonly unknown[]
}

export async function openPlace<Backend>({ module, factory, args }: Place, clock: Clock): Promise<Backend> {
  const exported = (await import(module)) as Record<string, (...args: unknown[]) => Backend | Promise<Backend>>
  const make = exported[factory]
  if (!make) throw new Error(`${module} does not export ${factory}`)
  return make(...args, { clock })
}
