/** Every scenario, in the order of the report. */
import type { Scenario } from '../bench.ts';
import { s1, s2, s3 } from './memory-hits.ts';
import { s4identity, s4large, s4small } from './redis-hits.ts';
import { s5 } from './s5-cold.ts';
import { s6 } from './s6-stream.ts';
import { s7memory, s7redis } from './s7-distinct.ts';
import { s8 } from './s8-growth.ts';
import { s9 } from './s9-trace.ts';
import { s10 } from './s10-redis.ts';

export const SCENARIOS: readonly Scenario[] = [
  s1,
  s2,
  s3,
  s4small,
  s4large,
  s4identity,
  s5,
  s6,
  s7memory,
  s7redis,
  s8,
  s9,
  s10,
];
