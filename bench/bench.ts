/** What a scenario works with, and what it makes. */
import type { Generator } from './load/load.ts';
import type { OnCore } from './measure/cores.ts';

export interface Bench {
  /** Every contender is probed; only the reference and ours are timed, for a second, so that this is known to work. */
  readonly isQuick: boolean;
  readonly rounds: number;
  /** Of load, for a contender in a round. */
  readonly seconds: number;
  readonly warmUpSeconds: number;
  readonly connections: number;
  readonly generator: Generator;
  readonly onCore: OnCore;
  /** Does this contender take part, by the command line? */
  wants(contender: string): boolean;
  /** What goes on, for people. */
  say(line: string): void;
  /** Something is wrong with us or with the benchmark itself: it ends with an error. */
  fail(what: string): void;
}

export interface Scenario {
  readonly id: string;
  run(bench: Bench): Promise<readonly Table[]>;
}

export interface Table {
  readonly id: string;
  readonly title: string;
  /** What is asked of whom, a sentence or two. */
  readonly about: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** Who does not take part, and why. */
  readonly leftOut: readonly LeftOut[];
  /** What was measured, for programs. */
  readonly data: unknown;
}

export interface LeftOut {
  readonly name: string;
  readonly why: string;
}
