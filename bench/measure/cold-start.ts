// From nothing to the first answer: what there is to load, to evaluate, and to do at first.
import {
  type Build,
  betterAuth,
  build,
  emptyLike,
  ours,
  peer,
  peerSdk1,
  type Size,
  sizeOf,
  template,
  twin,
} from '../build.ts'
import { type Contender, withContenders } from '../contender.ts'
import { temporary } from '../folders.ts'
import { Connection, type Sent } from '../load.ts'
import { legacyToolCall, toolCall } from '../mcp.ts'
import type { Section } from '../report.ts'
import { median, ratio } from '../statistics.ts'
import { Workerd } from '../workerd.ts'

const ROUNDS = 9
/** What an evaluation and a first call may take, of the peer's on the same SDK. */
const GOAL = 1.1
const BUILDS = { twin, ours, peerSdk1, peer, betterAuth, template }
type Name = keyof typeof BUILDS
const TITLES: Readonly<Record<Name, string>> = {
  twin: 'twin, no authentication',
  ours: 'Gatehouse, with all its pages',
  peerSdk1: 'peer on SDK 1, without pages',
  peer: 'peer on the SDK of Gatehouse, without pages',
  betterAuth: 'Better Auth, without pages',
  template: 'peer as its templates have it',
}
/** The template needs more than workerd alone has. */
const STARTED = ['twin', 'ours', 'peerSdk1', 'peer', 'betterAuth'] as const

/** In milliseconds of CPU, of each round. */
interface Started {
  /** Until it listens, beyond a Worker of the same configuration that does nothing. */
  readonly evaluated: number[]
  /** For the first tools/call, authenticated where that is asked for. */
  readonly first: number[]
}

export async function measureColdStart(): Promise<Section> {
  const started = await startAgainAndAgain()
  const sizes = {} as Record<Name, Sizes>
  for (const [name, what] of Object.entries(BUILDS)) sizes[name as Name] = await sizesOf(what)
  const row = (name: Name, { evaluated, first }: Partial<Started> = {}) => {
    const { raw, minified } = sizes[name]
    const values = [
      raw.plain,
      raw.gzip,
      minified.gzip,
      ...[evaluated, first].map((one) => one && median(one)),
    ]
    return [TITLES[name], ...values.map((value) => value?.toFixed(1) ?? '')]
  }
  const own = sizes.ours.minified.gzip
  const smallerThan = (name: Name) => {
    const { gzip } = sizes[name].minified
    const measured = `${own.toFixed(1)} against ${gzip.toFixed(1)} KiB`
    return {
      rule: `smaller than ${TITLES[name].replace(/^peer/, 'the peer')}`,
      reached: own < gzip,
      measured,
    }
  }
  const inTimeOf = (name: 'peer' | 'betterAuth', what: keyof Started, said: string) => {
    const factor = ratio(started.ours[what], started[name][what]).median
    const rule = `${said}: at most ${GOAL} × the CPU of ${TITLES[name].replace(/^peer/, 'the peer')}`
    return { rule, reached: factor <= GOAL, measured: `${factor.toFixed(2)} ×` }
  }
  return {
    title: 'Cold start',
    tables: [
      {
        columns: ['', 'raw KiB', 'gzip', 'minified gzip', 'evaluation, ms CPU', 'first call, ms CPU'],
        rows: [...STARTED.map((name) => row(name, started[name])), row('template')],
      },
    ],
    drawn: [
      {
        title: 'Bundle, minified and compressed',
        unit: 'KiB',
        bars: Object.keys(BUILDS).map((name) => ({
          label: TITLES[name as Name],
          value: sizes[name as Name].minified.gzip,
          own: name === 'ours',
        })),
      },
    ],
    goals: [
      smallerThan('template'),
      smallerThan('peerSdk1'),
      smallerThan('peer'),
      smallerThan('betterAuth'),
      inTimeOf('peer', 'evaluated', 'evaluation'),
      inTimeOf('betterAuth', 'evaluated', 'evaluation'),
      inTimeOf('peer', 'first', 'first call'),
      inTimeOf('betterAuth', 'first', 'first call'),
    ],
    readme: {
      'Bundle on MCP SDK 2, minified and compressed': (['ours', 'peer', 'betterAuth'] as const).map(
        (name) => `${sizes[name].minified.gzip.toFixed(0)} KiB, ${TITLES[name].split(', ')[1]}`,
      ),
    },
  }
}

async function startAgainAndAgain(): Promise<Record<(typeof STARTED)[number], Started>> {
  const [emptyTwin, emptyOurs] = [emptyLike(twin, temporary), emptyLike(ours, temporary)]
  return withContenders({ twin, ours, peerSdk1, peer, betterAuth, emptyTwin, emptyOurs }, async (all) => {
    const none = (): Started => ({ evaluated: [], first: [] })
    const started = { twin: none(), ours: none(), peerSdk1: none(), peer: none(), betterAuth: none() }
    for (let round = 0; round < ROUNDS; round++) {
      const empty = { ours: await start(all.emptyOurs), others: await start(all.emptyTwin) }
      for (const name of STARTED) {
        const { token } = all[name]
        const sent = name === 'peerSdk1' ? legacyToolCall('whoami', token) : toolCall('whoami', {}, token)
        const whole = await start(all[name], sent)
        started[name].evaluated.push(whole.listening - empty[name === 'ours' ? 'ours' : 'others'].listening)
        started[name].first.push(whole.answered - whole.listening)
      }
    }
    return started
  })
}

/** When it listens, and when it has answered what was sent, in milliseconds of CPU since its process began. */
async function start(
  { program }: Contender,
  sent: Sent = { path: '/' },
): Promise<{ listening: number; answered: number }> {
  const workerd = await Workerd.start(program)
  const connection = new Connection(workerd.port)
  try {
    const listening = workerd.cpu()
    const { status, body } = await connection.send(sent)
    if (status !== 200) throw new Error(`Answered ${status}: ${body}`)
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
