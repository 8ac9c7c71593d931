import type { HostNotes } from '#schemas/host-notes.ts'
import { program } from './program.ts'

await program<HostNotes>({
  /** Keeps notes of ever new hosts. */
  async put(notes, { clock, say }) {
    for (let n = 0; ; n++) {
      const note = { host: `${process.pid}-${n}.example`, text: `${n}` }
      await notes.put('mood', note.host, note.text, clock.now() + 3_600_000)
      say(note)
    }
  },
})
