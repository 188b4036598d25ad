/**
 * How README.md and the pages of docs/guide/ keep their promises. Every fenced `ts` or `js` block is a module that is run, and every `ts` block is compiled.
 * HTML comments, which readers do not see, say the rest:
 *
 *     <!-- setup
 *     code put before the next block: what a fragment leaves out
 *     -->
 *     ```ts
 *     the block
 *     ```
 *     <!-- then
 *     code put after the block: it sends the requests; `await origin` is the URL of the first server that listens
 *     -->
 *     <!-- prints: a regular expression -->
 *
 * - A block imports 'express-ai-cache' as a user does, and gets src/.
 * - Whatever port a block listens on, it gets a free one.
 * - REDIS_URL is a redis-server of its own; OPENAI_BASE_URL and OPENAI_API_KEY lead to an emulator that answers everything.
 * - A block with `prints` (there may be several) has to print a match for each and is then ended. One without has to come to the
 *   end of its code, `then` included, and is ended there.
 * - `bash` and `sh` blocks are not run, but each npm script that they name has to exist. One with `<!-- run -->` behind it is run
 *   after the `then` code of the block before it: http://localhost:3000 is the URL of `await origin`, curl fails on errors, and what it
 *   prints counts.
 */
import type { DocPage } from './doc-pages.ts';

export interface Program {
  /** Where the block begins: README.md:42, docs/guide/streams.md:7. */
  readonly place: string;
  readonly language: 'ts' | 'js';
  readonly code: string;
  readonly prints: readonly RegExp[];
}

export interface Blocks {
  readonly programs: readonly Program[];
  /** The npm scripts named in `bash` and `sh` blocks. */
  readonly npmScripts: readonly string[];
}

interface Draft {
  place: string;
  language: 'ts' | 'js';
  setup: string;
  block: string;
  after: string[];
  prints: RegExp[];
}

const piece = /^```(\w*)[^\n]*\n([\s\S]*?)^```[ \t]*$|^<!--\s*(setup|then|run|prints:)\s([\s\S]*?)-->/gm;
const languages: Record<string, 'ts' | 'js'> = { ts: 'ts', typescript: 'ts', js: 'js', javascript: 'js' };

/** Reads a page; throws where a comment has no block to belong to. */
export function readBlocks({ path, markdown }: DocPage): Blocks {
  const drafts: Draft[] = [];
  const npmScripts: string[] = [];
  let setup = '';
  let shell = '';
  for (const { index, 1: fence, 2: block = '', 3: comment, 4: text = '' } of markdown.matchAll(piece)) {
    const place = `${path}:${markdown.slice(0, index).split('\n').length}`;
    const language = languages[fence ?? ''];
    if (language !== undefined) {
      drafts.push({ place, language, setup, block, after: [], prints: [] });
      setup = '';
    } else if (fence === 'bash' || fence === 'sh') {
      npmScripts.push(...scriptsIn(block));
      shell = block;
    } else if (comment === 'setup') {
      setup += text;
    } else if (comment !== undefined) {
      const draft = drafts.at(-1);
      if (draft === undefined) throw new Error(`${place}: there is no block before this comment.`);
      if (comment === 'then') draft.after.push(text);
      else if (comment === 'run') draft.after.push(shellRun(shell));
      else draft.prints.push(new RegExp(text.trim(), 'm'));
    }
  }
  if (setup !== '') throw new Error(`${path}: there is no block after the last setup comment.`);
  return { programs: drafts.map(programOf), npmScripts };
}

function programOf({ place, language, setup, block, after, prints }: Draft): Program {
  const ending = prints.length === 0 ? ['process.exit();'] : [];
  return { place, language, code: [setup, block, ...after, ...ending, 'export {};', ''].join('\n'), prints };
}

/** Code that runs a shell block against the server that the program has started, and prints what it prints. */
function shellRun(block: string): string {
  const script = `set -euo pipefail\ncurl() { command curl -sS --fail-with-body -w '\\n' "$@"; }\n${block}`;
  return [
    `const shell = await (await import('node:util')).promisify((await import('node:child_process')).execFile)(`,
    `  'bash', ['-c', ${JSON.stringify(script)}.replaceAll('http://localhost:3000', await origin)],`,
    `);`,
    `console.log(shell.stdout + shell.stderr);`,
  ].join('\n');
}

/** `npm run lint`, `npm test`, `npm start -- --exit` name lint, test and start; npm's own commands name none. */
function scriptsIn(commands: string): string[] {
  return [...commands.matchAll(/\bnpm (?:run(?:-script)? ([\w:-]+)|(test|start|stop|restart)\b)/g)].map(
    ([, run, short]) => run ?? short ?? '',
  );
}
