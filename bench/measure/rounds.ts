// CPU time per request of Workers that take turns: whatever else the machine does meets all of them alike.
import type { Contender } from '../contender.ts'
import { drive, type Sent } from '../load.ts'

export interface Turns {
  readonly rounds: number
  /** Requests of each, in each round. */
  readonly requests: number
  /** Before the first round, until the code is compiled. */
  readonly warmUp: number
}

const CONCURRENCY = 8

/** Microseconds of CPU per request, by Worker and round. */
export async function cpuPerRequest<Names extends string>(
  contenders: Readonly<Record<Names, Contender>>,
  sent: (contender: Contender) => Sent,
  { rounds, requests, warmUp }: Turns,
): Promise<Record<Names, number[]>> {
  const all = Object.entries<Contender>(contenders)
  const measured: Record<string, number[]> = Object.fromEntries(all.map(([name]) => [name, []]))
  const run = (one: Contender, count: number) =>
    drive(one.connection, () => sent(one), { requests: count, concurrency: CONCURRENCY })
  for (const [, one] of all) await run(one, warmUp)
  for (let round = 0; round < rounds; round++) {
    // Each is first as often as the others.
    const order = round % 2 === 0 ? all : all.toReversed()
    for (const [name, one] of order) {
      const before = one.workerd.cpu()
      await run(one, requests)
      measured[name]?.push((one.workerd.cpu() - before) / requests)
    }
  }
  return measured as Record<Names, number[]>
}
