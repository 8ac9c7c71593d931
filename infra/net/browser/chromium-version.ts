import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** What a Chromium says of itself (`Chromium 142.0.1`); undefined when it says nothing, or would open a window instead (Windows). */
export async function chromiumVersion(executablePath: string): Promise<string | undefined> {
  if (process.platform === 'win32') return undefined
  try {
    const { stdout } = await run(executablePath, ['--version'], { timeout: 10_000, maxBuffer: 1 << 16 })
    const [line = ''] = stdout.trim().split('\n', 1)
    return line.trim().slice(0, 100) || undefined
  } catch {
    return undefined
  }
}
