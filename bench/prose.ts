/** Text that reads and compresses like prose, the same in every run. */
const WORDS = (
  'the of and to in a is that for it was on are as with his they be at one have this from or had by hot but some what there we can ' +
  'out other were all your when up use word how said an each she which do their time if will way about many then them would write ' +
  'like so these her long make thing see him two has look more day could go come did my sound no most number who over know water ' +
  'than call first people may down side been now find any new work part take get place made live where after back little only round ' +
  'man year came show every good me give our under name very through just form much great think say help low line before turn cause ' +
  'same mean differ move right boy old too does tell sentence set three want air well also play small end put home read hand port ' +
  'large spell add even land here must big high such follow act why ask men change went light kind off need house picture try us ' +
  'again animal point mother world near build self earth father model answer cache request provider token stream language summary'
).split(' ');

/** Numbers from 0 to 1 from a seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** So many characters, all ASCII; frequent words come often, as in any language (Zipf's law). */
export function prose(characters: number, seed: number): string {
  const random = seededRandom(seed);
  const parts: string[] = [];
  let length = 0;
  while (length < characters) {
    const word = WORDS[Math.floor(WORDS.length ** random()) - 1] ?? 'the';
    const part = random() < 0.08 ? `${word}. ` : `${word} `;
    parts.push(part);
    length += part.length;
  }
  return parts.join('').slice(0, characters);
}
