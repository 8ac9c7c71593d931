import { defineConfig } from 'vitest/config'

// What tests start, processes and threads, loads much the same again and again.
if (!process.argv.includes('--coverage')) process.env['NODE_COMPILE_CACHE'] ??= new URL('../node_modules/.cache/orrery', import.meta.url).pathname

const long = process.env['TEST_LONG'] === '1'

export default defineConfig({
  root: new URL('..', import.meta.url).pathname,
  test: {
    include: long ? ['test/**/*.long.test.ts'] : ['**/*.test.ts'],
    exclude: long ? ['node_modules/**'] : ['node_modules/**', '**/*.long.test.ts'],
    // What hangs ends at last; no test may hang on how fast the machine is.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    pool: 'forks',
    maxWorkers: 2,
    coverage: { provider: 'v8', include: ['schemas/**/*.ts', 'infra/**/*.ts', 'scraper/**/*.ts', 'dataset/**/*.ts', 'trainer-bridge/**/*.ts', '*.ts'] },
  },
})
