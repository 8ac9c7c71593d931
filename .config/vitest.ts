import { defineConfig } from 'vitest/config'

const long = process.env['TEST_LONG'] === '1'

export default defineConfig({
  root: new URL('..', import.meta.url).pathname,
  test: {
    include: long ? ['test/**/*.long.test.ts'] : ['**/*.test.ts'],
    exclude: long ? ['node_modules/**'] : ['node_modules/**', '**/*.long.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    pool: 'forks',
    maxWorkers: 2,
    coverage: { provider: 'v8', include: ['schemas/**/*.ts', 'infra/**/*.ts', 'scraper/**/*.ts', 'dataset/**/*.ts', 'trainer-bridge/**/*.ts', '*.ts'] },
  },
})
