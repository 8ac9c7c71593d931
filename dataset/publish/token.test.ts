import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { temporaryFolder } from '#test/conformance/temporary-folder.ts'
import { readToken } from './token.ts'

test('the token comes from the file that is named, else from where huggingface_hub looks', async () => {
  const home = await temporaryFolder()
  const file = async (path: string, token: string) => {
    await mkdir(join(home, path, '..'), { recursive: true })
    await writeFile(join(home, path), `${token}\n`)
    return join(home, path)
  }
  const tokenFile = await file('named', 'hf_of_file')
  const env = {
    HF_TOKEN: 'hf_of_env',
    HUGGING_FACE_HUB_TOKEN: 'hf_of_former_env',
    HF_TOKEN_PATH: await file('path', 'hf_of_path'),
    HF_HOME: join(await file('home/token', 'hf_of_home'), '..'),
    XDG_CACHE_HOME: join(await file('cache/huggingface/token', 'hf_of_cache'), '../..'),
    HOME: join(await file('.cache/huggingface/token', 'hf_of_login'), '../../..'),
  }
  expect(await readToken({ tokenFile, env })).toBe('hf_of_file')
  const found = []
  for (const names = Object.keys(env); names.length > 0; names.shift())
    found.push(await readToken({ env: Object.fromEntries(names.map((name) => [name, env[name as keyof typeof env]])) }))
  expect(found).toEqual(['hf_of_env', 'hf_of_former_env', 'hf_of_path', 'hf_of_home', 'hf_of_cache', 'hf_of_login'])
  const { HOME } = env
  // As a file of settings has it, which no shell reads.
  expect(await readToken({ env: { HOME, HF_TOKEN_PATH: '~/path' } })).toBe('hf_of_path')
  expect(await readToken({ env: { HOME, HF_HOME: '~/home' } })).toBe('hf_of_home')
  expect(await readToken({ env: { HOME, HF_TOKEN: ' ', HF_TOKEN_PATH: '', HF_HOME: '', XDG_CACHE_HOME: '' } })).toBe('hf_of_login')
  await rm(tokenFile)
  await expect(readToken({ tokenFile, env })).rejects.toMatchObject({ code: 'invalid_argument', message: expect.stringContaining('--token-file') })
})

test('no token, or none of the hub, is said without it', async () => {
  const HOME = await temporaryFolder()
  await expect(readToken({ env: { HOME } })).rejects.toMatchObject({ code: 'invalid_argument', message: expect.stringContaining('HF_TOKEN') })
  const wrong = readToken({ env: { HOME, HF_TOKEN: 'secret' } })
  await expect(wrong).rejects.toThrow(/does not begin with "hf_"/)
  await expect(wrong).rejects.not.toThrow(/secret/)
})
