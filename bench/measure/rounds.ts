// CPU time of Workers that take turns: whatever else the machine does meets all of them alike.
import type { Contender } from '../contender.ts'
import { drive, type Sent } from '../load.ts'

export interface Turns {
  /** Many and short ones, so that two that are compared have met the same. */
  readonly rounds: number
  /** Of each, in each round. */
  readonly count: number
  /** Before the first round, until the code is compiled. */
  readonly warmUp: number
}

const CONCURRENCY = 8

/** Does something so many times. Returns what cpuOf() said of it. */
export type Work = (contender: Contender, count: number) => Promise<number>

/** Microseconds of CPU of a Worker's process. */
export async function cpuOf({ workerd }: Contender, act: () => Promise<unknown>): Promise<number> {
  const before = workerd.cpu()
  await act()
  return workerd.cpu() - before
}

/** Microseconds of CPU for one of the things that `work` does, by Worker and round. */
export async function cpuInTurns<Names extends string>(
  contenders: Readonly<Record<Names, Contender>>,
  work: Work,
  { rounds, count, warmUp }: Turns,
): Promise<Record<Names, number[]>> {
  const all = Object.entries<Contender>(contenders)
  const measured: Record<string, number[]> = Object.fromEntries(all.map(([name]) => [name, []]))
  for (const [, one] of all) await work(one, warmUp)
  for (let round = 0; round < rounds; round++) {
    // Each is first as often as the others.
    const order = round % 2 === 0 ? all : all.toReversed()
    for (const [name, one] of order) measured[name]?.push((await work(one, count)) / count)
  }
  return measured as Record<Names, number[]>
}

/** The same for a request. */
export function cpuPerRequest<Names extends string>(
  contenders: Readonly<Record<Names, Contender>>,
  sent: (contender: Contender) => Sent,
  turns: Turns,
): Promise<Record<Names, number[]>> {
  const work: Work = (one, count) =>
    cpuOf(one, () => drive(one.connection, () => sent(one), { requests: count, concurrency: CONCURRENCY }))
  return cpuInTurns(contenders, work, turns)
}
