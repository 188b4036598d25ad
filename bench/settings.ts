/** The command line. */
import { parseArgs } from 'node:util';

export interface Settings {
  readonly isQuick: boolean;
  readonly rounds: number;
  readonly seconds: number;
  readonly warmUpSeconds: number;
  readonly connections: number;
  /** Beginnings of the ids of scenarios; none: all of them. */
  readonly scenarios: readonly string[];
  /** Parts of the names of contenders; none: all of them. The reference always takes part. */
  readonly contenders: readonly string[];
}

export const USAGE = `npm run bench [-- options]
  --quick                 correctness alone: every contender is probed, nothing is measured (under two minutes)
  --rounds 5              everybody is loaded once in each
  --seconds 3             for so long
  --only s1,s4            scenarios whose id begins so
  --contenders raw,nginx  contenders whose name has one of these in it, beside the reference
  --connections 16`;

export function settingsFrom(args: readonly string[]): Settings {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      rounds: { type: 'string', default: '5' },
      seconds: { type: 'string', default: '3' },
      only: { type: 'string', default: '' },
      contenders: { type: 'string', default: '' },
      connections: { type: 'string', default: '16' },
    },
  });
  const isQuick = values.quick;
  return {
    isQuick,
    rounds: isQuick ? 1 : positive('rounds', values.rounds),
    seconds: isQuick ? 1 : positive('seconds', values.seconds),
    warmUpSeconds: isQuick ? 0 : positive('seconds', values.seconds),
    connections: positive('connections', values.connections),
    scenarios: list(values.only),
    contenders: list(values.contenders),
  };
}

function positive(name: string, text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw new Error(`--${name} is ${text}: it takes a whole number from 1.\n${USAGE}`);
}

function list(text: string): string[] {
  return text.split(',').filter((part) => part !== '');
}
