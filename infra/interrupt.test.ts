import { EventEmitter } from 'node:events'
import { expect, test } from 'vitest'
import { Interrupted, interruptible } from './interrupt.ts'

function surroundings() {
  const events = new EventEmitter()
  const stdout = new EventEmitter()
  const died: string[] = []
  let nowMs = 0
  return {
    died,
    listening: () => events.eventNames().length + stdout.eventNames().length,
    send: (signal: 'SIGINT' | 'SIGTERM') => void events.emit(signal),
    stdout,
    pass: (ms: number) => (nowMs += ms),
    on: (signal: string, listener: () => void) => events.on(signal, listener),
    off: (signal: string, listener: () => void) => events.off(signal, listener),
    die: (signal: string) => void died.push(signal),
    now: () => nowMs,
  }
}

const untilAborted = (signal: AbortSignal) => new Promise<never>((_, fail) => signal.addEventListener('abort', () => fail(signal.reason as Error)))

test('work that was cut short says by what, as a shell has it', async () => {
  for (const [name, exitCode] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    const around = surroundings()
    const ended = interruptible(untilAborted, around)
    around.send(name)
    await expect(ended).rejects.toMatchObject({ name: 'Interrupted', exitCode })
    expect([around.died, around.listening()]).toEqual([[], 0])
  }
})

test('a signal that comes twice within a second is one, another after that ends the process at once', async () => {
  const around = surroundings()
  const ended = interruptible((signal) => untilAborted(signal).catch(() => new Promise<never>(() => undefined)), around)
  around.send('SIGINT')
  around.pass(999)
  around.send('SIGINT')
  expect(around.died).toEqual([])
  around.pass(1)
  around.send('SIGINT')
  expect([around.died, around.listening()]).toEqual([['SIGINT'], 0])
  void ended
})

test('a service that ends by itself when it is interrupted has done what it should', async () => {
  const around = surroundings()
  const ended = interruptible((signal) => untilAborted(signal).catch(() => 'closed'), around)
  around.send('SIGINT')
  expect(await ended).toBe('closed')
})

test('whoever reads the results leaves, and it is as if they had sent a signal', async () => {
  const around = surroundings()
  const ended = interruptible(untilAborted, around)
  around.stdout.emit('error', Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }))
  await expect(ended).rejects.toMatchObject({ exitCode: 141 })
})

test('what goes wrong by itself stays what it is', async () => {
  const around = surroundings()
  await expect(interruptible(() => Promise.reject(new TypeError('ours')), around)).rejects.not.toBeInstanceOf(Interrupted)
  expect(around.listening()).toBe(0)
})
