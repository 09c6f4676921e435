// What the bearer check costs: CPU time of an authenticated tools/call against the same tool without authentication.
import { ours, peer, twin } from '../build.ts'
import { withContenders } from '../contender.ts'
import type { Section } from '../report.ts'
import { ratio, show, spread } from '../statistics.ts'
import { cpuPerRequest } from './rounds.ts'

const GOAL = 1.08

export async function measureCalls(): Promise<Section> {
  return withContenders({ twin, ours, peer }, async (contenders) => {
    const turns = { rounds: 500, count: 50, warmUp: 4000 }
    const cpu = await cpuPerRequest(contenders, (one) => one.call('whoami'), turns)
    const row = (name: string, values: number[]) => [
      name,
      show(spread(values), 0),
      show(ratio(values, cpu.twin)),
      show(ratio(values, cpu.peer)),
    ]
    const toTwin = ratio(cpu.ours, cpu.twin).median
    const toPeer = ratio(cpu.ours, cpu.peer).median
    return {
      title: 'CPU of an authenticated tools/call',
      tables: [
        {
          columns: ['', 'µs per call', '× twin', '× peer'],
          rows: [row('twin, no authentication', cpu.twin), row('Gatehouse', cpu.ours), row('peer', cpu.peer)],
        },
      ],
      drawn: [
        {
          title: 'CPU of an authenticated tools/call, against the same tool without authentication',
          unit: '×',
          bars: [
            { label: 'twin, no authentication', value: 1, own: false },
            { label: 'Gatehouse', value: toTwin, own: true },
            { label: 'peer', value: ratio(cpu.peer, cpu.twin).median, own: false },
          ],
        },
      ],
      goals: [
        { rule: `at most ${GOAL} × the twin`, reached: toTwin <= GOAL, measured: `${toTwin.toFixed(2)} ×` },
        { rule: 'clearly below the peer', reached: toPeer <= 0.9, measured: `${toPeer.toFixed(2)} ×` },
      ],
    }
  })
}
