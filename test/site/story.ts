const words = {
  who: 'baker farmer teacher sailor painter nurse singer miller tailor doctor gardener smith weaver clerk'.split(' '),
  did: 'saw found carried mended sold painted lost opened washed hid moved kept borrowed measured'.split(' '),
  how: 'old small heavy broken yellow quiet narrow wooden empty silver long cold square strange'.split(' '),
  what: 'boat window ladder bridge basket garden letter mirror wagon bell stove lantern fence clock'.split(' '),
  where: 'behind near under above beside inside past around'.split(' '),
  place: 'market harbour church school river station forest mill castle library orchard tower'.split(' '),
  when: 'morning evening winter summer week storm harvest feast'.split(' '),
}

/** English sentences that no rule takes for repetition; another text for each number. */
export function story(seed: number, sentences = 12): string {
  let state = (Math.imul(seed + 1, 2654435761) ^ 0x9e3779b9) >>> 0
  const pick = (kind: keyof typeof words): string => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return words[kind][(state >>> 12) % words[kind].length] ?? ''
  }
  return Array.from(
    { length: sentences },
    () =>
      `The ${pick('how')} ${pick('who')} ${pick('did')} a ${pick('how')} ${pick('what')} ${pick('where')} the ${pick('place')} that ${pick('when')} and ` +
      `${pick('did')} the ${pick('what')} of ${pick('how')} ${pick('who')}s with ${pick('what')} ${pick('what')}s.`,
  ).join(' ')
}
