#!/usr/bin/env node
// The one file an older Node can read: it says what to do instead of failing on the first type annotation.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const needed = 24
const own = fileURLToPath(new URL(`../node_modules/node/bin/node${process.platform === 'win32' ? '.exe' : ''}`, import.meta.url))

if (Number(process.versions.node.split('.')[0]) >= needed) {
  const { main } = await import('../main.ts')
  await main(process.argv.slice(2))
} else {
  const installed = existsSync(own) && spawnSync(own, ['--version']).status === 0
  const remedy = installed
    ? 'start it with "npm start" or "npx orrery", which use the Node 24 that npm ci installed'
    : 'run "npm ci" with install scripts allowed (npm install-scripts approve node), or install Node 24 yourself'
  console.error(`orrery needs Node ${needed} or newer and this is Node ${process.versions.node}: ${remedy}.`)
  process.exitCode = 2
}
