#!/usr/bin/env node
// The one file an older Node can read: it says what to do instead of failing on the first type annotation.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import module from 'node:module'
import { fileURLToPath } from 'node:url'

const needed = 24
const root = fileURLToPath(new URL('..', import.meta.url))
const own = `${root}node_modules/node/bin/node${process.platform === 'win32' ? '.exe' : ''}`

if (!existsSync(`${root}node_modules/commander`)) {
  refuse(`the packages of the program are not installed: run "npm ci" in ${root}`)
} else if (Number(process.versions.node.split('.')[0]) < needed) {
  const installed = existsSync(own) && spawnSync(own, ['--version']).status === 0
  const remedy = installed
    ? `start it with ${root}orrery, "npm start" or "npx orrery", which use the Node 24 that npm ci installed`
    : 'run "npm ci" with install scripts allowed (npm install-scripts approve node), or install Node 24 yourself'
  refuse(`this needs Node ${needed} or newer and this is Node ${process.versions.node}: ${remedy}`)
} else {
  // Types stripped and code compiled once are kept beside the packages, by their content: a command that is over in half a second spends most of it on that.
  module.enableCompileCache(`${root}node_modules/.cache/orrery`)
  const { main } = await import('../main.ts')
  await main(process.argv.slice(2))
}

function refuse(why) {
  console.error(`orrery: ${why}.`)
  process.exitCode = 2
}
