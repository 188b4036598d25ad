import { createRecorder, type Recorder, type RecorderOptions } from '../../src/telemetry/recorder.ts';
import { manualClock } from '../support/manual-clock.ts';

/** A recorder named `answers` with a clock that stands still; by default on the global providers. */
export function testRecorder(options: Partial<RecorderOptions> = {}): Recorder {
  return createRecorder({
    name: 'answers',
    telemetry: {},
    cacheStatusKey: false,
    gauges: () => [],
    clock: manualClock(),
    ...options,
  });
}
