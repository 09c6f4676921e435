// The counts: each event as a data point of Workers Analytics Engine, for deployments that have a dataset under the
// name EVENTS. docs/operate.md tells how to ask for them.
import { env } from 'cloudflare:workers'
import { BLOBS, DOUBLES, type Line } from './events.ts'

/** Counts an event; nothing where there is no dataset. The event is the index, so that rare ones are never sampled away. */
export function count(line: Line): void {
  // The type of env has it only where it is set.
  const dataset: AnalyticsEngineDataset | undefined = Reflect.get(env, 'EVENTS')
  dataset?.writeDataPoint({
    indexes: [line.event],
    blobs: BLOBS.map((field) => line[field] ?? ''),
    doubles: DOUBLES.map((field) => line[field] ?? 0),
  })
}
