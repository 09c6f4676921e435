// What the bearer check costs: CPU time of an authenticated tools/call against the same tool without authentication.
import { betterAuth, ours, peer, twin } from '../build.ts'
import { withContenders } from '../contender.ts'
import type { Section } from '../report.ts'
import { ratio, show, spread } from '../statistics.ts'
import { cpuPerRequest } from './rounds.ts'

const GOAL = 1
/** What two runs may say differently of the same. */
const NOISE = 0.03

export async function measureCalls(): Promise<Section> {
  return withContenders({ twin, ours, peer, betterAuth }, async (contenders) => {
    const turns = { rounds: 80, count: 80, warmUp: 2000 }
    const cpu = await cpuPerRequest(contenders, (one) => one.call('whoami'), turns)
    const row = (name: string, values: number[]) => [
      name,
      show(spread(values), 0),
      show(ratio(values, cpu.twin)),
      show(ratio(values, cpu.peer)),
    ]
    const goal = (whose: string, of: number[], most: number) => {
      const factor = ratio(cpu.ours, of).median
      const rule = `at most ${GOAL.toFixed(2)} × ${whose}`
      return { rule, reached: factor <= most, measured: `${factor.toFixed(2)} ×` }
    }
    return {
      title: 'CPU of an authenticated tools/call',
      tables: [
        {
          columns: ['', 'µs per call', '× twin', '× peer'],
          rows: [
            row('twin, no authentication', cpu.twin),
            row('Gatehouse', cpu.ours),
            row('peer', cpu.peer),
            row('Better Auth', cpu.betterAuth),
          ],
        },
      ],
      drawn: [
        {
          title: 'CPU of an authenticated tools/call, against the same tool without authentication',
          unit: '×',
          bars: [
            { label: 'twin, no authentication', value: 1, own: false },
            { label: 'Gatehouse', value: ratio(cpu.ours, cpu.twin).median, own: true },
            { label: 'peer', value: ratio(cpu.peer, cpu.twin).median, own: false },
            { label: 'Better Auth', value: ratio(cpu.betterAuth, cpu.twin).median, own: false },
          ],
        },
      ],
      goals: [
        goal(`the twin, within ${NOISE}`, cpu.twin, GOAL + NOISE),
        goal('the peer', cpu.peer, GOAL),
        goal('Better Auth', cpu.betterAuth, GOAL),
      ],
      readme: {
        'CPU of a tool call, without authentication = 1': [cpu.ours, cpu.peer, cpu.betterAuth].map((one) =>
          ratio(one, cpu.twin).median.toFixed(2),
        ),
      },
    }
  })
}
