/** What the bench of the event loop tells a contender, and what it is told. */
import type { AnswerForm } from './loop-bodies.ts';

export type Order =
  /** Make the answer that will be asked for. */
  | { readonly type: 'prepare'; readonly form: AnswerForm; readonly bytes: number }
  | { readonly type: 'watch' }
  /** As soon as so many answers have been stored since. */
  | { readonly type: 'stop'; readonly stored: number };

export interface Reply {
  readonly port?: number;
  readonly longestMs?: number;
}
