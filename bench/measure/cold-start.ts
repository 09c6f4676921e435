// From nothing to the first answer: what there is to load, to evaluate, and to do at first.
import { type Build, build, emptyLike, ours, peer, type Size, sizeOf, template, twin } from '../build.ts'
import { type Contender, withContenders } from '../contender.ts'
import { Connection } from '../load.ts'
import { toolCall } from '../mcp.ts'
import { temporary } from '../place.ts'
import type { Section } from '../report.ts'
import { median } from '../statistics.ts'
import { Workerd } from '../workerd.ts'

const ROUNDS = 15
const NAMES = ['twin', 'ours', 'peer'] as const
type Name = (typeof NAMES)[number]
/** What two runs may say differently of the same. */
const NOISE = 1.1

/** In milliseconds of CPU. */
interface Started {
  /** Until it listens, beyond a Worker of the same configuration that does nothing. */
  readonly evaluated: number
  /** For the first tools/call, authenticated where that is asked for. */
  readonly first: number
}

export async function measureColdStart(): Promise<Section> {
  const [emptyTwin, emptyOurs] = [emptyLike(twin, temporary), emptyLike(ours, temporary)]
  const builds = { twin, ours, peer, emptyTwin, emptyOurs }
  return withContenders(builds, async ({ emptyTwin, emptyOurs, ...contenders }) => {
    const nothing = { twin: emptyTwin, ours: emptyOurs, peer: emptyTwin }
    const rounds: Record<Name, Started>[] = []
    for (let round = 0; round < ROUNDS; round++) {
      const started = {} as Record<Name, Started>
      for (const name of NAMES) started[name] = await startAnew(contenders[name], nothing[name])
      rounds.push(started)
    }
    const typical = (name: Name, what: keyof Started) => median(rounds.map((round) => round[name][what]))
    const sizes = { twin: await sizesOf(twin), ours: await sizesOf(ours), peer: await sizesOf(peer) }
    const sizesOfTemplate = await sizesOf(template)
    const row = (title: string, { raw, minified }: Sizes, ...times: number[]) => [
      title,
      ...[raw.plain, raw.gzip, minified.gzip, ...times].map((value) => value.toFixed(1)),
    ]
    const rowOf = (title: string, name: Name) =>
      row(title, sizes[name], typical(name, 'evaluated'), typical(name, 'first'))
    const noLater = (rule: string, what: keyof Started) => {
      const factor = typical('ours', what) / typical('peer', what)
      return { rule, reached: factor <= NOISE, measured: `${factor.toFixed(2)} ×` }
    }
    const own = sizes.ours.minified.gzip
    const smaller = (rule: string, { minified: { gzip } }: Sizes) => ({
      rule,
      reached: own < gzip,
      measured: `${own.toFixed(1)} against ${gzip.toFixed(1)} KiB`,
    })
    return {
      title: 'Cold start',
      tables: [
        {
          columns: ['', 'raw KiB', 'gzip', 'minified gzip', 'evaluation, ms CPU', 'first call, ms CPU'],
          rows: [
            rowOf('twin, no authentication', 'twin'),
            rowOf('Gatehouse', 'ours'),
            rowOf('peer, without pages', 'peer'),
            [...row('peer, as its templates have it', sizesOfTemplate), '', ''],
          ],
        },
      ],
      drawn: [
        {
          title: 'Bundle, minified and compressed',
          unit: 'KiB',
          bars: [
            { label: 'twin, no authentication', value: sizes.twin.minified.gzip, own: false },
            { label: 'Gatehouse, with all its pages', value: own, own: true },
            { label: 'peer, without pages', value: sizes.peer.minified.gzip, own: false },
            { label: 'peer, as its templates have it', value: sizesOfTemplate.minified.gzip, own: false },
          ],
        },
      ],
      goals: [
        smaller('smaller than the peer as its templates have it', sizesOfTemplate),
        smaller('smaller than the peer on the SDK of Gatehouse, without pages', sizes.peer),
        noLater('evaluated in the time of the peer', 'evaluated'),
        noLater('first call in the time of the peer', 'first'),
      ],
    }
  })
}

async function startAnew(contender: Contender, nothing: Contender): Promise<Started> {
  const empty = await start(nothing)
  const whole = await start(contender)
  return { evaluated: whole.listening - empty.listening, first: whole.answered - whole.listening }
}

/** When it listens and when it has answered once, in milliseconds of CPU since its process began. */
async function start({ program, token }: Contender): Promise<{ listening: number; answered: number }> {
  const workerd = await Workerd.start(program)
  const connection = new Connection(workerd.port)
  try {
    const listening = workerd.cpu()
    await connection.send(toolCall('whoami', {}, token))
    return { listening: listening / 1000, answered: workerd.cpu() / 1000 }
  } finally {
    connection.close()
    await workerd.stop()
  }
}

interface Sizes {
  readonly raw: Size
  readonly minified: Size
}

async function sizesOf(what: Build): Promise<Sizes> {
  return {
    raw: sizeOf(await build(what, temporary, { minify: false })),
    minified: sizeOf(await build(what, temporary)),
  }
}
