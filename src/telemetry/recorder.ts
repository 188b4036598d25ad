import type { Clock } from '../clock.ts';
import type { TelemetryConfig } from '../config/config.ts';
import { type AICacheError, telemetryFailed } from '../errors.ts';
import { Channels } from './channels.ts';
import type { Observe } from './events.ts';
import type { Gauges } from './gauges.ts';
import { createLabelCaps } from './label-cap.ts';
import { NO_TRACING } from './no-tracing.ts';
import { OtelMetrics } from './otel-metrics.ts';
import { OtelTracing } from './otel-tracing.ts';
import { CachePerformanceMonitor } from './performance-monitor.ts';
import { RecentErrors } from './recent-errors.ts';
import { Tally } from './tally.ts';
import type { Tracing } from './tracing.ts';

export interface RecorderOptions {
  /** `cache.name`. */
  readonly name: string;
  /** `false`: no spans and no instruments; monitor and tally work all the same. */
  readonly telemetry: false | TelemetryConfig;
  /** Spans show a prefix of the key's digest. */
  readonly cacheStatusKey: boolean;
  readonly gauges: Gauges;
  readonly clock: Clock;
  /** Told the first time an OpenTelemetry provider throws, and never again. */
  readonly onError?: (error: AICacheError) => void;
}

/** The one place that events go to. */
export interface Recorder {
  readonly observe: Observe;
  readonly tracing: Tracing;
  readonly monitor: CachePerformanceMonitor;
  readonly tally: Tally;
  readonly errors: RecentErrors;
  readonly channels: Channels;
  /** Takes the gauges off the meter. */
  close(): void;
}

export function createRecorder(options: RecorderOptions): Recorder {
  const { name, telemetry, gauges, clock } = options;
  const labels = createLabelCaps();
  const onError = reportOnce(options.onError);
  const monitor = new CachePerformanceMonitor({ clock, gauges });
  const tally = new Tally(labels);
  const errors = new RecentErrors(clock);
  const channels = new Channels(name, labels);
  const metrics =
    telemetry === false ? undefined : new OtelMetrics({ name, gauges, labels, meterProvider: telemetry.meterProvider });
  const tracing =
    telemetry === false
      ? NO_TRACING
      : new OtelTracing({
          name,
          labels,
          onError,
          showKey: options.cacheStatusKey,
          tracerProvider: telemetry.tracerProvider,
        });

  const observe: Observe = (event) => {
    try {
      monitor.observe(event);
      tally.observe(event);
      errors.observe(event);
      channels.publish(event);
      // Last, since it alone calls code of others, which may throw.
      metrics?.record(event);
    } catch (error) {
      onError(error);
    }
  };
  const close = (): void => {
    try {
      metrics?.close();
    } catch (error) {
      onError(error);
    }
  };
  return Object.freeze({ observe, tracing, monitor, tally, errors, channels, close });
}

/** Reports the first failure: telemetry that fails does so at every event. */
function reportOnce(report: RecorderOptions['onError']): (cause: unknown) => void {
  let reported = false;
  return (cause) => {
    if (reported) return;
    reported = true;
    try {
      report?.(telemetryFailed(cause));
    } catch {
      // The user's own function failed while it was told of a failure: there is nobody left to tell.
    }
  };
}
