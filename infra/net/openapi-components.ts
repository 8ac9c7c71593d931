interface Described {
  paths?: object
  components?: { schemas?: object }
}

/** How a key is sent (api-access.ts): in either header, or not at all from the machine itself. */
export const keySchemes = {
  components: {
    securitySchemes: {
      bearer: { type: 'http' as const, scheme: 'bearer', description: 'A key, orr_…' },
      header: { type: 'apiKey' as const, in: 'header' as const, name: 'X-API-Key' },
    },
  },
  // oxlint-disable-next-line orrery/no-open-record -- our schemes
  security: [{ bearer: [] }, { header: [] }, {}] as Record<string, string[]>[],
}

/** An OpenAPI document without the schemas that no path leads to: each is registered as what is sent and as what is received, and is mostly one of them. */
export function withoutUnnamed<Document extends Described>(document: Document): Document {
  const schemas = new Map<string, unknown>(Object.entries(document.components?.schemas ?? {}))
  const named = new Set<string>()
  const follow = (part: unknown): void => {
    for (const [, name = ''] of JSON.stringify(part ?? null).matchAll(/"#\/components\/schemas\/([^"]+)"/g)) {
      if (named.has(name)) continue
      named.add(name)
      follow(schemas.get(name))
    }
  }
  follow(document.paths)
  return { ...document, components: { ...document.components, schemas: Object.fromEntries([...schemas].filter(([name]) => named.has(name))) } }
}
