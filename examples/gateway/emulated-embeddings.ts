/** The embeddings of an emulated provider: the vectors mean nothing, the form and the counts are those of OpenAI's API. */
import type { Journal, Mountable } from '@copilotkit/aimock';
import { createHash } from 'node:crypto';
import { json } from 'node:stream/consumers';

export interface EmbeddingsBody {
  readonly model: string;
  readonly input: string | readonly string[] | readonly number[] | readonly (readonly number[])[];
  readonly encoding_format?: 'float' | 'base64';
}

export function emulatedEmbeddings(): Mountable {
  let journal: Journal | undefined;
  return {
    setJournal: (given) => {
      journal = given;
    },
    async handleRequest(req, res) {
      const body = (await json(req)) as EmbeddingsBody;
      res.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(embeddingsFor(body)));
      const path = '/v1/embeddings';
      journal?.add({ method: 'POST', path, headers: {}, body: null, response: { status: 200, fixture: null } });
      return true;
    },
  };
}

export function embeddingsFor({ model, input, encoding_format: format = 'float' }: EmbeddingsBody): object {
  const inputs = inputsIn(input);
  const vectors = inputs.map(vectorOf);
  const data = vectors.map((vector, index) => {
    const bytes = Buffer.from(vector.buffer);
    return { object: 'embedding', index, embedding: format === 'base64' ? bytes.toString('base64') : [...vector] };
  });
  const tokens = inputs.reduce((sum, one) => sum + Math.ceil(one.length / 4), 0);
  return { object: 'list', data, model, usage: { prompt_tokens: tokens, total_tokens: tokens } };
}

/** One text, texts, or the tokens of one or of several. */
function inputsIn(input: EmbeddingsBody['input']): string[] {
  if (typeof input === 'string') return [input];
  return typeof input[0] === 'number' ? [input.join(' ')] : input.map((one) => String(one));
}

function vectorOf(text: string): Float32Array {
  return Float32Array.from(createHash('sha256').update(text).digest(), (byte) => byte / 127.5 - 1);
}
