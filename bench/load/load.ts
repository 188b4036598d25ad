/** Load on one contender: the same requests from so many connections, for so long. */
import { spawnSync } from 'node:child_process';
import type { OnCore } from '../measure/cores.ts';
import type { Asked } from '../site.ts';
import { autocannon } from './autocannon.ts';
import { wrk } from './wrk.ts';

export interface Plan {
  readonly port: number;
  readonly asked: Asked;
  readonly connections: number;
  readonly seconds: number;
  /** What the placeholder of the request becomes: `from`, `from + 1`, …, after `count` of them again from `from`. */
  readonly numbers?: { readonly from: number; readonly count: number };
}

export interface Loaded {
  readonly requests: number;
  readonly seconds: number;
  /** Answers with another status than 2xx, and connections that failed. */
  readonly errors: number;
}

export interface Generator {
  readonly name: string;
  run(plan: Plan, onCore: OnCore): Promise<Loaded>;
}

/** wrk takes the least of the machine itself; autocannon is there on any. */
export function chooseGenerator(): Generator {
  return spawnSync('wrk', ['-v']).error === undefined ? wrk : autocannon;
}
