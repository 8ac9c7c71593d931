import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'

test('who asks no Subtensor chain loads none of polkadot-js', () => {
  const program = `
    import { registerHooks } from 'node:module'
    registerHooks({ load: (url, context, next) => { if (/\\/@polkadot\\/(api|types)\\//.test(url)) throw new Error(url); return next(url, context) } })
    await import('#infra/backends.ts')
    process.stdout.write('loaded')`
  expect(execFileSync(process.execPath, ['--input-type=module', '-e', program], { cwd: new URL('../../..', import.meta.url).pathname }).toString()).toBe(
    'loaded',
  )
})
