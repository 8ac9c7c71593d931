import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { z } from 'zod'

const execute = promisify(execFile)

interface Wanted {
  name: string
  /** Version requirements by the names of crates. */
  crates: Readonly<Record<string, string>>
  /** Source of the program. */
  main: string
}

const Metadata = z.object({ packages: z.array(z.object({ name: z.string(), manifest_path: z.string() })) })

/**
 * The folder of a crate as it was published, its tests with it.
 * @returns its path; undefined where there is no Cargo or it cannot fetch it, and why on standard error
 */
export async function fetchCrate(crate: string, version: string): Promise<string | undefined> {
  try {
    const folder = await writeProject({ name: `fetch-${crate}`, crates: { [crate]: version }, main: 'fn main() {}' })
    const { stdout } = await execute('cargo', ['metadata', '--format-version', '1', '--quiet'], { cwd: folder, maxBuffer: 2 ** 26 })
    const found = Metadata.parse(JSON.parse(stdout)).packages.find(({ name }) => name === crate)
    return found && dirname(found.manifest_path)
  } catch (error) {
    console.error(`The crate ${crate} could not be fetched: ${String(error)}`)
    return undefined
  }
}

/**
 * A program of these crates, built by Cargo in the system's temporary folder if it is not there yet.
 * @returns its path; undefined where there is no Cargo or it cannot build it, and why on standard error
 */
export async function buildRust(wanted: Wanted): Promise<string | undefined> {
  const program = join(folderOf(wanted.name), 'target', 'release', wanted.name)
  if (existsSync(program)) return program
  try {
    const folder = await writeProject(wanted)
    await execute('cargo', ['build', '--release', '--quiet'], { cwd: folder, maxBuffer: 2 ** 26 })
    return program
  } catch (error) {
    console.error(`A program of ${Object.keys(wanted.crates).join(', ')} could not be built: ${String(error)}`)
    return undefined
  }
}

const folderOf = (name: string): string => join(tmpdir(), `orrery-bench-${name}`)

async function writeProject({ name, crates, main }: Wanted): Promise<string> {
  const folder = folderOf(name)
  const dependencies = Object.entries(crates).map(([crate, version]) => `${crate} = "${version}"`)
  await mkdir(join(folder, 'src'), { recursive: true })
  await writeFile(
    join(folder, 'Cargo.toml'),
    `[package]\nname = "${name}"\nversion = "0.0.0"\nedition = "2021"\n\n[dependencies]\n${dependencies.join('\n')}\n`,
  )
  await writeFile(join(folder, 'src', 'main.rs'), main)
  return folder
}
