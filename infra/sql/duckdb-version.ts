/** Version of the library, when it loads on this machine. */
export const duckdbVersion = async (): Promise<string> => (await import('@duckdb/node-api')).version()
