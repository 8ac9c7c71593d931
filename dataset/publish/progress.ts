import { SingleBar } from 'cli-progress'

/** What people see of a publication. */
export interface Progress {
  /** So much is to be made and sent, about. */
  begin(bytes: number, files: number): void
  /** Bytes went out; negative: they must go again. */
  sent(bytes: number): void
  /** Files are on the hub. @param bytes of them, of those `begin` was told */
  done(files: number, bytes: number): void
  say(line: string): void
  end(): void
}

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`

/** A bar on a terminal, else a line now and then. */
export function progressOn(output: NodeJS.WriteStream): Progress {
  const total = { bytes: 0, files: 0, done: 0, doneBytes: 0, sent: 0 }
  const figures = () => ({ files: `${total.done}/${total.files}`, sent: megabytes(total.sent) })
  const bar = output.isTTY
    ? new SingleBar({ format: '{bar} {percentage}% | {files} files | {sent} sent', stream: output, hideCursor: true, forceRedraw: true })
    : undefined
  let isOn = false
  return {
    begin(bytes, files) {
      Object.assign(total, { bytes, files, done: 0, doneBytes: 0 })
      if (files === 0) return
      bar?.start(Math.max(1, bytes), 0, figures())
      isOn = true
    },
    sent(bytes) {
      total.sent += bytes
      bar?.update(total.doneBytes, figures())
    },
    done(files, bytes) {
      total.done += files
      total.doneBytes += bytes
      if (bar) bar.update(total.doneBytes, figures())
      else output.write(`publish: ${figures().files} files, ${figures().sent} sent\n`)
    },
    say(line) {
      output.write(bar && isOn ? `\r\x1b[Kpublish: ${line}\n` : `publish: ${line}\n`)
    },
    end() {
      if (isOn) bar?.stop()
    },
  }
}
