import type { daysLater } from '#infra/sweep/sweep.fixture.ts'
import { program } from './program.ts'

await program<ReturnType<typeof daysLater>>({
  async run({ sweep, scope }, { say }) {
    say({ begun: true })
    for (;;) say({ ...(await sweep.run(scope, new AbortController().signal)) })
  },
})
